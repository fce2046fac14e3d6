import { amountCodec, type Decoded, encode, fixedBytes, integer, struct } from '../codec/codec.js'
import { verifySignature } from '../crypto/ed25519.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import type { Channel, LaneHead } from '../ledger/channel.js'
import { type ChainId, channelIdCodec, resumeNonceCodec } from '../ledger/identifiers.js'
import { COUNTER_MAX } from '../ledger/limits.js'
import { equalBytes, fromHex } from '../primitives/bytes.js'
import { balanceProofDigest } from './balance-proof.js'
import type { LaneState } from './lane-state.js'
import { otherRole, type Role, roleCodec } from './side.js'

/** Where a lane goes on after its payer has lost data: from this state, in this epoch (CH-18). */
export const resumePointCodec = struct({
  /** One above every epoch that the payee has granted or taken a proof of. */
  epoch: integer(COUNTER_MAX, 1),
  /** The request that it answers; proofs of the epoch name it. */
  nonce: resumeNonceCodec,
  /** Digest of the newest proof that the payee holds, or of the start of the lane. */
  base: fixedBytes(32),
  /** What that proof states, for a ledger that is not shown it. */
  version: integer(COUNTER_MAX),
  acked: integer(COUNTER_MAX),
  transferred: amountCodec,
})
export type ResumePoint = Decoded<typeof resumePointCodec>

/** The payee's word: it holds nothing newer of this lane, and gives up all else of earlier epochs. */
export const resumeCodec = struct({
  channel: channelIdCodec,
  payer: roleCodec,
  point: resumePointCodec,
})

/** A resume as it is shown; channel and payer follow from where. */
export const signedResumeCodec = struct({ point: resumePointCodec, signature: fixedBytes(64) })
export type SignedResume = Decoded<typeof signedResumeCodec>

/** The 32 bytes that the payee of the lane signs. */
export function resumeDigest(
  chainId: ChainId,
  { id: channel }: Channel,
  payer: Role,
  point: ResumePoint,
): Uint8Array {
  const resume = encode(resumeCodec, { channel, payer, point })
  return taggedHash(TAG.resume, fromHex(chainId), resume)
}

/** Whether the payee of `payer`'s lane has signed this resume of it. */
export function verifyResume(
  chainId: ChainId,
  channel: Channel,
  payer: Role,
  { point, signature }: SignedResume,
): boolean {
  const digest = resumeDigest(chainId, channel, payer, point)
  return verifySignature(channel[otherRole(payer)].key, digest, signature)
}

/** What disputes compare of `lane`: all but its items, which the digest stands for. */
export function laneHead(
  chainId: ChainId,
  channel: Channel,
  payer: Role,
  lane: LaneState,
): LaneHead {
  const { epoch, resumeNonce, version, acked, transferred } = lane
  const digest = balanceProofDigest(chainId, channel.id, payer, lane)
  return { epoch, resumeNonce, version, acked, transferred, digest }
}

/** Whether a lane is where the resume begins, or succeeds that in the resume's epoch (DSP-10). */
export function isUnderResume(lane: LaneHead, point: ResumePoint): boolean {
  return (
    equalBytes(lane.digest, point.base) ||
    (isOfEpoch(lane, point) &&
      lane.version > point.version &&
      lane.acked >= point.acked &&
      lane.transferred >= point.transferred)
  )
}

/**
 * Whether whoever signed the resume has given the lane up: it is of an earlier epoch and not the
 * base, or it began its epoch with another resume. A payee signs one per epoch (CH-18), and a payer
 * no proof of an epoch whose resume it has not got: so two resumes of one epoch are the payee's lie.
 */
export function isGivenUp(
  lane: LaneHead,
  resume: Pick<ResumePoint, 'epoch' | 'nonce' | 'base'>,
): boolean {
  if (lane.epoch > resume.epoch) return false
  return lane.epoch === resume.epoch
    ? !isOfEpoch(lane, resume)
    : !equalBytes(lane.digest, resume.base)
}

function isOfEpoch(
  { epoch, resumeNonce }: LaneHead,
  resume: Pick<ResumePoint, 'epoch' | 'nonce'>,
): boolean {
  return (
    epoch === resume.epoch && resumeNonce !== undefined && equalBytes(resumeNonce, resume.nonce)
  )
}
