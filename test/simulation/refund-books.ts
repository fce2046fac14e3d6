import type { Anchor, ItemId } from '@tallystick/protocol'
import type { InvoiceRecord, PaymentRecord } from '#client-sdk/wallet/wallet-records.js'
import { Violation } from './violation.js'

type Refund = Pick<PaymentRecord, 'amount' | 'status'>

/**
 * PAY-7, at all that lies on the disk of an honest merchant: what is being paid back of a sale, was, or may have been,
 * is never more than the sale has brought; and the sale itself says how much that is.
 */
export class RefundBooks {
  readonly #refunds = new Map<string, Map<Anchor, Map<ItemId, Refund>>>()
  readonly #lost = new Set<string>()

  /** Invoices and payments that came to the disk of a merchant at once; `received`: what each sale has brought it. */
  onStored(
    merchant: string,
    invoices: readonly InvoiceRecord[],
    payments: readonly PaymentRecord[],
    received: ReadonlyMap<Anchor, bigint>,
  ): void {
    // What it has forgotten, it may pay back again.
    if (this.#lost.has(merchant)) return
    const sales = this.#refunds.get(merchant) ?? new Map<Anchor, Map<ItemId, Refund>>()
    this.#refunds.set(merchant, sales)
    for (const { id, amount, status, refundOf } of payments) {
      if (refundOf === undefined) continue
      const refunds = sales.get(refundOf) ?? new Map<ItemId, Refund>()
      sales.set(refundOf, refunds.set(id, { amount, status }))
      const brought = received.get(refundOf) ?? 0n
      const sum = sumOf(refunds)
      if (sum > brought) {
        throw new Violation('PAY-7', `${merchant} pays ${sum} back of a sale of ${brought}`)
      }
    }
    for (const { anchor, refunded } of invoices) {
      const sum = sumOf(sales.get(anchor))
      if (refunded === sum) continue
      throw new Violation('PAY-7', `${merchant} calls ${refunded} refunded, and it is ${sum}`)
    }
  }

  /** A wallet has lost its disk. */
  onLost(wallet: string): void {
    this.#lost.add(wallet)
  }
}

/** One that failed does not count. */
function sumOf(refunds: ReadonlyMap<ItemId, Refund> | undefined): bigint {
  let sum = 0n
  for (const { amount, status } of refunds?.values() ?? []) if (status !== 'failed') sum += amount
  return sum
}
