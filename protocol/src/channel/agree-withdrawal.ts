import { type Decoded, fixedBytes, struct } from '../codec/codec.js'
import { verifySignature } from '../crypto/ed25519.js'
import type { ChainId } from '../ledger/identifiers.js'
import { reject } from '../primitives/outcome.js'
import type { Timestamp } from '../primitives/time.js'
import type { ChannelRejection } from './channel-rejection.js'
import { WITHDRAWAL_SECONDS_MAX } from './limits.js'
import {
  type ChannelParty,
  draftedLane,
  maySign,
  type PendingWithdrawal,
  partyWith,
} from './party.js'
import type { Role } from './side.js'
import { spendableBy } from './spendable.js'
import { type Withdrawal, withdrawalCodec, withdrawalDigest } from './withdrawal.js'

/** A withdrawal as the client hands it over. */
export const signedWithdrawalCodec = struct({
  withdrawal: withdrawalCodec,
  signature: fixedBytes(64),
})
export type SignedWithdrawal = Decoded<typeof signedWithdrawalCodec>

/**
 * The most that a side could withdraw now, base units; negative: less than its exit reserve is
 * left. Judged by what is signed and, for this side, also by what it has drafted.
 */
export function withdrawable(party: ChannelParty, role: Role): bigint {
  const { own, peer } = party
  if (role !== party.role) return spendableBy(party, role, peer, own)
  const signed = spendableBy(party, role, own, peer)
  const drafted = spendableBy(party, role, draftedLane(party), peer)
  return signed < drafted ? signed : drafted
}

/**
 * Sets this side's money aside for a withdrawal that it is about to ask the other for (CH-17): from
 * here it counts as gone. The party is durable before anything is asked or signed.
 */
export function requestWithdrawal(
  party: ChannelParty,
  { withdrawn, validUntil }: Pick<Withdrawal, 'withdrawn' | 'validUntil'>,
  now: Timestamp,
): ChannelParty | ChannelRejection {
  const withdrawal = { channel: party.ledger.id, role: party.role, withdrawn, validUntil }
  return (
    checkWithdrawal(party, withdrawal, now) ??
    partyWith(party, {
      withdrawing: { role: party.role, withdrawn, validUntil, signature: undefined },
    })
  )
}

/**
 * Binds this side to a withdrawal that the client has signed (CH-17). The client calls it on what
 * it signs, the hub on what it receives, and each stores the party before it lets its word out.
 */
export function agreeToWithdraw(
  chainId: ChainId,
  party: ChannelParty,
  { withdrawal, signature }: SignedWithdrawal,
  now: Timestamp,
): ChannelParty | ChannelRejection {
  const requested = isRequested(party, withdrawal)
  if (requested && party.withdrawing?.signature !== undefined) return party
  // Both may ask at once. A request binds nobody yet, so it gives way to what the client signed.
  const isOpen = party.withdrawing?.signature === undefined
  const free = isOpen ? partyWith(party, { withdrawing: undefined }) : party
  const refusal = requested
    ? checkUsable(party, withdrawal)
    : checkWithdrawal(free, withdrawal, now)
  if (refusal !== undefined) return refusal
  const digest = withdrawalDigest(chainId, withdrawal)
  if (!verifySignature(party.ledger.client.key, digest, signature)) {
    return reject('bad_agreement_signature', 'the client of the channel did not sign this')
  }
  const { role, withdrawn, validUntil } = withdrawal
  return partyWith(party, { withdrawing: { role, withdrawn, validUntil, signature } })
}

/** Whether this is the very withdrawal for which the party has set the money aside. */
function isRequested(
  { ledger, withdrawing }: ChannelParty,
  { channel, role, withdrawn, validUntil }: Withdrawal,
): boolean {
  return (
    withdrawing !== undefined &&
    channel === ledger.id &&
    role === withdrawing.role &&
    withdrawn === withdrawing.withdrawn &&
    validUntil === withdrawing.validUntil
  )
}

function checkUsable(party: ChannelParty, { channel }: Withdrawal): ChannelRejection | undefined {
  return maySign(party) && channel === party.ledger.id
    ? undefined
    : reject('channel_not_usable', `channel ${party.ledger.id} is closing, or another is meant`)
}

function checkWithdrawal(
  party: ChannelParty,
  withdrawal: Withdrawal,
  now: Timestamp,
): ChannelRejection | undefined {
  const unusable = checkUsable(party, withdrawal)
  if (unusable !== undefined) return unusable
  if (party.withdrawing !== undefined) {
    return reject(
      'withdrawal_pending',
      `a withdrawal is agreed on until ${party.withdrawing.validUntil}; one at a time`,
    )
  }
  const { role, withdrawn, validUntil } = withdrawal
  if (validUntil <= now || validUntil > now + WITHDRAWAL_SECONDS_MAX) {
    return reject(
      'agreement_expiry_out_of_bounds',
      `at ledger time ${now} a withdrawal ends by ${now + WITHDRAWAL_SECONDS_MAX}`,
    )
  }
  const before = party.ledger[role].withdrawn
  if (withdrawn <= before) {
    return reject('withdrawal_not_newer', `the ${role} has withdrawn ${before} already`)
  }
  const most = withdrawable(party, role)
  return withdrawn - before <= most
    ? undefined
    : reject('insolvent', `the ${role} can withdraw ${most} base units, not ${withdrawn - before}`)
}

/** The withdrawal that both are bound to; absent: none, or the client has not signed it yet. */
export function withdrawalOf({ ledger, withdrawing }: ChannelParty): SignedWithdrawal | undefined {
  if (withdrawing?.signature === undefined) return undefined
  const { role, withdrawn, validUntil, signature } = withdrawing
  return { withdrawal: { channel: ledger.id, role, withdrawn, validUntil }, signature }
}

/**
 * Ends a withdrawal that the ledger shows done, or that can happen no more because ledger time has
 * passed its end. `now` is the time of a block up to which everything on the channel was seen.
 */
export function lapseWithdrawal(party: ChannelParty, now: Timestamp): ChannelParty {
  const { ledger, withdrawing } = party
  return withdrawing !== undefined && isOver(withdrawing, ledger[withdrawing.role].withdrawn, now)
    ? partyWith(party, { withdrawing: undefined })
    : party
}

function isOver(pending: PendingWithdrawal, onLedger: bigint, now: Timestamp): boolean {
  return onLedger >= pending.withdrawn || now > pending.validUntil
}
