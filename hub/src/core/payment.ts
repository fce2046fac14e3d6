import type { Amount, Anchor, ChannelId, ItemId, Timestamp } from '@tallystick/protocol'

/** One routed payment as operators see it. Its anchor is used once on this hub, for ever. */
export type Payment = {
  readonly anchor: Anchor
  readonly fromChannel: ChannelId
  readonly fromItem: ItemId
  readonly toChannel: ChannelId
  readonly toItem: ItemId
  /** What the payee gets, and what the hub keeps; base units. */
  readonly amount: Amount
  readonly fee: Amount
  readonly status: PaymentStatus
  /** Ledger time of the last change. */
  readonly time: Timestamp
}

/**
 * `pending`: locked on both lanes. `claimed`: the payee showed the preimage and is paid.
 * `settled`: the payer has paid as well. `failed`: the payee gave it up.
 */
export type PaymentStatus = 'pending' | 'claimed' | 'settled' | 'failed'

/** Whether nothing more happens to the payment; a failed one may be tried again under its anchor. */
export function isFinal({ status }: Payment): boolean {
  return status === 'settled' || status === 'failed'
}
