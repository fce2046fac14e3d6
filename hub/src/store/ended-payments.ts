import type { Timestamp } from '@tallystick/protocol'
import type { Payment } from '../core/payment.js'
import type { PaymentCursor } from './journal.js'

/** Payments of one run at most: what one that comes or goes moves. */
const RUN_PAYMENTS_MAX = 512

/**
 * Payments that have ended and are in no table yet, in the order in which they are listed (HUB-12). One
 * that comes or goes costs two searches by halves and one run; a page costs the search and what it shows.
 */
export class EndedPayments {
  /** Each in order, none empty, and all of one before all of the next. */
  readonly #runs: Payment[][] = []

  add(payment: Payment): void {
    const at = Math.max(0, this.#runBehind(payment) - 1)
    const run = this.#runs[at] ?? []
    if (run.length === 0) this.#runs.push(run)
    run.splice(firstBehind(run, payment), 0, payment)
    if (run.length <= RUN_PAYMENTS_MAX) return
    this.#runs.splice(at + 1, 0, run.splice(RUN_PAYMENTS_MAX / 2))
  }

  /** Takes out one that was added. */
  remove(payment: Payment): void {
    const at = this.#runBehind(payment) - 1
    const run = this.#runs[at] ?? []
    run.splice(firstBehind(run, payment) - 1, 1)
    if (run.length === 0) this.#runs.splice(at, 1)
  }

  /** The first `count` behind `after` that ended before ledger time `before`. */
  page(after: PaymentCursor, before: Timestamp, count: number): readonly Payment[] {
    const found: Payment[] = []
    let at = Math.max(0, this.#runBehind(after) - 1)
    let from = firstBehind(this.#runs[at] ?? [], after)
    for (; at < this.#runs.length; at++, from = 0) {
      const run = this.#runs[at] ?? []
      for (let place = from; place < run.length; place++) {
        const payment = run[place]
        if (payment === undefined || payment.time >= before || found.length === count) return found
        found.push(payment)
      }
    }
    return found
  }

  /** The first run of which all is behind `cursor`. */
  #runBehind(cursor: PaymentCursor): number {
    return firstOf(this.#runs, ([first]) => first !== undefined && isBehind(first, cursor))
  }
}

/** Whether one payment comes behind another in the list of those that have ended. */
export function isBehind(one: PaymentCursor, other: PaymentCursor): boolean {
  return one.time === other.time ? one.anchor > other.anchor : one.time > other.time
}

function firstBehind(run: readonly Payment[], cursor: PaymentCursor): number {
  return firstOf(run, (payment) => isBehind(payment, cursor))
}

/** Where those begin for which `isBeyond` holds: it holds for all behind one for which it does. */
function firstOf<T>(items: readonly T[], isBeyond: (item: T) => boolean): number {
  let [low, high] = [0, items.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const item = items[middle]
    if (item !== undefined && isBeyond(item)) high = middle
    else low = middle + 1
  }
  return low
}
