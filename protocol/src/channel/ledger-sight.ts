import type { Channel } from '../ledger/channel.js'
import { isClosing } from '../ledger/channel.js'
import type { Timestamp } from '../primitives/time.js'
import { lapseWithdrawal } from './agree-withdrawal.js'
import { lapseAgreement } from './cooperative-close.js'
import { type ChannelParty, partyWith } from './party.js'

/**
 * The channel as the ledger proves it at time `now`; absent: the ledger has settled it. Any draft
 * must have been sealed before, because a closing channel signs nothing.
 */
export function seeLedger(
  party: ChannelParty,
  channel: Channel | undefined,
  now: Timestamp,
): ChannelParty {
  if (channel === undefined) return partyWith(party, { phase: { kind: 'closed' } })
  return lapseAgreement(lapseWithdrawal(partyWith(party, { ledger: channel }), now), now)
}

/** This side signs nothing more on the channel: before it closes alone, or when it has lost data. */
export function leave(party: ChannelParty): ChannelParty {
  return party.phase.kind === 'closed'
    ? party
    : partyWith(party, { phase: { kind: 'leaving' }, draft: undefined, ackDue: false })
}

/** Whether a dispute runs or has to be finalized on the ledger. */
export function isDisputed(party: ChannelParty): boolean {
  return party.phase.kind !== 'closed' && isClosing(party.ledger)
}
