import {
  type Anchor,
  addSeconds,
  decodeTrusted,
  type HubPolicy,
  type Invoice,
  type ItemId,
  isRejection,
  parseAmount,
  parseInvoice,
  routingFee,
  sha256,
  spendable,
  toHex,
  utf8,
} from '@tallystick/protocol'
import { WalletError } from '../wallet-error.js'
import { bestBy } from './best-by.js'
import { errorOf } from './error-of.js'
import type { HubLink } from './hub-link.js'
import { parseAnchor, parseFeeMax, parseInvoiceText, parseKey } from './parse-arguments.js'
import type { Caller, WalletCore, WalletNotice } from './wallet-core.js'
import type { WalletInvoices } from './wallet-invoices.js'
import { type PaymentRecord, paymentRecordCodec } from './wallet-records.js'

/** Seconds that a payment may stay locked. */
const PAYMENT_SECONDS = 600

/** How a payment is made. */
export type PaymentWish = {
  /** The same key is the same payment for ever; absent: a new payment. */
  readonly key?: string
  /** The most that the hub may ask for it, base units. */
  readonly feeMax?: bigint
}

const NOT_USABLE =
  'none of the channels can be used now: another device may have taken it over, it may wait to be resumed, or is closing; try again'

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
    return this.#receipt(await this.#begin(text, wish, undefined, caller), caller)
  }

  async refund(
    text: string,
    { sale, ...wish }: PaymentWish & { readonly sale?: Anchor },
    caller: Caller,
  ): Promise<PaymentRecord> {
    // One at a time: each must see what the one before it has linked to the sale.
    const begun = this.#refunds.then(() => this.#begin(text, wish, sale, caller))
    this.#refunds = begun.catch(() => undefined)
    return this.#receipt(await begun, caller)
  }

  /** The payment that was begun with this key, whatever became of it. */
  async of(key: string): Promise<PaymentRecord | undefined> {
    return this.get(itemIdOf(utf8(parseKey(key) ?? '')))
  }

  async get(id: ItemId): Promise<PaymentRecord | undefined> {
    const active = this.#core.state.payment(id)
    if (active !== undefined) return active
    const stored = await this.#core.store.get('donePayment', id)
    return stored === undefined ? undefined : decodeTrusted(paymentRecordCodec, stored)
  }

  /** Starts the payment of `key` unless it was started before; either way it is durable now. */
  async #begin(
    text: string,
    wish: PaymentWish,
    sale: Anchor | undefined,
    caller: Caller,
  ): Promise<ItemId> {
    const key = parseKey(wish.key)
    const feeMax = parseFeeMax(wish.feeMax)
    const refundOf = sale === undefined ? undefined : parseAnchor(sale)
    const id = itemIdOf(key === undefined ? this.#core.randomBytes(32) : utf8(key))
    if ((await this.get(id)) === undefined)
      await this.#start(id, parseInvoiceText(text), feeMax, refundOf, caller)
    return id
  }

  async #start(
    id: ItemId,
    text: string,
    feeMax: bigint | undefined,
    refundOf: Anchor | undefined,
    caller: Caller,
  ): Promise<void> {
    const policy = await this.#link.connected(caller)
    const invoice = this.#check(text, policy)
    const { payee, anchor, amount, description } = invoice
    if (amount === undefined) {
      throw new WalletError('amount_required', 'the invoice leaves the amount to the payer')
    }
    const fee = routingFee(policy, amount)
    if (feeMax !== undefined && fee > feeMax) {
      throw new WalletError(
        'fee_above_cap',
        `the hub asks for ${fee} base units, allowed were ${feeMax}`,
      )
    }
    const sale = refundOf === undefined ? undefined : await this.#saleOf(refundOf)
    const whole = amount + fee
    const feeAmount = parseAmount(fee)
    if (feeAmount === undefined || parseAmount(whole) === undefined) {
      throw new WalletError('amount_invalid', 'price and fee together are above 2^63-1 base units')
    }
    const underway = [...this.#core.state.payments()].find(
      ({ anchor }) => anchor === invoice.anchor,
    )
    if (underway !== undefined && underway.id !== id) {
      throw new WalletError('already_paying', 'this wallet is paying the invoice under another key')
    }
    const channel = bestBy(this.#link.usable(), ({ party }) => spendable(party))
    if (channel === undefined && this.#core.channels().length > 0) {
      throw new WalletError('channel_not_usable', NOT_USABLE, { retryable: true })
    }
    if (channel === undefined || spendable(channel.party) < whole) {
      const most = channel === undefined ? 0n : spendable(channel.party)
      const detail = `${whole} base units are needed, ${most < 0n ? 0n : most} can be paid`
      throw new WalletError('insufficient_balance', detail)
    }
    const { time } = this.#core.feed
    const payment: PaymentRecord = {
      id,
      channel: channel.party.ledger.id,
      payee,
      anchor,
      amount,
      fee: feeAmount,
      description: description.kind === 'text' ? description.text : '',
      status: 'pending',
      preimage: undefined,
      code: '',
      time,
      refundOf,
    }
    const seconds = Math.min(PAYMENT_SECONDS, policy.terms.expirySecondsMax)
    const expiry = addSeconds(time, seconds)
    const refused = await this.#core.submit({ kind: 'pay', payment, expiry, sale })
    if (refused !== undefined) throw errorOf(refused)
  }

  #check(text: string, { asset }: HubPolicy): Invoice {
    const invoice = parseInvoice(text)
    if (isRejection(invoice)) throw errorOf(invoice)
    const { feed, keys } = this.#core
    if (invoice.chainId !== feed.ledger.chainId) {
      throw new WalletError('wrong_network', `the invoice is of chain ${invoice.chainId}`)
    }
    if (!invoice.hubs.includes(this.#link.hub)) {
      throw new WalletError('wrong_hub', `the payee is reached over hub ${invoice.hubs.join(', ')}`)
    }
    if (invoice.asset !== asset) {
      throw new WalletError(
        'wrong_asset',
        `the invoice asks for asset ${invoice.asset}, not ${asset}`,
      )
    }
    if (feed.time > invoice.expiry) {
      throw new WalletError('invoice_expired', `the invoice ended at ledger time ${invoice.expiry}`)
    }
    if (invoice.payee === keys.identity.publicKey) {
      throw new WalletError('own_invoice', 'the invoice is of this wallet')
    }
    return invoice
  }

  async #saleOf(anchor: Anchor) {
    const invoice = await this.#invoices.get(anchor)
    if (invoice !== undefined) return invoice
    throw new WalletError('sale_unknown', `this wallet has no invoice with anchor ${anchor}`)
  }

  async #receipt(id: ItemId, { signal }: Caller): Promise<PaymentRecord> {
    const ended = this.#core.changes.wait(
      (notice) => notice.kind === 'payment' && notice.payment.id === id && isOver(notice.payment),
      signal,
    )
    const known = await this.get(id)
    if (known !== undefined && isOver(known)) {
      // Nobody waits for the notice any more, however it ends.
      ended.catch(() => undefined)
      return requireSent(known)
    }
    return requireSent(((await ended) as Extract<WalletNotice, { kind: 'payment' }>).payment)
  }
}

/** The name of a payment from the caller's key: the same key is the same payment for ever. */
function itemIdOf(key: Uint8Array): ItemId {
  return toHex(sha256(key).subarray(0, 16)) as ItemId
}

function isOver({ status }: PaymentRecord): boolean {
  return status === 'paid' || status === 'failed' || status === 'unresolved'
}

function requireSent(payment: PaymentRecord): PaymentRecord {
  if (payment.status === 'paid') return payment
  if (payment.status === 'unresolved') {
    const detail =
      'its channel went on without it; the payee, or whoever used the words, knows more'
    throw new WalletError('payment_unresolved', detail)
  }
  // Not retryable: the same key is the same payment, and stays failed for ever.
  throw new WalletError('payment_failed', `the money is back: ${payment.code}`)
}
