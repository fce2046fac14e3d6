import { type Decoded, fixedBytes, struct } from '../codec/codec.js'
import { verifySignature } from '../crypto/ed25519.js'
import { sideStake } from '../ledger/channel.js'
import type { ChainId } from '../ledger/identifiers.js'
import { reject } from '../primitives/outcome.js'
import type { Timestamp } from '../primitives/time.js'
import type { ChannelRejection } from './channel-rejection.js'
import {
  type CloseAgreement,
  closeAgreementCodec,
  closeAgreementDigest,
} from './close-agreement.js'
import { type ChannelParty, maySign, partyWith } from './party.js'
import type { Position } from './resync.js'

/** An agreement as the client hands it over. */
export const signedAgreementCodec = struct({
  agreement: closeAgreementCodec,
  signature: fixedBytes(64),
})
export type SignedAgreement = Decoded<typeof signedAgreementCodec>

/** The furthest that an agreement may reach, seconds: so long can a silent hub hold the channel. */
export const AGREEMENT_SECONDS_MAX = 3_600

/** Takes and makes no new items from now on, so that what is pending can settle. */
export function startDraining(party: ChannelParty): ChannelParty | ChannelRejection {
  return maySign(party)
    ? partyWith(party, { phase: { kind: 'draining' } })
    : reject('channel_not_usable', `channel ${party.ledger.id} is closing already`)
}

/**
 * Goes by what the other side says after a connection (CH-12): it takes no new items while it is
 * `closing`, and did not lose sight of a close that this side knows of.
 */
export function drainAsTold(party: ChannelParty, { closing }: Position): ChannelParty {
  if (party.phase.kind === 'draining' && !closing)
    return partyWith(party, { phase: { kind: 'open' } })
  return party.phase.kind === 'open' && closing
    ? partyWith(party, { phase: { kind: 'draining' } })
    : party
}

/** Whether nothing is pending on either lane, unsigned, or still owed to anybody. */
export function isQuiescent(party: ChannelParty): boolean {
  return (
    party.own.items.length === 0 &&
    party.peer.items.length === 0 &&
    party.cancelling.length === 0 &&
    party.owed.length === 0 &&
    party.draft === undefined
  )
}

/** What the client is paid if the channel ends as this side's books stand, base units. */
export function clientPayoutOf({ role, ledger, own, peer }: ChannelParty): bigint {
  const [client, hub] = role === 'client' ? [own, peer] : [peer, own]
  return sideStake(ledger.client) + hub.transferred - client.transferred
}

/**
 * Binds this side to a close agreement (CH-12): from here it signs nothing more until ledger time
 * has passed `validUntil`. The client calls it on what it signs, the hub on what it receives.
 */
export function agreeToClose(
  chainId: ChainId,
  party: ChannelParty,
  { agreement, signature }: SignedAgreement,
  now: Timestamp,
): ChannelParty | ChannelRejection {
  if (party.phase.kind === 'agreed' && party.phase.validUntil === agreement.validUntil) return party
  const refusal = checkAgreement(party, agreement, now)
  if (refusal !== undefined) return refusal
  const digest = closeAgreementDigest(chainId, agreement)
  if (!verifySignature(party.ledger.client.key, digest, signature)) {
    return reject('bad_agreement_signature', 'the client of the channel did not sign this')
  }
  const { clientPayout, validUntil } = agreement
  return partyWith(party, { phase: { kind: 'agreed', clientPayout, validUntil, signature } })
}

function checkAgreement(
  party: ChannelParty,
  { channel, clientPayout, validUntil }: CloseAgreement,
  now: Timestamp,
): ChannelRejection | undefined {
  if (!maySign(party) || channel !== party.ledger.id) {
    return reject('channel_not_usable', `channel ${party.ledger.id} is closing already`)
  }
  if (!isQuiescent(party)) {
    return reject('items_pending', 'a channel closes by agreement once nothing is pending on it')
  }
  if (party.withdrawing !== undefined) {
    // It may still be applied first, and then the payout of the agreement would be another.
    return reject('withdrawal_pending', 'a channel closes by agreement once no withdrawal is due')
  }
  if (validUntil <= now || validUntil > now + AGREEMENT_SECONDS_MAX) {
    return reject(
      'agreement_expiry_out_of_bounds',
      `at ledger time ${now} an agreement ends by ${now + AGREEMENT_SECONDS_MAX}`,
    )
  }
  const due = clientPayoutOf(party)
  return clientPayout === due
    ? undefined
    : reject(
        'payout_mismatch',
        `the client of channel ${channel} is due ${due}, not ${clientPayout}`,
      )
}

/** The agreement that this side is bound to, as an amount and a time; absent: none. */
export function agreementOf(party: ChannelParty): SignedAgreement | undefined {
  if (party.phase.kind !== 'agreed') return undefined
  const { clientPayout, validUntil, signature } = party.phase
  const channel = party.ledger.id
  return { agreement: { channel, clientPayout, validUntil }, signature }
}

/** The agreement ran out unused: the channel goes on. */
export function lapseAgreement(party: ChannelParty, now: Timestamp): ChannelParty {
  return party.phase.kind === 'agreed' && now > party.phase.validUntil
    ? partyWith(party, { phase: { kind: 'open' } })
    : party
}
