import { type Payment, type PaymentStatus, sumOf } from '../core/payment.js'
import type { PaymentTotals } from './journal.js'

/** How many payments there are of each status, and their sums: kept up to date, because to count them takes for ever. */
export class PaymentSums {
  readonly #sums: Map<PaymentStatus, PaymentTotals>

  constructor(totals: readonly PaymentTotals[] = []) {
    this.#sums = new Map(totals.map((sum) => [sum.status, sum]))
  }

  get totals(): readonly PaymentTotals[] {
    return [...this.#sums.values()].filter(({ count }) => count > 0)
  }

  /** `after` takes the place of `before`, which may not have been there. */
  replace(before: Payment | undefined, after: Payment): void {
    if (before !== undefined) this.#add(before, -1)
    this.#add(after, 1)
  }

  #add(payment: Payment, times: 1 | -1): void {
    const { status } = payment
    const { amount, fee } = sumOf(payment)
    const sum = this.#sums.get(status) ?? { status, count: 0, amount: 0n, fee: 0n }
    const sign = BigInt(times)
    this.#sums.set(status, {
      status,
      count: sum.count + times,
      amount: sum.amount + sign * amount,
      fee: sum.fee + sign * fee,
    })
  }
}

/** As one line of text: the record that the sums are as of, then a status after the other. */
export function sumsText(sequence: number, totals: readonly PaymentTotals[]): string {
  const words = totals.map(
    ({ status, count, amount, fee }) => `${status} ${count} ${amount} ${fee}`,
  )
  return [String(sequence), ...words].join('; ')
}

const SUM = /^(pending|claimed|settled|failed) ([0-9]{1,15}) ([0-9]{1,40}) ([0-9]{1,40})$/

/** What `sumsText` has written; `undefined` of anything else. */
export function parseSums(
  text: string,
): { readonly sequence: number; readonly totals: readonly PaymentTotals[] } | undefined {
  const [first = '', ...words] = text.split('; ')
  const totals = words.map(parseSum)
  if (!/^[0-9]{1,15}$/.test(first) || totals.includes(undefined)) return undefined
  return { sequence: Number(first), totals: totals.flatMap((sum) => sum ?? []) }
}

function parseSum(word: string): PaymentTotals | undefined {
  const [, status, count, amount, fee] = SUM.exec(word) ?? []
  if (status === undefined || amount === undefined || fee === undefined) return undefined
  const named = { status: status as PaymentStatus, count: Number(count) }
  return { ...named, amount: BigInt(amount), fee: BigInt(fee) }
}
