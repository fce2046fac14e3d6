import type { Amount, Anchor, Description, PublicKey, Timestamp } from '@tallystick/protocol'
import type { FieldsOf } from './named-arguments.js'

/** How a payment is made. */
export type PaymentWish = {
  /** The same key is the same payment for ever. */
  readonly key: string
  /** Base units, where the invoice leaves the amount to the payer. */
  readonly amount?: bigint
  /** The most that the hub may ask for it, base units; absent: whatever it asks. */
  readonly feeMax?: bigint
  /**
   * How long the payee may hold it before it is back, seconds, at most what the channel's terms allow;
   * absent: 600.
   */
  readonly lockSeconds?: number
}

/** What `pay` takes. */
export const PAYMENT_FIELDS: FieldsOf<PaymentWish> = {
  key: true,
  amount: true,
  feeMax: true,
  lockSeconds: true,
}

/** How a refund is made: `sale` is the anchor of the paid invoice that it undoes. */
export type RefundWish = PaymentWish & { readonly sale: Anchor }

/** What `refund` takes. */
export const REFUND_FIELDS: FieldsOf<RefundWish> = { ...PAYMENT_FIELDS, sale: true }

/** What paying an invoice would take. */
export type Quote = {
  readonly payee: PublicKey
  readonly anchor: Anchor
  readonly description: Description
  /** Ledger time until which it can be paid. */
  readonly expiry: Timestamp
  /** What the payee gets, base units. */
  readonly amount: Amount
  /** What the hub asks for that, base units, rounded up for each part. */
  readonly fee: Amount
  /** Channels that it would be spread over. */
  readonly parts: number
}
