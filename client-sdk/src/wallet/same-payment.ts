import type { PaymentRecord } from './wallet-records.js'

/** What makes a payment this one and no other: under the same key it may be asked for again (PAY-1). */
export type PaymentContent = Pick<PaymentRecord, 'text' | 'amount' | 'refundOf'>

export function isSamePayment(one: PaymentContent, other: PaymentContent): boolean {
  return one.text === other.text && one.amount === other.amount && one.refundOf === other.refundOf
}
