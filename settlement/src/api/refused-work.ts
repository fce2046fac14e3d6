import {
  REFUSED_ADDRESSES_MAX,
  REFUSED_WORK_MS_MAX,
  REFUSED_WORK_MS_PER_SECOND,
} from '../limits.js'

/** Work that refused submissions have caused, by address: it wears off with time. */
export class RefusedWork {
  readonly #debts = new Map<string, { readonly workMs: number; readonly atMs: number }>()

  charge(address: string, workMs: number, nowMs: number): void {
    const debt = this.#debt(address, nowMs) + workMs
    this.#debts.delete(address)
    this.#debts.set(address, { workMs: debt, atMs: nowMs })
    const [oldest] = this.#debts.keys()
    if (this.#debts.size > REFUSED_ADDRESSES_MAX && oldest !== undefined) this.#debts.delete(oldest)
  }

  /** Whether an address has to wait before it may hand in anything more. */
  isExhausted(address: string, nowMs: number): boolean {
    return this.#debt(address, nowMs) > REFUSED_WORK_MS_MAX
  }

  #debt(address: string, nowMs: number): number {
    const debt = this.#debts.get(address)
    if (debt === undefined) return 0
    const wornOff = ((nowMs - debt.atMs) / 1_000) * REFUSED_WORK_MS_PER_SECOND
    return Math.max(0, debt.workMs - wornOff)
  }
}
