import type { Channel } from '../ledger/channel.js'
import type { ChainId } from '../ledger/identifiers.js'
import { parseAmount } from '../primitives/amount.js'
import { type Rejection, reject } from '../primitives/outcome.js'
import type { Timestamp } from '../primitives/time.js'
import { type AppointmentRejection, checkAppointment } from './appointment.js'
import type { SignedLane } from './dispute.js'
import { checkResume, checkSignedLane, type DisputeRejection } from './dispute.js'
import type { Entrusted } from './entrusted.js'
import { lockedOf } from './lane-state.js'
import { otherRole } from './side.js'

export type EntrustedRejection =
  | AppointmentRejection
  | DisputeRejection
  | Rejection<'channel_unknown' | 'nothing_entrusted' | 'amount_out_of_range'>

/**
 * Whether all of `entrusted` is signed by whom it has to be, for the channel as the ledger proves it
 * (TOWER-4): what a guard checks before it keeps it, and an owner that reads it back before it
 * believes it. Codes in checking order: `channel_unknown`, `nothing_entrusted`,
 * `appointment_expired`, `bad_appointment_signature`, `amount_out_of_range`, `bad_proof_signature`,
 * `bad_resume_signature`.
 */
export function checkEntrusted(
  chainId: ChainId,
  channel: Channel,
  entrusted: Entrusted,
  now: Timestamp,
): EntrustedRejection | undefined {
  const { proof, own, resume } = entrusted
  if (isOfOtherChannel(channel, entrusted)) return otherChannel(channel)
  if (proof === undefined && (resume === undefined || own === undefined)) {
    return reject(
      'nothing_entrusted',
      'a challenge shows a proof of the other side, or a resume with the lane that followed it',
    )
  }
  return checkEntrustedSignatures(chainId, channel, entrusted, now)
}

/**
 * The same, but that a guard could use it: an owner learns from its own newest lane alone as well.
 * Codes: as of `checkEntrusted`, less `nothing_entrusted`.
 */
export function checkEntrustedSignatures(
  chainId: ChainId,
  channel: Channel,
  entrusted: Entrusted,
  now: Timestamp,
): EntrustedRejection | undefined {
  const { owner, appointment, proof, own, resume } = entrusted
  if (isOfOtherChannel(channel, entrusted)) return otherChannel(channel)
  return (
    checkAppointment(chainId, channel, owner, appointment, now) ??
    checkSums([proof, own]) ??
    checkSignedLane(chainId, channel, otherRole(owner), proof) ??
    checkSignedLane(chainId, channel, owner, own) ??
    (resume && checkResume(chainId, channel, owner, resume))
  )
}

function isOfOtherChannel(channel: Channel, entrusted: Entrusted): boolean {
  return entrusted.channel !== channel.id || entrusted.number !== channel.number
}

function otherChannel({ number, id }: Channel): Rejection<'channel_unknown'> {
  return reject('channel_unknown', `channel ${number} of the ledger is ${id}`)
}

/** CH-4: items that sum to no amount state nothing that could be hashed. */
function checkSums(
  lanes: readonly (SignedLane | undefined)[],
): Rejection<'amount_out_of_range'> | undefined {
  const isOutOfRange = lanes.some(
    (shown) => shown !== undefined && parseAmount(lockedOf(shown.lane)) === undefined,
  )
  return isOutOfRange
    ? reject('amount_out_of_range', 'the pending items of a lane sum to at most 2^63-1')
    : undefined
}
