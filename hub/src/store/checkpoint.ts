import type { Anchor, Timestamp } from '@tallystick/protocol'
import { isFinal, type Payment } from '../core/payment.js'
import { Queue } from '../core/queue.js'
import { EndedPayments } from './ended-payments.js'
import type { PaymentCursor } from './journal.js'

/** Bytes of log after which what a record has changed is written where it belongs. */
const LOG_BYTES = 32 * 1_048_576
/** Pages that one commit writes at most, so that it is not waited for. */
const PAGES_MAX = 256
const PAYMENTS_MAX = 1_024

/** What one commit writes beside its record, so that the log stays short. */
export type CheckpointPart = {
  readonly pages: readonly number[]
  readonly payments: readonly Payment[]
  /** Records that nothing needs any more, once this part is on disk. */
  readonly records: readonly number[]
}

/**
 * What the log has and the tables have not, oldest first. Every commit writes a part of it: so much that
 * all of it is written while `logBytes` of records come. The log stays short, whatever is in it, and no
 * commit is a long one.
 */
export class Checkpoint {
  /** By page, the first record that it does not have in it. */
  readonly #pages = new Map<number, number>()
  readonly #payments = new Map<Anchor, { readonly since: number; readonly payment: Payment }>()
  /** Those of the payments that have ended. */
  readonly #ended = new EndedPayments()
  readonly #records = new Queue<{ readonly sequence: number; readonly bytes: number }>()
  #logBytes = 0
  /** What is due by now, in parts of a page and of a payment. */
  #duePages = 0
  #duePayments = 0
  readonly #logBytesDue: number

  constructor(logBytes = LOG_BYTES) {
    this.#logBytesDue = logBytes
  }

  /** A record is in the log. */
  note(
    { sequence, bytes }: { readonly sequence: number; readonly bytes: number },
    pages: Iterable<number>,
    payments: Iterable<Payment>,
  ): void {
    this.#records.push({ sequence, bytes })
    this.#logBytes += bytes
    for (const page of pages) if (!this.#pages.has(page)) this.#pages.set(page, sequence)
    for (const payment of payments) {
      const since = this.#payments.get(payment.anchor)?.since ?? sequence
      this.#dropEnded(payment.anchor)
      this.#payments.set(payment.anchor, { since, payment })
      if (isFinal(payment)) this.#ended.add(payment)
    }
    const share = bytes / this.#logBytesDue
    this.#duePages += share * this.#pages.size
    this.#duePayments += share * this.#payments.size
  }

  /** What the next commit writes beside its own record. */
  next(): CheckpointPart {
    const isLate = this.#logBytes > 2 * this.#logBytesDue
    const [pages, payments] = isLate
      ? [PAGES_MAX, PAYMENTS_MAX]
      : [Math.min(PAGES_MAX, this.#duePages), Math.min(PAYMENTS_MAX, this.#duePayments)]
    return this.#part(Math.floor(pages), Math.floor(payments))
  }

  /** Everything: for a file that is rewritten. */
  all(): CheckpointPart {
    return this.#part(this.#pages.size, this.#payments.size)
  }

  /** A part is on disk. */
  written({ pages, payments, records }: CheckpointPart): void {
    for (const page of pages) this.#pages.delete(page)
    for (const { anchor } of payments) {
      this.#dropEnded(anchor)
      this.#payments.delete(anchor)
    }
    for (const _ of records) this.#logBytes -= this.#records.shift()?.bytes ?? 0
    this.#duePages = Math.max(0, this.#duePages - pages.length)
    this.#duePayments = Math.max(0, this.#duePayments - payments.length)
  }

  /** Whether a payment is newer than what its table has of it. */
  has({ anchor }: Payment): boolean {
    return this.#payments.has(anchor)
  }

  /** The first `count` payments behind `after` that ended before `before` and are in no table yet. */
  ended(after: PaymentCursor, before: Timestamp, count: number): readonly Payment[] {
    return this.#ended.page(after, before, count)
  }

  #dropEnded(anchor: Anchor): void {
    const payment = this.#payments.get(anchor)?.payment
    if (payment !== undefined && isFinal(payment)) this.#ended.remove(payment)
  }

  #part(pageCount: number, paymentCount: number): CheckpointPart {
    const [pages, firstPage] = oldest(this.#pages, pageCount)
    const [anchors, firstPayment] = oldest(this.#payments, paymentCount)
    const payments = anchors.flatMap((anchor) => this.#payments.get(anchor)?.payment ?? [])
    const first = Math.min(
      firstPage ?? Number.POSITIVE_INFINITY,
      firstPayment?.since ?? Number.POSITIVE_INFINITY,
    )
    const records: number[] = []
    for (const { sequence } of this.#records) {
      if (sequence >= first) break
      records.push(sequence)
    }
    return { pages, payments, records }
  }
}

/** The first `count` keys of a map, and the value behind them. */
function oldest<K, V>(
  map: ReadonlyMap<K, V>,
  count: number,
): readonly [readonly K[], V | undefined] {
  const keys: K[] = []
  for (const [key, value] of map) {
    if (keys.length === count) return [keys, value]
    keys.push(key)
  }
  return [keys, undefined]
}
