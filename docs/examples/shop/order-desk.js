import { randomBytes } from 'node:crypto'
import { unitsOf, WalletError } from '@tallystick/client-sdk'
import { isRejection, parseInvoice } from '@tallystick/protocol'
import { Refusal } from './refusal.js'

/** Seconds in which an order can be paid. */
const ORDER_SECONDS = 900
/** Orders that may wait for their money at a time: each is an invoice that the wallet looks after. */
const WAITING_MAX = 200

/** Why a refund is not paid, and what to do about it. */
const REFUND_FAULTS = {
  insufficient_balance:
    'The shop has too little in its channels for this refund and the fee of the hub. Sell more first, or add money.',
  invoice_expired: 'The invoice of the customer has expired: it has to be asked for again.',
  payment_failed:
    'The refund did not reach the customer, whose wallet may be closed. The money is back.',
  hub_disconnected: 'The hub cannot be reached just now. Please try again.',
}

/** Takes orders, and tells what became of them. */
export class OrderDesk {
  #wallet
  #book
  #asset
  #products
  #listeners = new Map()

  constructor({ wallet, book, asset, catalogue }) {
    this.#wallet = wallet
    this.#book = book
    this.#asset = asset
    this.#products = new Map(catalogue.map((product) => [product.id, product]))
  }

  /** A new order of a product, with an invoice to pay. */
  async order(productId) {
    const product = this.#products.get(productId)
    if (product === undefined) throw new Refusal(404, 'The shop has no such product.')
    const statuses = await Promise.all(
      this.#book
        .all()
        .slice(0, WAITING_MAX)
        .map((order) => this.#statusOf(order)),
    )
    if (statuses.filter((status) => status === 'waiting').length >= WAITING_MAX) {
      throw new Refusal(
        503,
        'Too many orders wait for their money. Please try again in a few minutes.',
      )
    }
    const value = unitsOf(product.price, this.#asset)
    const { anchor, text, expiry } = await this.#wallet.createInvoice({
      value,
      description: product.name,
      expirySeconds: ORDER_SECONDS,
    })
    // Nobody finds an order of somebody else by trying.
    const id = randomBytes(16).toString('base64url')
    const time = new Date().toISOString()
    await this.#book.add({
      id,
      product: product.id,
      units: String(value),
      anchor,
      invoice: text,
      expiry,
      time,
    })
    return this.show(id)
  }

  /** An order as its customer and the merchant see it. */
  async show(id) {
    const order = this.#found(id)
    const { product, units, invoice, expiry, time, refunds } = order
    const { name, picture } = this.#products.get(product) ?? { name: product }
    const status = await this.#statusOf(order)
    return {
      id,
      name,
      picture,
      units,
      invoice,
      expiry,
      time,
      status,
      refundAsked: refunds.length > 0,
    }
  }

  /** All orders, the newest first. */
  all() {
    return Promise.all(this.#book.all().map(({ id }) => this.show(id)))
  }

  /** Takes the invoice by which a customer wants the money back; the merchant decides. */
  async askRefund(id, text) {
    const order = this.#found(id)
    const status = await this.#statusOf(order)
    if (status !== 'paid' && status !== 'refund_failed') {
      throw new Refusal(409, 'Only an order that is paid can be refunded, and only once.')
    }
    const invoice = typeof text === 'string' ? parseInvoice(text) : undefined
    if (invoice === undefined || isRejection(invoice))
      throw new Refusal(400, 'A refund needs an invoice.')
    if (invoice.amount !== BigInt(order.units)) {
      throw new Refusal(400, 'The invoice of a refund asks for exactly what was paid.')
    }
    await this.#book.askRefund(id, text)
    await this.#tell(id)
    return this.show(id)
  }

  /** Pays an order back, by the merchant's word. Called again, it pays once. */
  async refund(id) {
    const order = this.#found(id)
    const invoice = order.refunds.at(-1)
    if (invoice === undefined) throw new Refusal(409, 'The customer has not asked for a refund.')
    try {
      await this.#wallet.refund(invoice, { sale: order.anchor, key: refundKey(order) })
    } catch (error) {
      // What is under way goes on; what failed is shown, and can be asked for again.
      if (!(error instanceof WalletError)) throw error
      throw new Refusal(
        409,
        REFUND_FAULTS[error.code] ?? `The refund was not paid: ${error.message}.`,
      )
    } finally {
      await this.#tell(id)
    }
    return this.show(id)
  }

  /** Calls `hear` with the order now and after every change; call the answer to stop. */
  async listen(id, hear) {
    const { anchor } = this.#found(id)
    const all = this.#listeners.get(anchor) ?? new Set()
    this.#listeners.set(anchor, all.add(hear))
    hear(await this.show(id))
    return () => {
      all.delete(hear)
      if (all.size === 0) this.#listeners.delete(anchor)
    }
  }

  /** To be called with what the wallet notices. */
  noticed(notice) {
    const sale = saleOf(notice)
    const order = sale && this.#book.all().find(({ anchor }) => anchor === sale)
    if (order !== undefined) void this.#tell(order.id)
  }

  async #tell(id) {
    const listeners = this.#listeners.get(this.#found(id).anchor)
    if (listeners === undefined) return
    const shown = await this.show(id)
    for (const hear of listeners) hear(shown)
  }

  #found(id) {
    const order = this.#book.get(id)
    if (order === undefined) throw new Refusal(404, 'There is no such order.')
    return order
  }

  async #statusOf(order) {
    const invoice = await this.#wallet.invoice(order.anchor)
    switch (invoice?.status) {
      case 'held':
      case 'claiming':
        return 'arriving'
      case 'paid':
        return this.#refundStatusOf(order)
      case 'open':
        return 'waiting'
      default:
        return 'expired'
    }
  }

  async #refundStatusOf(order) {
    if (order.refunds.length === 0) return 'paid'
    const refund = await this.#wallet.paymentOf(refundKey(order))
    if (refund === undefined) return 'refund_asked'
    if (refund.status === 'paid') return 'refunded'
    return refund.status === 'failed' ? 'refund_failed' : 'refunding'
  }
}

/** The anchor of the invoice that a notice is about, or whose refund it is about; absent: it is about neither. */
function saleOf(notice) {
  if (notice.kind === 'invoice') return notice.invoice.anchor
  return notice.kind === 'payment' ? notice.payment.refundOf : undefined
}

/** A refund that failed is asked for again with another invoice, and is another payment. */
function refundKey({ id, refunds }) {
  return `refund ${id} ${refunds.length}`
}
