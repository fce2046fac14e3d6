import type { Amount, Anchor, ChannelId, ItemId, Timestamp } from '@tallystick/protocol'

/** Items that one payment may come by: each of another channel of its payer (HUB-13). */
export const PARTS_MAX = 16

/** One item of a payer, and the item of the payee that carries it on. */
export type PaymentPart = {
  readonly fromChannel: ChannelId
  readonly fromItem: ItemId
  readonly toChannel: ChannelId
  readonly toItem: ItemId
  /** What the payee gets, and what the hub keeps, for each tick; base units. */
  readonly amount: Amount
  readonly fee: Amount
  /** 1, or those of a stream (HUB-14). */
  readonly ticks: number
  /** Ticks whose link was shown: the payee is owed or paid so many. */
  readonly shown: number
  /** Ticks that the payer has paid. */
  readonly paid: number
  /** Nothing more is paid on: all was shown, or the payee's item has expired or is given up. */
  readonly isOver: boolean
}

/** `part` with some of it replaced; why not `{ ...part }`: `partyWith`. */
export function partWith(part: PaymentPart, changes: Partial<PaymentPart>): PaymentPart {
  const copy: PaymentPart = {
    fromChannel: part.fromChannel,
    fromItem: part.fromItem,
    toChannel: part.toChannel,
    toItem: part.toItem,
    amount: part.amount,
    fee: part.fee,
    ticks: part.ticks,
    shown: part.shown,
    paid: part.paid,
    isOver: part.isOver,
  }
  return Object.assign(copy, changes)
}

/** One routed payment as operators see it. Its anchor is used once on this hub, for ever. */
export type Payment = {
  readonly anchor: Anchor
  readonly status: PaymentStatus
  /** Ledger time of the last change. */
  readonly time: Timestamp
  /** At least one, in the order in which they came. */
  readonly parts: readonly PaymentPart[]
}

/**
 * `pending`: locked on both lanes. `claimed`: the payee showed a link and is paid.
 * `settled`: the payer has paid as well, and nothing more is to come. `failed`: the payee gave it up.
 */
export type PaymentStatus = 'pending' | 'claimed' | 'settled' | 'failed'

/** Whether nothing more happens to the payment; a failed one may be tried again under its anchor. */
export function isFinal({ status }: Payment): boolean {
  return status === 'settled' || status === 'failed'
}

/** How the parts of a payment stand together: it fails only where nobody was paid by any of them. */
export function statusOf(parts: readonly PaymentPart[]): PaymentStatus {
  let [isShown, isOpen] = [false, false]
  for (const part of parts) {
    if (part.shown > 0) isShown = true
    if (!isSettled(part)) isOpen = true
  }
  if (isOpen) return isShown ? 'claimed' : 'pending'
  return isShown ? 'settled' : 'failed'
}

function isSettled({ ticks, shown, paid, isOver }: PaymentPart): boolean {
  return paid === ticks || (isOver && paid >= shown)
}

/** What the payee has got by a payment that has settled, and else may get; and the hub's fee. Base units. */
export function sumOf({ status, parts }: Payment): { amount: bigint; fee: bigint } {
  let [amount, fee] = [0n, 0n]
  for (const part of parts) {
    const ticks = BigInt(status === 'settled' ? part.shown : part.ticks)
    amount += part.amount * ticks
    fee += part.fee * ticks
  }
  return { amount, fee }
}
