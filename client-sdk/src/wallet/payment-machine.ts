import type { ItemId, Timestamp } from '@tallystick/protocol'
import type { PaymentPart, PaymentRecord, PaymentStatus } from './wallet-records.js'

/** What may follow on what (PAY-3): no status comes back, and the last three stay. */
export const PAYMENT_NEXT: Readonly<Record<PaymentStatus, readonly PaymentStatus[]>> = {
  pending: ['cancelling', 'paid', 'failed', 'unknown'],
  cancelling: ['paid', 'failed', 'unknown'],
  paid: [],
  failed: [],
  unknown: [],
}

/** What became of one item of a payment. */
export type PartNews =
  | { readonly status: 'paid'; readonly preimage: Uint8Array }
  /** `code`: why; absent: as was said before. */
  | { readonly status: 'cancelling' | 'failed' | 'unknown'; readonly code?: string }

/**
 * One part's news against its payment; the payment itself where it says nothing new. A payment is paid
 * with the first part that is: its preimage is the receipt, and a payee shows it for all parts or none.
 */
export function stepPayment(
  payment: PaymentRecord,
  id: ItemId,
  news: PartNews,
  now: Timestamp,
): PaymentRecord {
  const part = payment.parts.find((other) => other.id === id)
  if (part === undefined || !PAYMENT_NEXT[part.status].includes(news.status)) return payment
  const parts = payment.parts.map((other) => (other === part ? moved(part, news) : other))
  const status = statusOf(parts)
  if (news.status === 'paid') {
    return { ...payment, parts, status, preimage: news.preimage, code: '', time: now }
  }
  // What the first part failed of is why the others are given back.
  const code = payment.code === '' || payment.parts.length === 1 ? news.code : undefined
  return {
    ...payment,
    parts,
    status,
    code: status === 'paid' ? '' : (code ?? payment.code),
    time: now,
  }
}

function moved(part: PaymentPart, { status }: PartNews): PaymentPart {
  return { ...part, status }
}

/** What its parts make of a payment. */
function statusOf(parts: readonly PaymentPart[]): PaymentStatus {
  const has = (status: PaymentStatus) => parts.some((part) => part.status === status)
  if (has('paid')) return 'paid'
  if (has('pending')) return 'pending'
  if (has('cancelling')) return 'cancelling'
  return has('unknown') ? 'unknown' : 'failed'
}

/** Whether it is known that it was paid, that the money is back, or that nobody here can know. */
export function isFinal({ status }: Pick<PaymentRecord, 'status'>): boolean {
  return PAYMENT_NEXT[status].length === 0
}

/** Whether none of its items is locked any more. */
export function isResolved({ parts }: Pick<PaymentRecord, 'parts'>): boolean {
  return parts.every(isFinal)
}
