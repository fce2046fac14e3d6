import {
  type Amount,
  type Anchor,
  addSeconds,
  amount,
  decodeTrusted,
  encodeReceipt,
  type HubPolicy,
  type Invoice,
  type ItemId,
  isRejection,
  parseAmount,
  routingFee,
  sha256,
  spendable,
  type Timestamp,
  toHex,
  utf8,
} from '@tallystick/protocol'
import { WalletError } from '../wallet-error.js'
import { amountToPay, checkInvoice } from './check-invoice.js'
import { errorOf } from './error-of.js'
import { linkRefund } from './finish-payment.js'
import type { HubLink } from './hub-link.js'
import {
  parseAnchor,
  parseFeeMax,
  parseInvoiceText,
  parseItemId,
  parseKey,
  parseLockSeconds,
  parseStatus,
  parseValue,
} from './parse-arguments.js'
import { isFinal } from './payment-machine.js'
import type { PaymentWish, Quote, RefundWish } from './payment-wish.js'
import { paymentFor } from './record-order.js'
import { type Page, type PageWish, recordPage } from './record-page.js'
import { mostPayable, type PlannedPart, splitPayment } from './split-payment.js'
import type { Caller, WalletCore, WalletNotice } from './wallet-core.js'
import type { WalletInvoices } from './wallet-invoices.js'
import {
  type InvoiceRecord,
  PARTS_MAX,
  PAYMENT_STATUSES,
  type PaymentPart,
  type PaymentRecord,
  type PaymentStatus,
  paymentRecordCodec,
} from './wallet-records.js'

/** Seconds that a payment may stay locked, unless told otherwise. */
const PAYMENT_SECONDS = 600
/** What is not asked for is begun while the hub and the payee still carry it on, seconds before its end. */
const UNASKED_SECONDS_MIN = 240

const NOT_USABLE =
  'none of the channels can be used now: another device may have taken it over, it may wait to be resumed, or is closing; try again'

type Order = {
  readonly id: ItemId
  /** The invoice, in lower case. */
  readonly text: string
  readonly amount: Amount | undefined
  readonly feeMax: Amount | undefined
  readonly lockSeconds: number
  readonly refundOf: Anchor | undefined
}

/** What this wallet pays to others. */
export class WalletPayments {
  readonly #core: WalletCore
  readonly #link: HubLink
  readonly #invoices: WalletInvoices
  #refunds: Promise<unknown> = Promise.resolve()

  constructor(core: WalletCore, link: HubLink, invoices: WalletInvoices) {
    this.#core = core
    this.#link = link
    this.#invoices = invoices
  }

  async pay(text: string, wish: PaymentWish, caller: Caller): Promise<PaymentRecord> {
    const order = { ...orderOf(text, wish), refundOf: undefined }
    return this.#outcome(await this.#begin(order, caller), caller)
  }

  async refund(text: string, wish: RefundWish, caller: Caller): Promise<PaymentRecord> {
    const order = { ...orderOf(text, wish), refundOf: parseAnchor(wish.sale) }
    // One at a time: each must see what the one before it has linked to the sale.
    const begun = this.#refunds.then(() => this.#begin(order, caller))
    this.#refunds = begun.catch(() => undefined)
    return this.#outcome(await begun, caller)
  }

  async quote(text: string, wish: Pick<PaymentWish, 'amount'>, caller: Caller): Promise<Quote> {
    const named = parseNamedAmount(wish.amount)
    const policy = await this.#link.connected(caller)
    const invoice = this.#check(parseInvoiceText(text), policy)
    const parts = this.#plan(amountToPay(invoice, named), partsMaxOf(invoice), policy)
    const { payee, anchor, description, expiry } = invoice
    return { payee, anchor, description, expiry, ...totalOf(parts), parts: parts.length }
  }

  /** Pays an invoice under a name that was given to the payment before; kept with the receipt. */
  async payAs(id: ItemId, text: string, feeMax: Amount | undefined): Promise<PaymentRecord> {
    const order = { id, text, amount: undefined, feeMax, lockSeconds: PAYMENT_SECONDS }
    return this.#outcome(await this.#begin({ ...order, refundOf: undefined }, {}), {})
  }

  /** The same without an invoice: the payee was told how to take it (MAIL-5). */
  async payUnasked(
    id: ItemId,
    unasked: Unasked,
    feeMax: Amount | undefined,
  ): Promise<PaymentRecord> {
    if ((await this.get(id)) === undefined) await this.#startUnasked(id, unasked, feeMax)
    return this.#outcome(id, {})
  }

  async #startUnasked(id: ItemId, unasked: Unasked, feeMax: Amount | undefined): Promise<void> {
    const { until, description: text, ...rest } = unasked
    const policy = await this.#link.connected({})
    const parts = this.#plan(rest.amount, PARTS_MAX, policy)
    requireFeeWithin(totalOf(parts).fee, feeMax)
    const { time } = this.#core.feed
    if (until < time + UNASKED_SECONDS_MIN) {
      throw new WalletError('expired', `it was to be paid until ledger time ${until}`)
    }
    const description = { kind: 'text', text } as const
    const payment = newPayment(id, { ...rest, description, text: '' }, parts, time)
    const lockSeconds = Math.min(until - time, PAYMENT_SECONDS)
    const expiry = addSeconds(time, this.#lockSeconds({ lockSeconds }, payment))
    const refused = await this.#core.submit({ kind: 'pay', payment, expiry, sale: undefined })
    if (refused !== undefined) throw errorOf(refused)
  }

  /** The payment that was begun with this key, whatever became of it. */
  async of(key: string): Promise<PaymentRecord | undefined> {
    return this.get(itemIdOf(parseKey(key)))
  }

  async get(id: ItemId): Promise<PaymentRecord | undefined> {
    const active = this.#core.state.payment(parseItemId(id))
    if (active !== undefined) return active
    const stored = await this.#core.store.get('donePayment', id)
    return stored === undefined ? undefined : decodeTrusted(paymentRecordCodec, stored)
  }

  /** The receipt of a payment that was paid (RECEIPT-1). */
  async receipt(id: ItemId): Promise<string> {
    const payment = await this.get(id)
    if (payment?.preimage === undefined) {
      const detail = `payment ${id} is ${payment?.status ?? 'not of this wallet'}: there is no receipt`
      throw new WalletError('payment_not_paid', detail)
    }
    const receipt = encodeReceipt(payment.text, payment.preimage, payment.amount)
    if (typeof receipt !== 'string') throw errorOf(receipt)
    return receipt
  }

  /** A page of all of them, newest first. */
  async list(wish: PageWish<PaymentStatus>): Promise<Page<PaymentRecord>> {
    parseStatus(wish.status, PAYMENT_STATUSES)
    return recordPage(this.#core.store, 'paymentOrder', wish, (name) => this.get(name as ItemId))
  }

  /** Starts the payment of `key` unless it was started before; either way it is durable now. */
  async #begin(order: Order, caller: Caller): Promise<ItemId> {
    const known = await this.get(order.id)
    if (known === undefined) await this.#start(order, caller)
    else if (!isAskedAgain(known, order)) throw keyReused()
    return order.id
  }

  async #start(order: Order, caller: Caller): Promise<void> {
    await this.#link.connected(caller)
    const { refundOf } = order
    const sale = refundOf === undefined ? undefined : await this.#saleOf(refundOf)
    const payment = await this.#paymentOf(order, sale, caller)
    const { time } = this.#core.feed
    const expiry = addSeconds(time, this.#lockSeconds(order, payment))
    const refused = await this.#core.submit({ kind: 'pay', payment, expiry, sale })
    if (refused !== undefined) throw errorOf(refused)
  }

  /** The payment as it would be begun now, under the policy that the hub has now (PAY-4). */
  async #paymentOf(
    order: Order,
    sale: InvoiceRecord | undefined,
    caller: Caller,
  ): Promise<PaymentRecord> {
    const { id, text, feeMax, refundOf } = order
    const before = await this.#link.connected(caller)
    await this.#refusePaid(this.#check(text, before), id)
    const policy = await this.#link.connected(caller)
    const invoice = this.#check(text, policy)
    const due = amountToPay(invoice, order.amount)
    // Told before what the wallet lacks: more money would not help.
    if (sale !== undefined) requireLeft(sale, due)
    const parts = this.#plan(due, partsMaxOf(invoice), policy)
    requireFeeWithin(totalOf(parts).fee, feeMax)
    const { payee, anchor, description } = invoice
    const { time } = this.#core.feed
    return { ...newPayment(id, { payee, anchor, description, text }, parts, time), refundOf }
  }

  /** An invoice is paid once by this wallet, under whatever key. */
  async #refusePaid({ anchor }: Invoice, id: ItemId): Promise<void> {
    const name = await paymentFor(this.#core.store, anchor)
    const made = name === undefined || name === id ? undefined : await this.get(name)
    switch (made?.status) {
      case undefined:
      case 'failed':
        return
      case 'paid':
        throw new WalletError('already_paid', 'this wallet has paid the invoice under another key')
      case 'unknown':
        throw new WalletError('payment_unknown', UNKNOWN)
      case 'pending':
      case 'cancelling':
        throw new WalletError(
          'already_paying',
          'this wallet is paying the invoice under another key',
        )
    }
  }

  #check(text: string, { asset }: HubPolicy): Invoice {
    const { feed, keys } = this.#core
    const { hub } = this.#link
    const identity = keys.identity.publicKey
    return checkInvoice(text, {
      ...{ chainId: feed.ledger.chainId, hub, asset, identity, now: feed.time },
    })
  }

  /** What each channel would pay. Errors: `channel_not_usable`, `insufficient_balance`, `amount_invalid`. */
  #plan(value: Amount, partsMax: number, policy: HubPolicy): readonly PlannedPart[] {
    const feeOf = (part: bigint) => routingFee(policy, part)
    if (parseAmount(value + feeOf(value)) === undefined) {
      throw new WalletError('amount_invalid', 'price and fee together are above 2^63-1 base units')
    }
    const usable = this.#link.usable()
    if (usable.length === 0 && this.#core.channels().length > 0) {
      throw new WalletError('channel_not_usable', NOT_USABLE, { retryable: true })
    }
    const channels = usable.map(({ party }) => {
      return { channel: party.ledger.id, spendable: spendable(party) }
    })
    const rules = { feeOf, partMin: policy.terms.itemAmountMin, partsMax }
    const parts = splitPayment(value, channels, rules)
    if (parts !== undefined) return parts
    const most = mostPayable(channels, rules)
    const detail = `${value} base units and a fee of ${feeOf(value)} base units are needed; beside the fee ${most} base units can be paid`
    throw new WalletError('insufficient_balance', detail)
  }

  #lockSeconds({ lockSeconds }: Pick<Order, 'lockSeconds'>, { parts }: PaymentRecord): number {
    const bounds = parts.map(({ channel }) => {
      return this.#core.state.channel(channel)?.party.ledger.terms.expirySecondsMax ?? 0
    })
    return Math.min(lockSeconds, ...bounds)
  }

  async #saleOf(anchor: Anchor): Promise<InvoiceRecord> {
    const invoice = await this.#invoices.get(anchor)
    if (invoice !== undefined) return invoice
    throw new WalletError('sale_unknown', `this wallet has no invoice with anchor ${anchor}`)
  }

  async #outcome(id: ItemId, { signal }: Caller): Promise<PaymentRecord> {
    const ended = this.#core.changes.wait(
      (notice) => notice.kind === 'payment' && notice.payment.id === id && isFinal(notice.payment),
      signal,
    )
    const known = await this.get(id)
    if (known !== undefined && isFinal(known)) {
      // Nobody waits for the notice any more, however it ends.
      ended.catch(() => undefined)
      return requireSent(known)
    }
    return requireSent(((await ended) as Extract<WalletNotice, { kind: 'payment' }>).payment)
  }
}

function orderOf(text: unknown, wish: PaymentWish): Omit<Order, 'refundOf'> {
  const invoice = parseInvoiceText(text)
  return {
    id: itemIdOf(parseKey(wish.key)),
    // The same invoice, as a QR code has it.
    text: invoice === invoice.toUpperCase() ? invoice.toLowerCase() : invoice,
    amount: parseNamedAmount(wish.amount),
    feeMax: parseFeeMax(wish.feeMax),
    lockSeconds: parseLockSeconds(wish.lockSeconds ?? PAYMENT_SECONDS),
  }
}

/** Of an open amount the payee cannot know when its parts are whole: it takes one (INVOICE-6). */
function partsMaxOf({ amount }: Invoice): number {
  return amount === undefined ? 1 : PARTS_MAX
}

function parseNamedAmount(value: unknown): Amount | undefined {
  return value === undefined ? undefined : parseValue(value, 'amount')
}

/** Whether an order under a key that was used is for the payment that was begun with it. */
function isAskedAgain(known: PaymentRecord, order: Order): boolean {
  const isSameAmount = order.amount === undefined || order.amount === known.amount
  return known.text === order.text && known.refundOf === order.refundOf && isSameAmount
}

function keyReused(): WalletError {
  const detail =
    'the key is of another payment: the same key is the same payment for ever; name each payment by a key of its own'
  return new WalletError('key_reused', detail)
}

/** The name of a payment from the caller's key: the same key is the same payment for ever. */
export function itemIdOf(key: string): ItemId {
  return toHex(sha256(utf8(key)).subarray(0, 16)) as ItemId
}

type Unasked = Pick<PaymentRecord, 'payee' | 'anchor' | 'amount'> & {
  readonly description: string
  /** Ledger time until which the payee knows how to take it. */
  readonly until: Timestamp
}

/** A payment of these parts to which nothing has happened. */
function newPayment(
  id: ItemId,
  about: Pick<PaymentRecord, 'payee' | 'anchor' | 'description' | 'text'>,
  parts: readonly PlannedPart[],
  time: Timestamp,
): PaymentRecord {
  return {
    ...about,
    ...{ id, order: 0, ...totalOf(parts), status: 'pending' },
    parts: parts.map((part, i): PaymentPart => {
      return { ...part, id: partIdOf(id, i), status: 'pending' }
    }),
    ...{ preimage: undefined, code: '', created: time, time, refundOf: undefined },
  }
}

/** Errors: `refund_above_sale`, `sale_unknown`. */
function requireLeft(sale: InvoiceRecord, value: Amount): void {
  const linked = linkRefund(sale, value)
  if (isRejection(linked)) throw errorOf(linked)
}

/** Errors: `fee_above_cap`. */
export function requireFeeWithin(fee: bigint, feeMax: Amount | undefined): void {
  if (feeMax === undefined || fee <= feeMax) return
  throw new WalletError(
    'fee_above_cap',
    `the hub asks for a fee of ${fee} base units, allowed were ${feeMax} base units`,
  )
}

/** Items of one payment: the first has its name. */
function partIdOf(id: ItemId, index: number): ItemId {
  return index === 0 ? id : (toHex(sha256(utf8(`${id} ${index}`)).subarray(0, 16)) as ItemId)
}

function totalOf(parts: readonly PlannedPart[]): { readonly amount: Amount; readonly fee: Amount } {
  return {
    amount: amount(parts.reduce((sum, part) => sum + part.amount, 0n)),
    fee: amount(parts.reduce((sum, part) => sum + part.fee, 0n)),
  }
}

const UNKNOWN =
  'it is not known whether it was paid: its channel went on without it; the payee, or whoever used the words, knows more'

function requireSent(payment: PaymentRecord): PaymentRecord {
  if (payment.status === 'paid') return payment
  if (payment.status === 'unknown') throw new WalletError('payment_unknown', UNKNOWN)
  // Not retryable: the same key is the same payment, and stays failed for ever.
  throw new WalletError('payment_failed', `the money is back: ${payment.code}`)
}
