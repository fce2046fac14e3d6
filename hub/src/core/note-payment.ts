import type { ChannelId, PendingItem } from '@tallystick/protocol'
import type { HubContext } from './hub-step.js'
import type { HubOverlay } from './hub-view.js'
import { type Payment, type PaymentPart, partWith, statusOf } from './payment.js'

/*
 * The books of the payment that an item belongs to. Another one of the same anchor is left alone, and
 * what has settled never goes back.
 */

/** A link of the item was shown: the payee is owed up to it. */
export function noteShown(
  state: HubOverlay,
  channel: ChannelId,
  item: PendingItem,
  index: number,
  context: HubContext,
): void {
  note(state, channel, item, context, (part) => withShown(part, index))
}

/** The payer has paid up to link `index`, which nobody may have shown before. */
export function notePaid(
  state: HubOverlay,
  channel: ChannelId,
  item: PendingItem,
  index: number,
  context: HubContext,
): void {
  note(state, channel, item, context, (part) =>
    part.paid >= index ? part : partWith(withShown(part, index), { paid: index }),
  )
}

/** Nothing more of the item is paid on: it has expired, or the payee has given it up. */
export function noteOver(
  state: HubOverlay,
  channel: ChannelId,
  item: PendingItem,
  context: HubContext,
): void {
  note(state, channel, item, context, (part) =>
    part.isOver ? part : partWith(part, { isOver: true }),
  )
}

/** The part of a payment that an item of `channel` came by, or was carried on by. */
export function partOf(
  payment: Payment | undefined,
  channel: ChannelId,
  item: PendingItem,
): PaymentPart | undefined {
  return payment?.parts.find((part) => isOf(part, channel, item))
}

function withShown(part: PaymentPart, index: number): PaymentPart {
  const shown = index < part.ticks ? index : part.ticks
  if (part.shown >= shown) return part
  return partWith(part, { shown, isOver: part.isOver || shown === part.ticks })
}

function note(
  state: HubOverlay,
  channel: ChannelId,
  item: PendingItem,
  { now }: HubContext,
  change: (part: PaymentPart) => PaymentPart,
): void {
  const payment = state.payment(item.anchor)
  if (payment === undefined || payment.status === 'settled') return
  const part = partOf(payment, channel, item)
  const changed = part && change(part)
  if (changed === undefined || changed === part) return
  const parts =
    payment.parts.length === 1
      ? [changed]
      : payment.parts.map((other) => (other === part ? changed : other))
  state.setPayment({ anchor: payment.anchor, status: statusOf(parts), time: now, parts })
}

function isOf(part: PaymentPart, channel: ChannelId, { id, unit, ticks }: PendingItem): boolean {
  if (part.toChannel === channel && part.toItem === id) return true
  // A client may name a smaller item like one that failed: what it pays by it settles nothing.
  return (
    part.fromChannel === channel &&
    part.fromItem === id &&
    ticks === part.ticks &&
    unit === part.amount + part.fee
  )
}
