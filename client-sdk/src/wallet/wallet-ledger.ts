import {
  type Anchor,
  type Channel,
  type ChannelParty,
  isClosing,
  type PendingItem,
} from '@tallystick/protocol'
import { settledLanes } from '../guard/answer-force-close.js'
import type { BlockSummary } from '../ledger/block-summary.js'
import type { LedgerAccess } from '../ledger/ledger-access.js'
import { LedgerError } from '../ledger/ledger-error.js'
import { seenReveals } from '../ledger/seen-reveals.js'
import type { WalletEvent } from './wallet-event.js'
import type { WalletChannel } from './wallet-records.js'

/** Channels that still concern their owner. */
export function liveChannels(channels: Iterable<WalletChannel>): WalletChannel[] {
  return [...channels].filter(({ party }) => party.phase.kind !== 'closed')
}

/** What a block means for a wallet: its channels in their new, proven state, and public links. */
export async function eventsOfBlock(
  ledger: LedgerAccess,
  channels: readonly WalletChannel[],
  block: BlockSummary,
): Promise<WalletEvent[]> {
  const events: WalletEvent[] = []
  for (const held of channels) {
    const { number, id } = held.party.ledger
    if (block.closed.has(number)) events.push({ kind: 'channelGone', channel: id })
    else if (block.touched.has(number)) {
      const seen = await channelEvent(ledger, held)
      events.push(seen)
      // A dispute may bring an item back that this wallet had dropped, revealed before that.
      if (seen.kind === 'channelSeen') {
        const returned = returnedItems(held.party, seen.channel)
        events.push(...(await revealEvents(ledger, returned)))
      }
    }
  }
  for (const { anchor, known } of block.reveals) {
    if (concernsAnchor(channels, anchor)) {
      events.push({ kind: 'revealSeen', anchor, known, time: block.time })
    }
  }
  return events
}

/** What a wallet missed while it was away, from proofs of the state alone. */
export async function eventsMissed(
  ledger: LedgerAccess,
  channels: readonly WalletChannel[],
): Promise<WalletEvent[]> {
  const events: WalletEvent[] = []
  for (const held of channels) {
    const { party } = held
    const seen = await channelEvent(ledger, held)
    const returned = seen.kind === 'channelSeen' ? returnedItems(party, seen.channel) : []
    const items = [...party.own.items, ...party.peer.items, ...returned]
    events.push(seen, ...(await revealEvents(ledger, items)))
  }
  return events
}

/** What the ledger says about the links of items. */
async function revealEvents(
  ledger: LedgerAccess,
  items: readonly PendingItem[],
): Promise<WalletEvent[]> {
  const reveals = await seenReveals(ledger, items)
  return reveals.map((reveal) => ({ kind: 'revealSeen', ...reveal }) as const)
}

/** Items that a dispute settles this wallet's lane with, and that its newest state has not. */
function returnedItems({ own }: ChannelParty, channel: Channel): PendingItem[] {
  if (!isClosing(channel)) return []
  const known = new Set(own.items.map(({ id }) => id))
  return settledLanes(channel, 'client')
    .flatMap(({ items }) => items)
    .filter(({ id }) => !known.has(id))
}

async function channelEvent(
  ledger: LedgerAccess,
  { party, keyIndex, books }: WalletChannel,
): Promise<WalletEvent> {
  const { number, id } = party.ledger
  const { value } = await ledger.channel(number)
  if (value !== undefined && value.id !== id) {
    const detail = `channel ${number} of this ledger is ${value.id}, not ${id}`
    throw new LedgerError({ code: 'ledger_answer_malformed', detail, retryable: false })
  }
  return value === undefined
    ? { kind: 'channelGone', channel: id }
    : { kind: 'channelSeen', channel: value, keyIndex, books }
}

function anchorsOf(party: ChannelParty): Set<Anchor> {
  const items = [...party.own.items, ...party.peer.items, ...returnedItems(party, party.ledger)]
  return new Set(items.map(({ anchor }) => anchor))
}

function concernsAnchor(channels: readonly WalletChannel[], anchor: Anchor): boolean {
  return channels.some(({ party }) => anchorsOf(party).has(anchor))
}
