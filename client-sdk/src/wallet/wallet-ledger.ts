import type { Anchor, ChannelParty } from '@tallystick/protocol'
import type { BlockSummary } from '../ledger/block-summary.js'
import type { LedgerAccess } from '../ledger/ledger-access.js'
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
    else if (block.touched.has(number)) events.push(await channelEvent(ledger, held))
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
    events.push(await channelEvent(ledger, held))
    const reveals = await seenReveals(ledger, [...party.own.items, ...party.peer.items])
    events.push(...reveals.map((reveal) => ({ kind: 'revealSeen', ...reveal }) as const))
  }
  return events
}

async function channelEvent(
  ledger: LedgerAccess,
  { party, keyIndex, books }: WalletChannel,
): Promise<WalletEvent> {
  const { number, id } = party.ledger
  const { value } = await ledger.channel(number)
  return value === undefined
    ? { kind: 'channelGone', channel: id }
    : { kind: 'channelSeen', channel: value, keyIndex, books }
}

function anchorsOf(party: ChannelParty): Set<Anchor> {
  return new Set([...party.own.items, ...party.peer.items].map(({ anchor }) => anchor))
}

function concernsAnchor(channels: readonly WalletChannel[], anchor: Anchor): boolean {
  return channels.some(({ party }) => anchorsOf(party).has(anchor))
}
