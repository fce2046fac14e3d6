import { type Amount, amount, type Rejection, reject } from '@tallystick/protocol'
import type { WalletEffect } from './wallet-event.js'
import type { InvoiceRecord, PaymentRecord } from './wallet-records.js'
import type { WalletOverlay } from './wallet-state.js'

/** The paid invoice `sale` with one more refund under way; all of them never exceed it. */
export function linkRefund(
  sale: InvoiceRecord,
  value: Amount,
): InvoiceRecord | Rejection<'sale_unknown' | 'refund_above_sale'> {
  if (sale.status !== 'paid') return reject('sale_unknown', `invoice ${sale.anchor} was not paid`)
  const refunded = sale.refunded + value
  return refunded > sale.amount
    ? reject('refund_above_sale', `${sale.amount - sale.refunded} base units can be refunded`)
    : { ...sale, refunded: amount(refunded), refundsPending: sale.refundsPending + 1 }
}

/** A payment has come to its end: a refund that failed may be made again. */
export function finishPayment(state: WalletOverlay, payment: PaymentRecord): WalletEffect[] {
  const before = state.payment(payment.id)
  state.setPayment(payment)
  const sale = payment.refundOf && state.invoice(payment.refundOf)
  if (sale && before?.status !== 'paid' && before?.status !== 'failed') {
    const back = payment.status === 'failed' ? payment.amount : 0n
    const refunded = amount(sale.refunded - back)
    state.setInvoice({ ...sale, refunded, refundsPending: sale.refundsPending - 1 })
  }
  return [{ kind: 'paymentChanged', payment }]
}
