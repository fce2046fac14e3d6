import {
  type Amount,
  amount,
  type ItemId,
  type Rejection,
  reject,
  type Timestamp,
} from '@tallystick/protocol'
import { isFinal, type PartNews, stepPayment } from './payment-machine.js'
import type { WalletEffect } from './wallet-event.js'
import type { InvoiceRecord, PaymentRecord } from './wallet-records.js'
import type { WalletOverlay } from './wallet-state.js'

/** The paid invoice `sale` with one more refund under way; all of them never exceed what was received. */
export function linkRefund(
  sale: InvoiceRecord,
  value: Amount,
): InvoiceRecord | Rejection<'sale_unknown' | 'refund_above_sale'> {
  if (sale.status !== 'paid') return reject('sale_unknown', `invoice ${sale.anchor} was not paid`)
  const refunded = sale.refunded + value
  return refunded > sale.received
    ? reject('refund_above_sale', `${sale.received - sale.refunded} base units can be refunded`)
    : { ...sale, refunded: amount(refunded), refundsPending: sale.refundsPending + 1 }
}

function endRefund(sale: InvoiceRecord, { status, amount: value }: PaymentRecord): InvoiceRecord {
  const refunded = amount(sale.refunded - (status === 'failed' ? value : 0n))
  return { ...sale, refunded, refundsPending: sale.refundsPending - 1 }
}

/** What became of an item of this wallet's payments: a refund that failed may be made again. */
export function endPart(
  state: WalletOverlay,
  id: ItemId,
  news: PartNews,
  now: Timestamp,
): WalletEffect[] {
  const before = state.paymentOfItem(id)
  if (before === undefined) return []
  const payment = stepPayment(before, id, news, now)
  if (payment === before) return []
  state.setPayment(payment)
  const sale = payment.refundOf && state.invoice(payment.refundOf)
  const ended = sale && isFinal(payment) && !isFinal(before) ? endRefund(sale, payment) : undefined
  if (ended !== undefined) state.setInvoice(ended)
  return [
    ...(ended === undefined ? [] : [{ kind: 'saleChanged', invoice: ended } as const]),
    ...(payment.status === before.status ? [] : [{ kind: 'paymentChanged', payment } as const]),
  ]
}
