import { type Decoded, list, struct } from '@tallystick/protocol'
import { isResolved } from '../wallet/payment-machine.js'
import {
  type InvoiceRecord,
  invoiceRecordCodec,
  type PaymentRecord,
  paymentRecordCodec,
} from '../wallet/wallet-records.js'
import { isDoneInvoice } from '../wallet/wallet-state.js'

/** Finished payments and invoices in every backup: 64 keys that are not paid again, 13 kB. */
const PAYMENTS_MAX = 64
const INVOICES_MAX = 16

/** The newest that are finished, oldest first; kept apart, so that no backup reads all of history. */
export const finishedRecordsCodec = struct({
  doneInvoices: list(invoiceRecordCodec, INVOICES_MAX),
  donePayments: list(paymentRecordCodec, PAYMENTS_MAX),
})
export type FinishedRecords = Decoded<typeof finishedRecordsCodec>

export const NOTHING_FINISHED: FinishedRecords = { doneInvoices: [], donePayments: [] }

/** With an invoice as it is now; one that has a refund under way is not finished any more. */
export function withInvoice(finished: FinishedRecords, invoice: InvoiceRecord): FinishedRecords {
  const others = finished.doneInvoices.filter(({ anchor }) => anchor !== invoice.anchor)
  const doneInvoices = isDoneInvoice(invoice) ? [...others, invoice] : others
  return { ...finished, doneInvoices: doneInvoices.slice(-INVOICES_MAX) }
}

/** With a payment as it is now. */
export function withPayment(finished: FinishedRecords, payment: PaymentRecord): FinishedRecords {
  const others = finished.donePayments.filter(({ id }) => id !== payment.id)
  const donePayments = isResolved(payment) ? [...others, payment] : others
  return { ...finished, donePayments: donePayments.slice(-PAYMENTS_MAX) }
}

/** The newest of what a backup has of them. */
export function newestFinished(records: FinishedRecords): FinishedRecords {
  const newest = <T extends { readonly time: number }>(all: readonly T[], most: number) =>
    all.toSorted((a, b) => a.time - b.time).slice(-most)
  return {
    doneInvoices: newest(records.doneInvoices, INVOICES_MAX),
    donePayments: newest(records.donePayments, PAYMENTS_MAX),
  }
}
