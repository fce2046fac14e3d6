import {
  type Amount,
  type ChannelId,
  type ChannelParty,
  declineItem,
  type ItemId,
  isRejection,
  learnCheckedLink,
  noteOf,
  type PendingItem,
  type Rejection,
  reject,
} from '@tallystick/protocol'
import type { Redemption } from '../stream/stream-desk.js'
import { TAKEN_SECONDS_BEFORE_EXPIRY } from '../stream/stream-desk.js'
import type { ReceivedStreamRecord } from '../stream/stream-records.js'
import type { WalletEffect } from './wallet-event.js'
import type { WalletOverlay } from './wallet-state.js'
import type { WalletContext } from './wallet-step.js'

/** Which streams a wallet lets come; without one it declines them all. */
export type StreamTerms = {
  /** Base units that a tick is worth at least, 1 or more. */
  readonly unitMin: Amount
}

/** A stream pays for at least as long when it arrives, seconds. */
const SERVED_SECONDS_MIN = 60

/** Takes an item of several ticks (STREAM-3), or says why not. */
export function takeStream(
  state: WalletOverlay,
  channel: ChannelId,
  item: PendingItem,
  { now, streams }: WalletContext,
): WalletEffect[] | Rejection {
  const { id, anchor, unit, ticks, expiry } = item
  const known = state.receivedStream(anchor)
  // Met again after its channel was resumed.
  if (known?.id === id && known.channel === channel) return []
  if (streams === undefined) return reject('streams_not_taken', 'this wallet takes no streams')
  if (unit < streams.unitMin) {
    return reject('unit_too_low', `a tick is worth ${streams.unitMin} base units here at least`)
  }
  if (expiry < now + TAKEN_SECONDS_BEFORE_EXPIRY + SERVED_SECONDS_MIN) {
    const least = TAKEN_SECONDS_BEFORE_EXPIRY + SERVED_SECONDS_MIN
    return reject('expiry_too_near', `a stream has ${least} seconds left at least`)
  }
  if (known !== undefined || state.invoice(anchor) !== undefined) {
    return reject('anchor_used', 'another stream or invoice has this anchor')
  }
  const terms = { id, channel, anchor, unit, ticks, expiry }
  return change(state, {
    ...{ kind: 'received', ...terms, known: undefined, paid: 0, status: 'open', time: now },
  })
}

/** The newest ticks of streams are stored, and asked for; of those that close the rest is given up. */
export function stepRedeemTicks(
  state: WalletOverlay,
  redemptions: readonly Redemption[],
  context: WalletContext,
): WalletEffect[] {
  return redemptions.flatMap((redemption) => redeemStream(state, redemption, context))
}

function redeemStream(
  state: WalletOverlay,
  { anchor, known, closes }: Redemption,
  { now }: WalletContext,
): WalletEffect[] {
  const stream = state.receivedStream(anchor)
  const held = stream && state.channel(stream.channel)
  if (stream === undefined || held === undefined || isOver(stream)) return []
  const isNewer = known !== undefined && known.index > (stream.known?.index ?? 0)
  const learnt = isNewer ? learnCheckedLink(held.party, stream.id, known) : held.party
  if (isRejection(learnt)) return []
  if (learnt !== held.party) state.setChannel({ ...held, party: learnt })
  const status = closes ? 'closing' : stream.status
  if (!isNewer && status === stream.status) return []
  const newest = isNewer ? known : stream.known
  const { channel, id } = stream
  const changed = change(state, { ...stream, known: newest, status, time: now })
  // What the lane pays is not certain before it has gone on (CH-18): no link is shown for it.
  const claim: WalletEffect[] =
    isNewer && learnt.lostAt === undefined
      ? [{ kind: 'send', message: { kind: 'claim', channel, id, known } }]
      : []
  return [...changed, ...claim, ...giveUpRest(state, channel, id)]
}

/** A redeem of the hub is stored: from now on the ledger would pay these ticks by itself. */
export function streamRedeemed(
  state: WalletOverlay,
  channel: ChannelId,
  item: PendingItem,
  index: number,
  { now }: WalletContext,
): WalletEffect[] {
  const stream = state.receivedStream(item.anchor)
  if (stream?.id !== item.id || stream.channel !== channel || isOver(stream)) return []
  const status = index === item.ticks ? 'closed' : stream.status
  const paid = Math.max(stream.paid, index)
  return [
    ...change(state, { ...stream, paid, status, time: now }),
    ...giveUpRest(state, channel, item.id),
  ]
}

/** The item is gone: given back, or expired. */
export function streamDropped(
  state: WalletOverlay,
  channel: ChannelId,
  item: PendingItem,
  { now }: WalletContext,
): WalletEffect[] {
  const stream = state.receivedStream(item.anchor)
  if (stream?.id !== item.id || stream.channel !== channel || isOver(stream)) return []
  return change(state, { ...stream, status: 'closed', time: now })
}

/**
 * The lanes of a channel were settled, or have gone on without some items: streams that are not on it
 * any more are over. What the ledger has recorded in time, it has paid.
 */
export function endGoneStreams(
  state: WalletOverlay,
  { ledger, peer, phase, ...party }: ChannelParty,
  before: ChannelParty,
  { now }: WalletContext,
): WalletEffect[] {
  const isGone = (id: ItemId) =>
    phase.kind === 'closed' || !peer.items.some((item) => item.id === id)
  return [...state.streams()].flatMap((stream) => {
    if (stream.kind !== 'received' || stream.channel !== ledger.id || !isGone(stream.id)) return []
    const { onLedger } = noteOf({ ...before, ...party, ledger, peer, phase }, stream.id)
    const paid = Math.max(stream.paid, onLedger)
    return change(state, { ...stream, paid, status: 'closed', time: now })
  })
}

/** STREAM-7: once all that is known of a closing stream is paid, the payer is asked to drop the rest. */
function giveUpRest(state: WalletOverlay, channel: ChannelId, id: ItemId): WalletEffect[] {
  const held = state.channel(channel)
  const item = held?.party.peer.items.find((other) => other.id === id)
  const stream = item && state.receivedStream(item.anchor)
  if (held === undefined || stream?.status !== 'closing') return []
  if (noteOf(held.party, id).declined) return []
  const party = declineItem(held.party, id)
  // What is not paid yet is money: the rest is given up when it is.
  if (isRejection(party)) return []
  state.setChannel({ ...held, party })
  return [{ kind: 'send', message: { kind: 'decline', channel, id, code: 'stream_ended' } }]
}

function isOver({ status }: ReceivedStreamRecord): boolean {
  return status === 'closed'
}

function change(state: WalletOverlay, stream: ReceivedStreamRecord): WalletEffect[] {
  state.setStream(stream)
  return [{ kind: 'streamChanged', stream }]
}
