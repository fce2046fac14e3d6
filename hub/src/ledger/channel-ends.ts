import {
  type ChannelEnd,
  disputedEnd,
  type RevealLookup,
  type Timestamp,
} from '@tallystick/protocol'
import type { LedgerEvent } from '../core/hub-event.js'
import type { HubState } from '../core/hub-state.js'

/** A channel that a block has settled after a force close, and what it paid. */
export type EndedChannel = { readonly number: number; readonly end: ChannelEnd }

/**
 * The disputes that `events` of a block at `time` end, from the state before them: what each paid, and
 * what was taken as a penalty. A hub that catches up on old blocks sees channels as they are now, and
 * so knows less of those that ended meanwhile: `ledger` tells it all from the blocks.
 */
export function endedDisputes(
  events: readonly LedgerEvent[],
  state: HubState,
  revealedBy: RevealLookup,
  time: Timestamp,
): EndedChannel[] {
  return events.flatMap((event) => {
    if (event.kind !== 'channelGone') return []
    const ledger = state.channel(event.channel)?.party.ledger
    const end = ledger && disputedEnd(ledger, revealedBy, time)
    return ledger === undefined || end === undefined ? [] : [{ number: ledger.number, end }]
  })
}
