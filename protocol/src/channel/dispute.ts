import { type Channel, type ClosingChannel, isClosing } from '../ledger/channel.js'
import type { ChainId, LockRoot } from '../ledger/identifiers.js'
import { type Amount, amount, ZERO } from '../primitives/amount.js'
import { type Rejection, reject } from '../primitives/outcome.js'
import { addSeconds, type Timestamp } from '../primitives/time.js'
import { balanceProofDigest } from './balance-proof.js'
import { type Evidence, verifyEvidence } from './evidence.js'
import { LANE_START, type LaneState } from './lane-state.js'
import { isUnderResume, laneHead, type SignedResume, verifyResume } from './resume.js'
import {
  bountyOf,
  isSolvent,
  paidSoFar,
  type RevealLookup,
  settlementBounds,
} from './settlement.js'
import { otherRole, type Role } from './side.js'

/** A lane state together with its payer's signature. */
export type SignedLane = { readonly lane: LaneState; readonly evidence: Evidence }

/** What one side asserts when it closes a channel alone. */
export type Assertion = {
  readonly by: Role
  /** Its own lane; its signature under the transaction vouches for it. */
  readonly own: LaneState
  /** Whether it may have signed later states of its lane, which it has lost (DSP-9). */
  readonly unsure: boolean
  /** The newest resume that its lane went on from (DSP-10); absent: there was none. */
  readonly resume: SignedResume | undefined
  /** The proof of the other side that it chose; absent: the other side never signed one. */
  readonly peer: SignedLane | undefined
}

export type DisputeRejection = Rejection<
  | 'channel_closing'
  | 'channel_not_closing'
  | 'unsure_not_allowed'
  | 'lane_start_malformed'
  | 'appointment_expired'
  | 'bad_appointment_signature'
  | 'bad_proof_signature'
  | 'bad_resume_signature'
  | 'resume_missing'
  | 'resume_not_followed'
  | 'proofs_contradict'
  | 'proofs_insolvent'
  | 'window_closed'
  | 'window_open'
  | 'challenge_empty'
  | 'challenge_not_relevant'
  | 'challenge_not_newer'
  | 'own_proof_too_old'
  | 'finalize_out_of_order'
  | 'nothing_decided'
>

/**
 * Starts the dispute window (DSP-2, DSP-3). Refused at once when the two lanes contradict each
 * other: one acks what the other has not reached, or a payout would be negative. An unsure close
 * (DSP-9) may fit together less well: what it lacks of its own lane is for the other side to show.
 */
export function forceClose(
  chainId: ChainId,
  channel: Channel,
  assertion: Assertion,
  now: Timestamp,
): ClosingChannel | DisputeRejection {
  if (isClosing(channel)) {
    return reject('channel_closing', `channel ${channel.number} is closing; challenge it instead`)
  }
  const { by, own, unsure } = assertion
  if (unsure && by === 'hub') {
    return reject('unsure_not_allowed', 'a hub is expected to know its own lane; a client may not')
  }
  if (own.version === 0 && !isLaneStart(own)) {
    return reject('lane_start_malformed', 'a lane of version 0 has promised nothing')
  }
  const peer = assertion.peer?.lane ?? LANE_START
  const refusal =
    checkSignedLane(chainId, channel, otherRole(by), assertion.peer) ??
    checkOwnResume(chainId, channel, assertion)
  if (refusal !== undefined) return refusal
  if (own.acked > peer.version || (!unsure && peer.acked > own.version)) {
    return reject(
      'proofs_contradict',
      `versions ${own.version} and ${peer.version} ack ${own.acked} and ${peer.acked} of each other`,
    )
  }
  const lanes = by === 'client' ? { client: own, hub: peer } : { client: peer, hub: own }
  if (!unsure && !isSolvent(channel, lanes)) {
    return reject('proofs_insolvent', 'the two lanes promise more than the channel can pay')
  }
  return { ...channel, status: forceCloseStatus(chainId, channel, assertion, peer, now) }
}

/** Who has gone on from a resume shows it, and asserts what came of it (DSP-10). */
function checkOwnResume(
  chainId: ChainId,
  channel: Channel,
  { by, own, resume }: Assertion,
): DisputeRejection | undefined {
  if (resume === undefined) {
    return own.epoch === 0
      ? undefined
      : reject('resume_missing', `epoch ${own.epoch} of the lane began with a resume: show it`)
  }
  const unsigned = checkResume(chainId, channel, by, resume)
  if (unsigned !== undefined) return unsigned
  return isUnderResume(laneHead(chainId, channel, by, own), resume.point)
    ? undefined
    : reject(
        'resume_not_followed',
        'the own lane neither is the base of the resume nor succeeds it',
      )
}

function forceCloseStatus(
  chainId: ChainId,
  channel: Channel,
  { by, own, unsure, resume }: Assertion,
  peer: LaneState,
  now: Timestamp,
): ClosingChannel['status'] {
  const point = resume?.point
  const { disputeWindowSeconds, unsureWindowSeconds } = channel.terms
  return {
    kind: 'closing',
    by,
    deadline: addSeconds(now, unsure ? unsureWindowSeconds : disputeWindowSeconds),
    unsure,
    asserted: laneHead(chainId, channel, by, own),
    resume: point && { epoch: point.epoch, nonce: point.nonce, base: point.base },
    chosen: laneHead(chainId, channel, otherRole(by), peer),
    challenged: false,
    replaced: false,
    penalized: false,
    closerLane: own,
    otherLane: peer,
    guardCloserLane: undefined,
    guardOtherLane: undefined,
    paidClient: ZERO,
    paidHub: ZERO,
    finalizes: 0,
  }
}

/** What one finalize pays, and the channel that is left; `undefined` once it is settled. */
export type Finalized = {
  readonly kind: 'finalized'
  readonly client: Amount
  readonly hub: Amount
  /** A guard's, which comes with the last part; absent: no guard is owed one, or it is 0. */
  readonly bounty: { readonly amount: Amount; readonly payoutLock: LockRoot } | undefined
  readonly rest: ClosingChannel | undefined
}

/**
 * Pays what is decided after the window (DSP-7). Items that still wait for a reveal or their expiry
 * stay; `part` counts the finalizes of this channel, so that no two of them are the same.
 */
export function finalize(
  channel: Channel,
  part: number,
  revealedBy: RevealLookup,
  now: Timestamp,
): Finalized | DisputeRejection {
  if (!isClosing(channel)) {
    return reject('channel_not_closing', `channel ${channel.number} is open`)
  }
  const { status } = channel
  if (now <= status.deadline) {
    return reject('window_open', `ledger time is ${now}, the window ends after ${status.deadline}`)
  }
  if (part !== status.finalizes) {
    return reject('finalize_out_of_order', `part ${status.finalizes} is the next, not ${part}`)
  }
  const bounds = settlementBounds(channel, revealedBy, now)
  const due = (role: Role) => amount(bounds[role].least - paidSoFar(status, role))
  const [client, hub] = [due('client'), due('hub')]
  const settled = bounds.client.least === bounds.client.most && bounds.hub.least === bounds.hub.most
  if (!settled && client === 0n && hub === 0n) {
    return reject('nothing_decided', 'all that is left waits for a reveal or an expiry')
  }
  const rest: ClosingChannel = {
    ...channel,
    status: {
      ...status,
      paidClient: amount(bounds.client.least),
      paidHub: amount(bounds.hub.least),
      finalizes: part + 1,
    },
  }
  if (!settled) return { kind: 'finalized', client, hub, bounty: undefined, rest }
  const payoutLock = bountyOf(status)?.payoutLock
  const bounty =
    payoutLock === undefined || bounds.bounty.least === 0n
      ? undefined
      : { amount: amount(bounds.bounty.least), payoutLock }
  return { kind: 'finalized', client, hub, bounty, rest: undefined }
}

/** Refuses a proof that `payer` has not signed for this channel. */
export function checkSignedLane(
  chainId: ChainId,
  channel: Channel,
  payer: Role,
  signed: SignedLane | undefined,
): DisputeRejection | undefined {
  if (signed === undefined) return undefined
  const digest = balanceProofDigest(chainId, channel.id, payer, signed.lane)
  return verifyEvidence(chainId, channel[payer].key, digest, signed.evidence)
    ? undefined
    : reject('bad_proof_signature', `the ${payer} of channel ${channel.number} did not sign this`)
}

/** Refuses a resume of `payer`'s lane that its payee has not signed for this channel. */
export function checkResume(
  chainId: ChainId,
  channel: Channel,
  payer: Role,
  resume: SignedResume,
): DisputeRejection | undefined {
  return verifyResume(chainId, channel, payer, resume)
    ? undefined
    : reject('bad_resume_signature', `the payee of the ${payer}'s lane did not sign this resume`)
}

function isLaneStart(lane: LaneState): boolean {
  const { epoch, resumeNonce, acked, transferred, items } = lane
  return (
    epoch === 0 &&
    resumeNonce === undefined &&
    acked === 0 &&
    transferred === 0n &&
    items.length === 0
  )
}
