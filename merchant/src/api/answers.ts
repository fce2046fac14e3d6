import { z } from 'zod'
import { PERMISSIONS } from '../core/permission.js'
import { channelData, invoiceData, paymentData } from '../store/stored-data.js'

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
const channel = z.strictObject({
  ...{ ...owned, object: z.literal('channel'), status: z.enum(['open', 'closing', 'closed']) },
  ...channelData.shape,
})
const event = z.strictObject({
  ...{ id: z.string(), object: z.literal('event'), account: z.string(), type: z.string() },
  /** Unix seconds of when it was noticed. */
  time: whole,
  /** The object as it was then. */
  data: z.union([invoice, payment, refund, channel]),
})
const account = z.strictObject({
  ...{ id: z.string(), object: z.literal('account'), name: z.string(), created: whole },
  limits: z.strictObject(limits),
})
const key = z.strictObject({
  ...{ ...owned, object: z.literal('key'), name: z.string() },
  permissions: z.array(z.enum(PERMISSIONS)),
  ...{ expires: whole.nullable(), revoked: whole.nullable(), limits: z.strictObject(limits) },
})
const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ data: z.array(item), has_more: z.boolean(), next: z.string().nullable() })

/** What each address answers: the OpenAPI document is rendered from these, and tests hold real answers against them. */
export const ANSWERED = {
  alive: z.strictObject({ status: z.literal('ok') }),
  ...{ invoice, invoices: pageOf(invoice), payment, payments: pageOf(payment) },
  ...{ refund, refunds: pageOf(refund), channel, channels: pageOf(channel) },
  ...{ event, events: pageOf(event), account, accounts: pageOf(account), key, keys: pageOf(key) },
  /** The token of a new key is shown once, and null when the request is repeated. */
  newKey: key.extend({ token: z.string().nullable() }),
  quote: z.strictObject({
    ...{ object: z.literal('quote'), amount, asset: whole, fee: amount, total: amount },
    ...{ payee: z.string(), description: z.string(), expires: whole },
  }),
  balance: z.strictObject({
    ...{ object: z.literal('balance'), asset: whole, on_ledger: amount, in_channels: signed },
    /** What both sides together have in channels whose books are lost. */
    ...{ in_lost_channels: amount, spendable: signed, receivable: signed },
  }),
  openapi: z.looseObject({ openapi: z.string() }),
  problem: z.strictObject({
    ...{ type: z.string(), title: z.string(), status: whole, code: z.string() },
    ...{ detail: z.string(), retryable: z.boolean(), request_id: z.string() },
  }),
} as const
