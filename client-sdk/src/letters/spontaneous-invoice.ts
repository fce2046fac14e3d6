import { amount, type PaymentLetter, type Timestamp } from '@tallystick/protocol'
import type { InvoiceRecord } from '../wallet/wallet-records.js'

/** What is kept of a payment that was announced and has come (MAIL-5), before it is taken. */
export function spontaneousInvoice(letter: PaymentLetter, now: Timestamp): InvoiceRecord {
  const { anchor, preimage, expiry, message } = letter
  return {
    ...{ anchor, preimage, expiry },
    order: 0,
    amount: letter.amount,
    received: amount(0n),
    description: { kind: 'text', text: message },
    text: '',
    origin: 'spontaneous',
    hold: false,
    status: 'open',
    parts: [],
    waitsUntil: undefined,
    created: now,
    time: now,
    refunded: amount(0n),
    refundsPending: 0,
  }
}
