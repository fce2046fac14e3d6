/** What kinds of movements there are in a shop's books (BOOKS-1). */
export const BOOKING_KINDS = [
  /** What the wallet had when the books were begun. */
  'opening',
  'sale',
  'refund',
  'refund_fee',
  'payment',
  'payment_fee',
  /** Ticks of a stream that were redeemed. */
  'stream',
  /** To a lock of somebody else, at the shop's word, and what the ledger took for it. */
  'payout',
  'payout_fee',
  /** Coins from somebody else. */
  'deposit',
  /** Coins to somebody else. */
  'withdrawal',
  'ledger_fee',
  /** Between the shop's own pockets. */
  'channel_funding',
  'channel_payout',
  /** What leaving a channel has cost: fees out of it, penalties; below zero: it brought more. */
  'channel_cost',
] as const
export type BookingKind = (typeof BOOKING_KINDS)[number]

/** A movement: by how much coins on the ledger, and what is in channels, have changed; base units. */
export type Booking = {
  readonly kind: BookingKind
  /** Whom it is of: an object's id, a transaction's id, a channel's id. */
  readonly reference: string
  readonly ledger: bigint
  readonly channels: bigint
  /** Of a sale or payment, its anchor; of what a channel has paid, its id. */
  readonly link: string
  readonly account: string
  /** What people wrote about it. */
  readonly text: string
  /** Unix seconds; ledger time of what the ledger did. */
  readonly time: number
}
