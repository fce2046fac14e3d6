import type { Anchor, ItemId } from '@tallystick/protocol'
import type {
  InvoiceRecord,
  InvoiceStatus,
  PaymentRecord,
  PaymentStatus,
} from '#client-sdk/wallet/wallet-records.js'
import { Violation } from './violation.js'

/** How far an invoice has come: what has ended stays as it is (INVOICE-4). */
const INVOICE_STAGE: Readonly<Record<InvoiceStatus, number>> = {
  ...{ open: 0, held: 1, claiming: 2 },
  ...{ paid: 3, expired: 3, cancelled: 3 },
}
/** And a payment (PAY-3). */
const PAYMENT_STAGE: Readonly<Record<PaymentStatus, number>> = {
  ...{ pending: 0, cancelling: 1 },
  ...{ paid: 2, failed: 2, unknown: 2 },
}

type Known<Status> = { status: Status; value: bigint }

/** INVOICE-4 and PAY-3: on the disk of an honest wallet no status comes back, in all lives of its process. */
export class StatusHistory {
  readonly #invoices = new Map<string, Map<Anchor, Known<InvoiceStatus>>>()
  readonly #payments = new Map<string, Map<ItemId, Known<PaymentStatus>>>()

  onInvoice(wallet: string, { anchor, status, received }: InvoiceRecord): void {
    const known = this.#invoices.get(wallet) ?? new Map<Anchor, Known<InvoiceStatus>>()
    this.#invoices.set(wallet, known)
    const before = known.get(anchor)
    known.set(anchor, { status, value: received })
    if (before === undefined || isAfter(INVOICE_STAGE, before, { status, value: received })) return
    const what = `${wallet} has an invoice ${before.status} (${before.value}) and then ${status}`
    throw new Violation('INVOICE-4', `${what} (${received})`)
  }

  onPayment(wallet: string, { id, status, amount, fee }: PaymentRecord): void {
    const known = this.#payments.get(wallet) ?? new Map<ItemId, Known<PaymentStatus>>()
    this.#payments.set(wallet, known)
    const [before, now] = [known.get(id), { status, value: amount + fee }]
    known.set(id, now)
    if (before === undefined || isAfter(PAYMENT_STAGE, before, now)) return
    const what = `${wallet} has a payment ${before.status} (${before.value}) and then ${status}`
    throw new Violation('PAY-3', `${what} (${now.value})`)
  }

  /** A wallet has lost its disk: what it goes on from may be older. */
  onLost(wallet: string): void {
    this.#invoices.delete(wallet)
    this.#payments.delete(wallet)
  }
}

/** Whether one may follow on the other: it has come further, or is the very same. */
function isAfter<Status extends string>(
  stages: Readonly<Record<Status, number>>,
  before: Known<Status>,
  now: Known<Status>,
): boolean {
  if (stages[now.status] > stages[before.status]) return true
  const isOver = stages[before.status] === Math.max(...Object.values<number>(stages))
  return before.status === now.status && (!isOver || before.value === now.value)
}
