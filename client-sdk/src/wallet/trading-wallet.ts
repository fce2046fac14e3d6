import type { Anchor, ItemId } from '@tallystick/protocol'
import type { HubLink } from './hub-link.js'
import { namedArguments } from './named-arguments.js'
import {
  PAYMENT_FIELDS,
  type PaymentWish,
  type Quote,
  REFUND_FIELDS,
  type RefundWish,
} from './payment-wish.js'
import { entriesOf, type Page, type PageWish } from './record-page.js'
import type { WalletChannels } from './wallet-channels.js'
import type { Caller, WalletCore } from './wallet-core.js'
import { INVOICE_FIELDS, type InvoiceWish, WalletInvoices } from './wallet-invoices.js'
import { WalletPayments } from './wallet-payments.js'
import type {
  InvoiceRecord,
  InvoiceStatus,
  PaymentRecord,
  PaymentStatus,
} from './wallet-records.js'

/** What a wallet does to be paid and to pay: invoices, what is held for them, payments and refunds. */
export class TradingWallet {
  readonly #invoices: WalletInvoices
  readonly #payments: WalletPayments

  protected constructor(core: WalletCore, link: HubLink, channels: WalletChannels) {
    this.#invoices = new WalletInvoices(core, link, channels)
    this.#payments = new WalletPayments(core, link, this.#invoices)
  }

  /**
   * An invoice as a string to hand out (`text`). If less could be received now, the hub is asked
   * for inbound liquidity first. Errors: `argument_invalid`, `amount_invalid`, `expiry_invalid`, `description_invalid`,
   * `inbound_out_of_bounds` when it is more than the hub would ever deposit, what it refuses.
   */
  async createInvoice(asked: InvoiceWish & Caller = {}): Promise<InvoiceRecord> {
    const { wish, caller } = namedArguments<InvoiceWish>('createInvoice', asked, INVOICE_FIELDS)
    return this.#invoices.create(wish, caller)
  }

  /**
   * Kept once the invoice is paid: from then on the ledger would enforce it without the hub. Errors:
   * `invoice_expired`, `invoice_cancelled`, `invoice_unknown`.
   */
  paid(anchor: Anchor, caller: Caller = {}): Promise<InvoiceRecord> {
    return this.#invoices.paid(anchor, caller)
  }

  /**
   * Kept once all that an invoice made with `hold` asks for is locked to it: it can be captured until
   * ledger time `waitsUntil`. Errors: as of `paid`.
   */
  held(anchor: Anchor, caller: Caller = {}): Promise<InvoiceRecord> {
    return this.#invoices.held(anchor, caller)
  }

  /**
   * Takes what is held for an invoice, in whole, and waits until it is paid. Calling it again does
   * nothing. Errors: `invoice_not_held`, `invoice_unknown`.
   */
  capture(anchor: Anchor, caller: Caller = {}): Promise<InvoiceRecord> {
    return this.#invoices.capture(anchor, caller)
  }

  /**
   * Takes an open invoice back, or gives back what is held for it (void): it can be paid no more.
   * Calling it again does nothing. Errors: `already_paid`, `invoice_expired`, `invoice_unknown`.
   */
  cancel(anchor: Anchor): Promise<InvoiceRecord> {
    return this.#invoices.cancel(anchor)
  }

  /** An invoice of this wallet, whatever became of it. Errors: `anchor_invalid`. */
  invoice(anchor: Anchor): Promise<InvoiceRecord | undefined> {
    return this.#invoices.get(anchor)
  }

  /** A page of this wallet's invoices, newest first, whatever became of them. Errors: `page_invalid`. */
  invoices(wish: PageWish<InvoiceStatus> = {}): Promise<Page<InvoiceRecord>> {
    return this.#invoices.list(wish)
  }

  /** All of them, newest first, read page by page as they are asked for. Errors: `page_invalid`. */
  eachInvoice(wish: PageWish<InvoiceStatus> = {}): AsyncIterable<InvoiceRecord> {
    return entriesOf((page) => this.invoices(page), wish)
  }

  /**
   * What paying an invoice would take now: nothing is promised. The fee is what the hub's policy says,
   * `feeBase + amount * feePpm / 10^6` rounded up, for each part. Errors: why the invoice cannot be paid by
   * this wallet, `amount_required`, `amount_mismatch`, `insufficient_balance`.
   */
  async quote(text: string, asked: Pick<PaymentWish, 'amount'> & Caller = {}): Promise<Quote> {
    const { wish, caller } = namedArguments<Pick<PaymentWish, 'amount'>>('quote', asked)
    return this.#payments.quote(text, wish, caller)
  }

  /**
   * Pays an invoice and waits for the receipt. The same `key` pays once, however often and after
   * whatever crash it is called. Errors: `payment_failed` when the money is certainly back;
   * `payment_unknown` says that it is not known and never that it failed; `aborted` says nothing about
   * the payment; any other code comes before anything was promised: `key_required`, `key_reused`,
   * `argument_invalid`, `fee_above_cap`, `already_paid`, and as of `quote`.
   */
  async pay(text: string, asked: PaymentWish & Caller): Promise<PaymentRecord> {
    const { wish, caller } = namedArguments<PaymentWish>('pay', asked, PAYMENT_FIELDS)
    return this.#payments.pay(text, wish, caller)
  }

  /**
   * Pays back: the customer's invoice `text`, linked to the `sale` that it undoes. All refunds of
   * one sale together never exceed what it brought. Errors: as of `pay`, `refund_above_sale`, `sale_unknown`.
   */
  async refund(text: string, asked: RefundWish & Caller): Promise<PaymentRecord> {
    const { wish, caller } = namedArguments<RefundWish>('refund', asked, REFUND_FIELDS)
    return this.#payments.refund(text, wish, caller)
  }

  /** The payment that was begun with this key, whatever became of it. Errors: `key_required`. */
  paymentOf(key: string): Promise<PaymentRecord | undefined> {
    return this.#payments.of(key)
  }

  /** A payment of this wallet, whatever became of it. Errors: `payment_invalid`. */
  payment(id: ItemId): Promise<PaymentRecord | undefined> {
    return this.#payments.get(id)
  }

  /**
   * The receipt of a payment that was paid, as a string: whoever gets it can verify by itself that the
   * payee was paid what its invoice asked for (`parseReceipt`, RECEIPT-1). Errors: `payment_not_paid`.
   */
  receipt(id: ItemId): Promise<string> {
    return this.#payments.receipt(id)
  }

  /** A page of this wallet's payments, refunds among them, newest first. Errors: `page_invalid`. */
  payments(wish: PageWish<PaymentStatus> = {}): Promise<Page<PaymentRecord>> {
    return this.#payments.list(wish)
  }

  /** All of them, newest first, read page by page as they are asked for. Errors: `page_invalid`. */
  eachPayment(wish: PageWish<PaymentStatus> = {}): AsyncIterable<PaymentRecord> {
    return entriesOf((page) => this.payments(page), wish)
  }
}
