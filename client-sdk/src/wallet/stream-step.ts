import {
  amount,
  type ChannelId,
  type ChannelParty,
  draftChange,
  type ItemId,
  isRejection,
  reject,
} from '@tallystick/protocol'
import type { PaidStreamRecord } from '../stream/stream-records.js'
import type { WalletEffect, WalletEvent } from './wallet-event.js'
import type { WalletOverlay } from './wallet-state.js'
import type { Outcome, WalletContext } from './wallet-step.js'

/** The owner opens a stream, or the next chain of one. */
export function stepOpenStream(
  state: WalletOverlay,
  { stream }: Extract<WalletEvent, { kind: 'openStream' }>,
  { now }: WalletContext,
): Outcome {
  const { id, channel, anchor, unit, fee, ticks, expiry, payee } = stream
  const held = state.channel(channel)
  if (held === undefined) return reject('channel_unknown', `this wallet has no channel ${channel}`)
  if (state.paidStream(id) !== undefined) return []
  const forward = { payee, amount: unit }
  const whole = amount(unit + fee)
  const add = { kind: 'add', id, anchor, unit: whole, ticks, expiry, forward } as const
  const party = draftChange(held.party, add, now)
  if (isRejection(party)) return party
  state.setChannel({ ...held, party })
  return change(state, stream)
}

/** STREAM-4: ticks up to `reserved` may be given away once this is durable. */
export function stepReserveTicks(
  state: WalletOverlay,
  { id, reserved, served }: Extract<WalletEvent, { kind: 'reserveTicks' }>,
): Outcome {
  const stream = state.paidStream(id)
  if (stream === undefined) return reject('stream_ended', 'the stream is over')
  return change(state, {
    ...stream,
    reserved: Math.max(stream.reserved, reserved),
    served: Math.max(stream.served, served),
  })
}

/** No tick is given away any more; what is left comes back from the payee, or with the expiry. */
export function stepEndStream(
  state: WalletOverlay,
  { id, reserved, served }: Extract<WalletEvent, { kind: 'endStream' }>,
  { now }: WalletContext,
): Outcome {
  const stream = state.paidStream(id)
  if (stream === undefined || stream.status !== 'open') return []
  return change(state, { ...stream, reserved, served, status: 'closing', time: now })
}

/** The store may be an old copy, that does not know which ticks were given away: none is any more. */
export function closeDoubtedStreams(
  state: WalletOverlay,
  channel: ChannelId,
  { now }: WalletContext,
): WalletEffect[] {
  return [...state.streams()].flatMap((stream) => {
    if (stream.kind !== 'paid' || stream.channel !== channel || stream.status !== 'open') return []
    return change(state, { ...stream, status: 'closing', code: 'state_lost', time: now })
  })
}

/** Ticks of a stream of ours were redeemed. */
export function paidStreamRedeemed(
  state: WalletOverlay,
  id: ItemId,
  index: number,
  { now }: WalletContext,
): WalletEffect[] {
  const stream = state.paidStream(id)
  if (stream === undefined) return []
  const paid = Math.max(stream.paid, Math.min(index, stream.ticks))
  const status = paid === stream.ticks ? 'closed' : stream.status
  return change(state, { ...stream, paid, status, time: now })
}

/** The payee, or the hub, gives the rest back: it is owed until the hub has given it up itself. */
export function paidStreamDeclined(
  state: WalletOverlay,
  id: ItemId,
  code: string,
  { now }: WalletContext,
): WalletEffect[] {
  const stream = state.paidStream(id)
  if (stream === undefined) return []
  return change(state, { ...stream, status: 'closing', code, time: now })
}

/** What was left of a stream is back. */
export function paidStreamEnded(
  state: WalletOverlay,
  id: ItemId,
  code: string,
  { now }: WalletContext,
): WalletEffect[] {
  const stream = state.paidStream(id)
  if (stream === undefined) return []
  const why = stream.code === '' ? code : stream.code
  return change(state, { ...stream, status: 'closed', code: why, time: now })
}

/**
 * Streams of ours whose item is gone: given up by the payee, or settled by the ledger, they are over; else
 * whoever signed in the meantime knows how they ended.
 */
export function endGonePaidStreams(
  state: WalletOverlay,
  { ledger, own, phase }: ChannelParty,
  released: readonly ItemId[],
  { now }: WalletContext,
): WalletEffect[] {
  return [...state.streams()].flatMap((stream) => {
    if (stream.kind !== 'paid' || stream.channel !== ledger.id) return []
    const isSettled = phase.kind === 'closed'
    if (!isSettled && own.items.some(({ id }) => id === stream.id)) return []
    const status = isSettled || released.includes(stream.id) ? 'closed' : 'unresolved'
    const code =
      stream.code === '' ? (isSettled ? 'channel_settled' : 'channel_resumed') : stream.code
    return change(state, { ...stream, status, code, time: now })
  })
}

function change(state: WalletOverlay, stream: PaidStreamRecord): WalletEffect[] {
  state.setStream(stream)
  return [{ kind: 'streamChanged', stream }]
}
