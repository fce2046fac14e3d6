import type { Anchor, Timestamp } from '@tallystick/protocol'
import { isFinal, type Payment } from '../core/payment.js'
import { Queue } from '../core/queue.js'
import { EndedPayments } from './ended-payments.js'
import type { PaymentCursor } from './journal.js'

/**
 * Bytes of log after which what a record has changed is written where it belongs: at most, and at least,
 * and in between so many times the bytes of the pages that it is written to. A start does the log again
 * (40 ms per MiB), and a page is not written for nothing.
 */
const LOG_BYTES_MAX = 32 * 1_048_576
const LOG_BYTES_MIN = 8 * 1_048_576
const LOG_PER_PAGES = 8
/** Bytes of a page, until one is written. */
const PAGE_BYTES = 16_384
/**
 * Pages that one commit writes at most, so that it is not waited for. A batch of 1,024 promises is a record
 * of half a megabyte: where all of a million channels are in use, 900 pages are due for it.
 */
const PAGES_MAX = 1_024
const PAYMENTS_MAX = 1_024
/** Channels that are kept ready because no page has them, some two kilobytes each: beyond, pages are written. */
const UNWRITTEN_MAX = 262_144

/** What one commit writes beside its record, so that the log stays short. */
export type CheckpointPart = {
  readonly pages: readonly number[]
  readonly payments: readonly Payment[]
  /** Records that nothing needs any more, once this part is on disk. */
  readonly records: readonly number[]
}

/**
 * What the log has and the tables have not, oldest first. Every commit writes a part of it: its share, so that
 * all of it would be written while `#logBytesDue` of records come, and at least what records of before that have
 * left. The log stays short, whatever is in it, and no commit is a long one.
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
  /** Of those that were written last. */
  #pageBytes = PAGE_BYTES
  readonly #logBytesMax: number

  constructor(logBytesMax = LOG_BYTES_MAX) {
    this.#logBytesMax = logBytesMax
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
    const share = bytes / this.#logBytesDue()
    this.#duePages += share * this.#pages.size
    this.#duePayments += share * this.#payments.size
  }

  /** What the next commit writes beside its own record; `unwritten`: channels that no page has as they are. */
  next(unwritten: number): CheckpointPart {
    const until = this.#overdue()
    const pages = unwritten > UNWRITTEN_MAX ? PAGES_MAX : Math.floor(this.#duePages)
    return this.#part(
      { due: pages, until, max: PAGES_MAX },
      { due: Math.floor(this.#duePayments), until, max: PAYMENTS_MAX },
    )
  }

  /** Everything: for a file that is rewritten. */
  all(): CheckpointPart {
    const all = { due: 0, until: Number.POSITIVE_INFINITY, max: Number.POSITIVE_INFINITY }
    return this.#part(all, all)
  }

  /** A part is on disk; its pages have so many bytes together. */
  written({ pages, payments, records }: CheckpointPart, pageBytes: number): void {
    if (pages.length > 0) this.#pageBytes = pageBytes / pages.length
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

  #logBytesDue(): number {
    const bytes = LOG_PER_PAGES * this.#pages.size * this.#pageBytes
    return Math.min(this.#logBytesMax, Math.max(LOG_BYTES_MIN, bytes))
  }

  #dropEnded(anchor: Anchor): void {
    const payment = this.#payments.get(anchor)?.payment
    if (payment !== undefined && isFinal(payment)) this.#ended.remove(payment)
  }

  /** The newest record that as many bytes as the log should have stand behind; 0: there is none. */
  #overdue(): number {
    let excess = this.#logBytes - this.#logBytesDue()
    let newest = 0
    for (const { sequence, bytes } of this.#records) {
      excess -= bytes
      if (excess < 0) break
      newest = sequence
    }
    return newest
  }

  #part(pageShare: Share, paymentShare: Share): CheckpointPart {
    const [pages, firstPage] = oldest(this.#pages, (since) => since, pageShare)
    const [anchors, firstPayment] = oldest(this.#payments, ({ since }) => since, paymentShare)
    const payments = anchors.flatMap((anchor) => this.#payments.get(anchor)?.payment ?? [])
    const first = Math.min(firstPage, firstPayment)
    const records: number[] = []
    for (const { sequence } of this.#records) {
      if (sequence >= first) break
      records.push(sequence)
    }
    return { pages, payments, records }
  }
}

/** How much of what waits is taken: `due`, or all up to record `until` if that is more, but never above `max`. */
type Share = { readonly due: number; readonly until: number; readonly max: number }

/** The keys of the oldest in a map, and since which record the first that is left waits. */
function oldest<K, V>(
  map: ReadonlyMap<K, V>,
  sinceOf: (value: V) => number,
  { due, until, max }: Share,
): readonly [readonly K[], number] {
  const keys: K[] = []
  for (const [key, value] of map) {
    const since = sinceOf(value)
    const isDue = keys.length < due || since <= until
    if (!isDue || keys.length === max) return [keys, since]
    keys.push(key)
  }
  return [keys, Number.POSITIVE_INFINITY]
}
