import { REQUEST_ADDRESSES_MAX, REQUESTS_BURST, REQUESTS_PER_SECOND } from '../limits.js'

/** What addresses may still ask for: so much at once, and so much a second ever after. */
export class RequestBudget {
  /** How much each has used up, as of when; the ones that were heard of last are at the end. */
  readonly #used = new Map<string, { readonly amount: number; readonly atMs: number }>()

  /** Uses up `price`; the answer is for how long the address is not to be heard, milliseconds. */
  use(address: string, price: number, nowMs: number): number {
    const { amount, atMs } = this.#used.get(address) ?? { amount: 0, atMs: nowMs }
    const recovered = ((nowMs - atMs) * REQUESTS_PER_SECOND) / 1_000
    const used = Math.max(0, amount - recovered) + price
    this.#used.delete(address)
    this.#used.set(address, { amount: used, atMs: nowMs })
    // Who is forgotten has been silent for longer than everybody else.
    const [oldest] = this.#used.keys()
    if (this.#used.size > REQUEST_ADDRESSES_MAX && oldest !== undefined) this.#used.delete(oldest)
    return Math.max(0, ((used - REQUESTS_BURST) * 1_000) / REQUESTS_PER_SECOND)
  }
}
