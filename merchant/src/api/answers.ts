import { z } from 'zod'
import { BOOKING_KINDS } from '../core/booking.js'
import { PERMISSIONS } from '../core/permission.js'
import {
  channelData,
  invoiceData,
  offerData,
  paymentData,
  payoutData,
  streamData,
} from '../store/stored-data.js'

const whole = z.int().min(0)
const amount = z.string().regex(/^(?:0|[1-9][0-9]{0,18})$/)
const signed = z.string().regex(/^-?(?:0|[1-9][0-9]{0,18})$/)
const limits = {
  per_payment: amount.nullable(),
  per_day: amount.nullable(),
  total: amount.nullable(),
}
const owned = { id: z.string(), account: z.string(), created: whole }

const invoice = z.strictObject({
  ...{ ...owned, object: z.literal('invoice') },
  status: z.enum(['open', 'held', 'paid', 'expired', 'cancelled']),
  ...invoiceData.shape,
})
const paymentStatus = z.enum(['pending', 'paid', 'failed', 'unknown'])
const { sale, ...paid } = paymentData.shape
const payment = z.strictObject({
  ...{ ...owned, object: z.literal('payment'), status: paymentStatus },
  ...paid,
})
const refund = z.strictObject({
  ...{ ...owned, object: z.literal('refund'), status: paymentStatus },
  ...{ ...paid, sale },
})
const payout = z.strictObject({
  ...{ ...owned, object: z.literal('payout'), status: paymentStatus },
  ...payoutData.shape,
})
const offer = z.strictObject({
  ...{ ...owned, object: z.literal('offer'), status: z.enum(['active', 'withdrawn']) },
  ...offerData.shape,
})
const stream = z.strictObject({
  ...{ ...owned, object: z.literal('stream'), status: z.enum(['open', 'closed']) },
  ...streamData.shape,
})
const channel = z.strictObject({
  ...{ ...owned, object: z.literal('channel'), status: z.enum(['open', 'closing', 'closed']) },
  ...channelData.shape,
})
const event = z.strictObject({
  ...{ id: z.string(), object: z.literal('event'), account: z.string(), type: z.string() },
  /** Unix seconds of when it was noticed. */
  time: whole,
  /** The object as it was then. */
  data: z.union([invoice, payment, refund, payout, offer, stream, channel]),
})
const account = z.strictObject({
  ...{ id: z.string(), object: z.literal('account'), name: z.string(), created: whole },
  limits: z.strictObject(limits),
})
const key = z.strictObject({
  ...{ ...owned, object: z.literal('key'), name: z.string() },
  /** The key that it was made with, and ends with; null: the operator's token. */
  made_by: z.string().nullable(),
  permissions: z.array(z.enum(PERMISSIONS)),
  ...{ expires: whole.nullable(), revoked: whole.nullable(), limits: z.strictObject(limits) },
})
const endpoint = z.strictObject({
  ...{ ...owned, object: z.literal('webhook_endpoint'), url: z.string(), description: z.string() },
  types: z.array(z.string()),
  status: z.enum(['enabled', 'disabled']),
  /** Why: `by_owner`, or `gone` when the receiver has answered 410. */
  disabled: z.string().nullable(),
})
const delivery = z.strictObject({
  ...{ id: z.string(), object: z.literal('webhook_delivery'), created: whole },
  ...{ endpoint: z.string(), event: z.string(), type: z.string() },
  /** The object of which the event tells. */
  of: z.string(),
  status: z.enum(['pending', 'delivered', 'failed']),
  ...{ attempts: whole, next_attempt: whole.nullable() },
})
const attempt = z.strictObject({
  ...{ time: whole, duration_ms: whole, status: whole.nullable(), error: z.string().nullable() },
})
const sums = z.strictObject({ ledger: signed, channels: signed, total: signed })
const booking = z.strictObject({
  ...{ time: whole, kind: z.enum(BOOKING_KINDS), reference: z.string(), account: z.string() },
  /** By how much each has changed, and what was there then. */
  ...{ ledger: signed, channels: signed, ledger_balance: signed, channels_balance: signed },
  text: z.string(),
})
const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ data: z.array(item), has_more: z.boolean(), next: z.string().nullable() })

/** What each address answers: the OpenAPI document is rendered from these, and tests hold real answers against them. */
export const ANSWERED = {
  alive: z.strictObject({ status: z.literal('ok') }),
  ...{ invoice, invoices: pageOf(invoice), payment, payments: pageOf(payment) },
  ...{ refund, refunds: pageOf(refund), payout, payouts: pageOf(payout) },
  ...{ offer, offers: pageOf(offer), stream, streams: pageOf(stream) },
  ...{ channel, channels: pageOf(channel) },
  ...{ event, events: pageOf(event), account, accounts: pageOf(account), key, keys: pageOf(key) },
  /** The token of a new key is shown once, and null when the request is repeated. */
  newKey: key.extend({ token: z.string().nullable() }),
  ...{ endpoint, endpoints: pageOf(endpoint), delivery, deliveries: pageOf(delivery) },
  endpointWithSecret: endpoint.extend({ secret: z.string() }),
  deliveryWithLog: delivery.extend({ log: z.array(attempt) }),
  booking,
  bookings: pageOf(booking),
  books: z.strictObject({
    ...{ object: z.literal('books'), asset: whole, height: whole, reconciles: z.boolean() },
    /** What the movements sum to, what ledger and channels hold, and how much more that is. */
    ...{ booked: sums, found: sums, difference: sums },
  }),
  quote: z.strictObject({
    ...{ object: z.literal('quote'), amount, asset: whole, fee: amount, total: amount },
    parts: whole,
    ...{ payee: z.string(), description: z.string(), expires: whole },
  }),
  balance: z.strictObject({
    ...{ object: z.literal('balance'), asset: whole, on_ledger: amount, in_channels: signed },
    /** What both sides together have in channels whose books are lost. */
    ...{ in_lost_channels: amount, spendable: signed, receivable: signed },
    /** What a payment in parts could take out of all channels; the other two are of the best one. */
    payable: signed,
  }),
  openapi: z.looseObject({ openapi: z.string() }),
  problem: z.strictObject({
    ...{ type: z.string(), title: z.string(), status: whole, code: z.string() },
    ...{ detail: z.string(), retryable: z.boolean(), request_id: z.string() },
  }),
} as const
