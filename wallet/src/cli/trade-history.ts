import type { InvoiceRecord, PaymentRecord, PayoutRecord, Wallet } from '@tallystick/client-sdk'
import { CommandError } from '@tallystick/daemon'
import { type AssetId, isRejection, parseInvoice, type Timestamp } from '@tallystick/protocol'
import { descriptionLine } from './description-text.js'
import { invoiceFacts, invoiceStatus } from './invoice-text.js'
import { type Money, timeText } from './ledger-words.js'
import { paymentFacts, paymentStatus } from './payment-text.js'
import { payoutFacts, payoutStatus } from './payout-text.js'

/** Something that was asked for, paid or paid out; a refund is a payment that undoes a sale. */
export type Trade = { readonly created: Timestamp; readonly asset: AssetId } & (
  | { readonly kind: 'invoice'; readonly invoice: InvoiceRecord }
  | { readonly kind: 'payment' | 'refund'; readonly payment: PaymentRecord }
  | { readonly kind: 'payout'; readonly payout: PayoutRecord }
)

/** A page of the lists of a wallet as one, newest first; `next`: where the page after it begins. */
export type TradePage = { readonly trades: readonly Trade[]; readonly next: string | undefined }

/** Where the lists have been read to: the places of the last invoice, payment and payout; 0: nothing was read. */
type Cursor = { readonly invoice: number; readonly payment: number; readonly payout: number }

/** `limit`: 1 to 100. Throws `page_invalid`. */
export async function tradePage(
  wallet: Pick<Wallet, 'invoices' | 'payments' | 'payouts'>,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<TradePage> {
  const cursor = cursorOf(after)
  const [invoices, payments, payouts] = await Promise.all([
    wallet.invoices({ ...pageAfter(cursor.invoice), limit }),
    wallet.payments({ ...pageAfter(cursor.payment), limit }),
    wallet.payouts({ ...pageAfter(cursor.payout), limit }),
  ])
  const paid = merged(invoices.items.map(ofInvoice), payments.items.map(ofPayment), limit)
  const trades = merged(paid, payouts.items.map(ofPayout), limit)
  const isMore =
    trades.length < invoices.items.length + payments.items.length + payouts.items.length ||
    invoices.next !== undefined ||
    payments.next !== undefined ||
    payouts.next !== undefined
  return { trades, next: isMore ? cursorText(cursorAfter(cursor, trades)) : undefined }
}

function pageAfter(place: number): { readonly after?: string } {
  return place === 0 ? {} : { after: String(place) }
}

/** The newest of two lists that are newest first; of each, what is taken is its beginning. */
function merged(left: readonly Trade[], right: readonly Trade[], limit: number): readonly Trade[] {
  const [rest, others] = [[...left], [...right]]
  const taken: Trade[] = []
  while (taken.length < limit) {
    const isLeft = (rest[0]?.created ?? -1) >= (others[0]?.created ?? -1)
    const next = (isLeft ? rest : others).shift()
    if (next === undefined) break
    taken.push(next)
  }
  return taken
}

function cursorAfter({ invoice, payment, payout }: Cursor, trades: readonly Trade[]): Cursor {
  const lastInvoice = trades.findLast((trade) => trade.kind === 'invoice')
  const lastPayment = trades.findLast(isPaid)
  const lastPayout = trades.findLast((trade) => trade.kind === 'payout')
  return {
    invoice: lastInvoice?.invoice.order ?? invoice,
    payment: lastPayment?.payment.order ?? payment,
    payout: lastPayout?.payout.order ?? payout,
  }
}

function isPaid(trade: Trade): trade is Extract<Trade, { readonly payment: PaymentRecord }> {
  return trade.kind === 'payment' || trade.kind === 'refund'
}

function cursorText({ invoice, payment, payout }: Cursor): string {
  return `${invoice}.${payment}.${payout}`
}

function cursorOf(text: string | undefined): Cursor {
  if (text === undefined) return { invoice: 0, payment: 0, payout: 0 }
  const [, invoice, payment, payout = '0'] =
    /^(\d{1,15})\.(\d{1,15})(?:\.(\d{1,15}))?$/.exec(text) ?? []
  if (invoice !== undefined && payment !== undefined) {
    return { invoice: Number(invoice), payment: Number(payment), payout: Number(payout) }
  }
  throw new CommandError('page_invalid', 'what --after takes is the "next" of the page before')
}

function ofInvoice(invoice: InvoiceRecord): Trade {
  const { created, text } = invoice
  return { kind: 'invoice', created, asset: assetOf(text), invoice }
}

function ofPayment(payment: PaymentRecord): Trade {
  const { created, text, refundOf } = payment
  const kind = refundOf === undefined ? 'payment' : 'refund'
  return { kind, created, asset: assetOf(text), payment }
}

function ofPayout(payout: PayoutRecord): Trade {
  return { kind: 'payout', created: payout.created, asset: ASSET_WITHOUT_INVOICE, payout }
}

/** What wallets hold coins and channels in. */
const ASSET_WITHOUT_INVOICE: AssetId = 0

/** An invoice of a store was read when it came in; what came, or was paid, unasked has none (MAIL-5). */
function assetOf(text: string): AssetId {
  if (text === '') return ASSET_WITHOUT_INVOICE
  const invoice = parseInvoice(text)
  if (isRejection(invoice)) throw new CommandError('store_corrupt', invoice.detail)
  return invoice.asset
}

/** For programs; the key of a payment is not kept, only what it stands for. */
export function tradeFacts(trade: Trade): object {
  const { kind, asset } = trade
  switch (trade.kind) {
    case 'invoice':
      return { kind, ...invoiceFacts(trade.invoice, asset) }
    case 'payment':
    case 'refund':
      return { kind, ...paymentFacts({ payment: trade.payment, key: null }, asset) }
    case 'payout':
      return { kind, ...payoutFacts(trade.payout, { asset, key: null }) }
  }
}

/** For people: a line each. */
export function tradeLine(trade: Trade, money: Money): string {
  const { created, asset } = trade
  if (trade.kind === 'invoice') {
    const { invoice } = trade
    const { amount, received, description } = invoice
    const units = received > 0n ? received : amount
    const worth = units === undefined ? 'any amount' : money(asset, units)
    const refunded = invoice.refunded > 0n ? `, ${money(asset, invoice.refunded)} refunded` : ''
    const status = `${invoiceStatus(invoice)}${refunded}`
    return rowOf([timeText(created), 'invoice', worth, status, descriptionLine(description)])
  }
  if (trade.kind === 'payout') {
    const { value, sent, lock, isOwn } = trade.payout
    const worth = `-${money(asset, value + (sent?.fee ?? 0n))}`
    const to = isOwn ? 'own coins' : `to ${lock}`
    return rowOf([timeText(created), 'payout', worth, payoutStatus(trade.payout), to])
  }
  const { amount, fee, description } = trade.payment
  const status = paymentStatus(trade.payment)
  const worth = `-${money(asset, amount + fee)}`
  return rowOf([timeText(created), trade.kind, worth, status, descriptionLine(description)])
}

/** Widths of the columns of a row. */
const WIDTHS = [23, 7, 22, 9, 0] as const

function rowOf(cells: readonly [string, string, string, string, string]): string {
  return cells
    .map((cell, column) => {
      return column === 2 ? cell.padStart(WIDTHS[2]) : cell.padEnd(WIDTHS[column] ?? 0)
    })
    .join('  ')
    .trimEnd()
}
