import { type Decoded, optional, struct } from '../codec/codec.js'
import type { Signer } from '../crypto/ed25519.js'
import { channelNumberCodec } from '../ledger/channel.js'
import { type ChainId, channelIdCodec } from '../ledger/identifiers.js'
import { signedLaneCodec } from '../ledger/operation.js'
import { type AppointmentTerms, signAppointment, signedAppointmentCodec } from './appointment.js'
import { balanceProofDigest } from './balance-proof.js'
import { signEvidence } from './evidence.js'
import type { ChannelParty } from './party.js'
import { signedResumeCodec } from './resume.js'
import { roleCodec } from './side.js'

/**
 * All that a guard needs to challenge for an owner, and no key of it (DSP-12). The newest replaces
 * all before it, so a guard keeps one of these for a channel, whatever happens on that.
 */
export const entrustedCodec = struct({
  channel: channelIdCodec,
  number: channelNumberCodec,
  owner: roleCodec,
  appointment: signedAppointmentCodec,
  /** The newest proof of the other side; absent: it never signed one. */
  proof: optional(signedLaneCodec),
  /** The owner's own newest lane, which brings no item back that the other side has given up. */
  own: optional(signedLaneCodec),
  /** The newest resume that the owner's lane went on from. */
  resume: optional(signedResumeCodec),
})
export type Entrusted = Decoded<typeof entrustedCodec>

/**
 * What the owner of `party` hands to a guard: after every update that it would not want to lose.
 * `party` is as it is on the owner's disk, `signer` its channel key. It signs again what it has signed
 * before, and nothing of its lane while it waits for a resume (CH-18).
 */
export function entrust(
  chainId: ChainId,
  party: ChannelParty,
  terms: AppointmentTerms,
  signer: Signer,
): Entrusted {
  const { ledger, role: owner, own: lane, peer, peerEvidence, ownResume, resuming } = party
  const digest = balanceProofDigest(chainId, ledger.id, owner, lane)
  const isVouchedFor = resuming === undefined && (lane.version > 0 || ownResume !== undefined)
  const [evidence] = isVouchedFor ? signEvidence(chainId, signer, [digest]) : []
  return {
    channel: ledger.id,
    number: ledger.number,
    owner,
    appointment: signAppointment(chainId, ledger, owner, terms, signer),
    proof: peerEvidence && { lane: peer, evidence: peerEvidence },
    own: evidence && { lane, evidence },
    resume: ownResume,
  }
}
