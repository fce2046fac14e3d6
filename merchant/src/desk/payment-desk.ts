import { type PaymentRecord, WalletError } from '@tallystick/client-sdk'
import { type Anchor, isRejection, parseInvoice, toHex } from '@tallystick/protocol'
import type { ApiCaller } from '../core/caller.js'
import type { PaymentStatus } from '../core/object-events.js'
import { insertBooking } from '../store/booking-store.js'
import { reserveSpending, settleSpending } from '../store/key-store.js'
import { Refusal, type Statements } from '../store/merchant-database.js'
import { dataOf, type StoredObject } from '../store/object-row.js'
import { changeObject, findObject, insertObject, ObjectStore } from '../store/object-store.js'
import { type DoneRequest, rememberRequest } from '../store/request-store.js'
import {
  type InvoiceData,
  invoiceData,
  type PaymentData,
  paymentData,
} from '../store/stored-data.js'
import { describedAs } from './described-as.js'
import { HandedOver, walletKey } from './handed-over.js'
import { type MerchantParts, newId } from './merchant-parts.js'
import { quotePayment } from './quote-payment.js'

/** What a shop wants to have paid. */
export type PaymentOrder = {
  /** The payee's invoice. */
  readonly invoice: string
  /** Base units, where the invoice leaves the amount open. */
  readonly amount: bigint | undefined
  /** The most that the hub may ask for it, base units; absent: what it asks for now. */
  readonly feeMax: bigint | undefined
  readonly metadata: Readonly<Record<string, string>>
  /** Of a refund: the shop's own invoice that it pays back. */
  readonly sale: StoredObject | undefined
}

/**
 * What the shop pays, refunds among it. The intention is durable, counted against all limits and named before the
 * wallet hears of it; the wallet's own key is made of that name. So it is paid once, whenever this process dies.
 */
export class PaymentDesk {
  readonly #parts: MerchantParts
  readonly #objects: ObjectStore
  readonly #handedOver: HandedOver

  constructor(parts: MerchantParts) {
    this.#parts = parts
    this.#objects = new ObjectStore(parts.database)
    this.#handedOver = new HandedOver(parts, {
      kinds: ['payment', 'refund'],
      problem: 'payment_not_followed',
      act: (payment) => this.#pay(payment),
      undo: (statements, payment) => undoRefund(statements, dataOf(paymentData, payment)),
      failed: (payment, code) => this.#settle(payment, { status: 'failed', code }),
    })
  }

  /**
   * Pays, and answers once it is final, or pending after a while. Errors: `Refusal` for a limit; `WalletError` where it
   * was refused before anything was promised, and nothing is kept of it.
   */
  async create(
    caller: ApiCaller,
    order: PaymentOrder,
    remember: (object: string) => DoneRequest,
  ): Promise<StoredObject> {
    const { database, wallet, now } = this.#parts
    const { sale } = order
    const kind = sale === undefined ? 'payment' : 'refund'
    // Named before what is due to the shop's purse: this would be refused however full it is.
    if (sale !== undefined) requireLeft(dataOf(invoiceData, sale), sale.id, askedBy(order))
    const { asset, ...quote } = await quotePayment(wallet, order.invoice, order.amount)
    const { amount, fee } = quote
    const feeMax = order.feeMax ?? fee
    if (fee > feeMax) {
      const detail = `the hub asks for ${fee} base units, allowed were ${feeMax}`
      throw new WalletError('fee_above_cap', detail)
    }
    const id = newId(this.#parts, kind === 'refund' ? 're' : 'pay')
    const request = remember(id)
    const data: PaymentData = {
      ...{ amount: amount.toString(), asset, fee_max: feeMax.toString(), fee: null },
      ...{ description: describedAs(quote.description), invoice: order.invoice },
      ...{ payee: quote.payee, anchor: quote.anchor },
      ...{ metadata: { ...order.metadata }, preimage: null, code: null, sale: sale?.id ?? null },
    }
    const spending = { id, key: caller.key, time: now(), amount: amount + feeMax }
    const made = await database.write(async (statements) => {
      await rememberRequest(statements, request)
      await reserveSpending(statements, { ...spending, account: caller.account })
      if (sale !== undefined) await noteRefund(statements, sale.id, amount)
      await insertObject(statements, {
        ...{ id, kind, account: caller.account, link: id, status: 'pending', created: now(), data },
      })
      return findObject(statements, 'id', [id])
    })
    if (made === undefined) throw new Error(`${id} was just written and is not there`)
    await this.#handedOver.begin(made, request)
    return (await this.#objects.get(id)) ?? made
  }

  /** Goes on with what was under way when the process ended. */
  catchUp(): Promise<void> {
    return this.#handedOver.catchUp()
  }

  /** Kept once nothing is under way here; what is not final goes on when the server starts again. */
  idle(): Promise<void> {
    return this.#handedOver.idle()
  }

  /** Pays once, by the wallet's key. Throws `WalletError` when the wallet has promised nothing, and will not. */
  async #pay(payment: StoredObject): Promise<void> {
    const { wallet } = this.#parts
    const { invoice, amount, fee_max: feeMax, sale } = dataOf(paymentData, payment)
    const wish = { key: walletKey(payment), amount: BigInt(amount), feeMax: BigInt(feeMax) }
    try {
      const anchor = sale === null ? undefined : await this.#anchorOf(sale)
      const paid =
        anchor === undefined
          ? await wallet.pay(invoice, wish)
          : await wallet.refund(invoice, { ...wish, sale: anchor })
      await this.#settle(payment, paid)
    } catch (error) {
      const record = await wallet.paymentOf(walletKey(payment))
      if (record === undefined) throw error
      await this.#settle(payment, record)
    }
  }

  async #anchorOf(sale: string): Promise<Anchor | undefined> {
    const stored = await this.#objects.get(sale)
    return stored && (dataOf(invoiceData, stored).anchor as Anchor)
  }

  /** Takes in how a payment has ended, and frees what was promised for it and not spent. */
  async #settle(
    { id }: StoredObject,
    record: PaymentRecord | { readonly status: 'failed'; readonly code: string },
  ): Promise<void> {
    const { database, news, now } = this.#parts
    const status = statusOf(record)
    await database.write(async (statements) => {
      const found = await findObject(statements, 'id', [id])
      if (found === undefined) return
      const before = dataOf(paymentData, found)
      const paid = 'fee' in record ? record : undefined
      const data: PaymentData = {
        ...before,
        fee: status === 'paid' && paid !== undefined ? paid.fee.toString() : null,
        preimage: paid?.preimage === undefined ? null : toHex(paid.preimage),
        code: record.code === '' ? null : record.code,
      }
      const event = { time: now(), newId: (prefix: string) => newId(this.#parts, prefix) }
      const after = await changeObject(statements, found, { status, data }, event)
      if (after.status === found.status) return
      if (status === 'paid') {
        await settleSpending(statements, id, BigInt(before.amount) + BigInt(data.fee ?? '0'))
        const booking = {
          ...{ reference: id, account: found.account, link: before.anchor, ledger: 0n },
          ...{ text: before.description, time: now() },
        }
        const kind = before.sale === null ? 'payment' : 'refund'
        await insertBooking(statements, { ...booking, kind, channels: -BigInt(before.amount) })
        const fee = { kind: `${kind}_fee`, channels: -BigInt(data.fee ?? '0') } as const
        await insertBooking(statements, { ...booking, ...fee })
      }
      if (status === 'failed') {
        await settleSpending(statements, id, 0n)
        await undoRefund(statements, before)
      }
    })
    news.tell()
  }
}

function statusOf({ status }: Pick<PaymentRecord, 'status'>): PaymentStatus {
  switch (status) {
    case 'pending':
    case 'cancelling':
      return 'pending'
    case 'unknown':
    case 'paid':
    case 'failed':
      return status
  }
}

/** What an order asks for; 0 where that is for the wallet to complain about. */
function askedBy({ invoice: text, amount }: PaymentOrder): bigint {
  const invoice = parseInvoice(text)
  return (isRejection(invoice) ? amount : (invoice.amount ?? amount)) ?? 0n
}

/** All refunds of a sale together never exceed it. Throws `Refusal`: `refund_above_sale`. */
function requireLeft({ received, refunded }: InvoiceData, sale: string, amount: bigint): void {
  const left = BigInt(received ?? '0') - BigInt(refunded)
  if (amount <= left) return
  const detail = `${left} base units of ${sale} can be refunded, and this asks for ${amount}`
  throw new Refusal('refund_above_sale', detail)
}

/** Counts a refund against its sale before it is made. Throws as `requireLeft`. */
async function noteRefund(statements: Statements, sale: string, amount: bigint): Promise<void> {
  const found = await findObject(statements, 'id', [sale])
  if (found === undefined) return
  const before = dataOf(invoiceData, found)
  requireLeft(before, sale, amount)
  await setRefunded(statements, sale, before, BigInt(before.refunded) + amount)
}

/** A refund was not made: so much more of its sale can be refunded again. */
async function undoRefund(statements: Statements, { sale, amount }: PaymentData): Promise<void> {
  const found = sale === null ? undefined : await findObject(statements, 'id', [sale])
  if (found === undefined) return
  const before = dataOf(invoiceData, found)
  await setRefunded(statements, found.id, before, BigInt(before.refunded) - BigInt(amount))
}

async function setRefunded(
  { run }: Statements,
  sale: string,
  before: InvoiceData,
  refunded: bigint,
): Promise<void> {
  const data = JSON.stringify({ ...before, refunded: refunded.toString() })
  await run('UPDATE object SET data = ? WHERE id = ?', [data, sale])
}
