import { z } from 'zod'

/** What is kept of each kind of object besides its id and status, as it is shown; amounts are decimal text. */
const amount = z.string()
const metadata = z.record(z.string(), z.string())

export const invoiceData = z.strictObject({
  ...{ amount: amount.nullable(), asset: z.int(), description: z.string(), invoice: z.string() },
  ...{ anchor: z.string(), expires: z.int(), hold: z.boolean(), metadata },
  /** What was received; null: nothing yet. */
  received: amount.nullable(),
  /** Refunds that are made or under way. */
  refunded: amount,
  /** SHA-256 of words that stand elsewhere, hex; null: the description itself is in the invoice. */
  description_hash: z.string().nullable().default(null),
  /** How it came to be: the shop asked, an offer was taken up, or somebody paid without being asked. */
  origin: z.enum(['asked', 'offer', 'spontaneous']).default('asked'),
  /** The shop's offer that it was given for. */
  offer: z.string().nullable().default(null),
})
export type InvoiceData = z.infer<typeof invoiceData>

export const paymentData = z.strictObject({
  ...{ amount, asset: z.int(), fee_max: amount, fee: amount.nullable(), description: z.string() },
  ...{ invoice: z.string(), payee: z.string(), anchor: z.string(), metadata },
  /** The receipt: whoever has it can prove that the payee was paid. */
  preimage: z.string().nullable(),
  /** Why it failed. */
  code: z.string().nullable(),
  /** Of a refund, the invoice that it pays back. */
  sale: z.string().nullable(),
})
export type PaymentData = z.infer<typeof paymentData>

export const payoutData = z.strictObject({
  ...{ amount, asset: z.int(), fee_max: amount, fee: amount.nullable() },
  /** Where it goes on the ledger; null: to the shop's own coins. */
  lock: z.string().nullable(),
  /** Out of which channel; null while that is open. */
  channel: z.string().nullable(),
  description: z.string(),
  /** The transaction to the lock; null: there is none yet, or none is needed. */
  transaction: z.string().nullable(),
  metadata,
  /** Why it failed, or is not known. */
  code: z.string().nullable(),
})
export type PayoutData = z.infer<typeof payoutData>

export const offerData = z.strictObject({
  ...{ amount: amount.nullable(), asset: z.int(), description: z.string(), offer: z.string() },
  /** Ledger time; null: until it is withdrawn. */
  expires: z.int().nullable(),
  metadata,
})
export type OfferData = z.infer<typeof offerData>

export const streamData = z.strictObject({
  ...{ channel: z.string(), anchor: z.string(), unit: amount, ticks: z.int() },
  /** Ticks that were redeemed, and what they have brought. */
  ...{ redeemed: z.int(), earned: amount },
  expires: z.int(),
})
export type StreamData = z.infer<typeof streamData>

export const channelData = z.strictObject({
  ...{ channel: z.string(), number: z.int(), asset: z.int(), opened: z.int() },
  ...{ deposited: amount, inbound: amount },
})
export type ChannelData = z.infer<typeof channelData>
