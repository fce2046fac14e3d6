import { compareRates, type FeeRate } from './fee-rate.js'

/** What is kept in order: by rate, and of equal rates the one that arrived first is worth more. */
export type Ranked = { readonly rate: FeeRate; readonly arrival: number }

/** Negative when `a` is worth less. */
export function compareRanks(a: Ranked, b: Ranked): number {
  return compareRates(a.rate, b.rate) || b.arrival - a.arrival
}

/** Items in ascending order of rank. A search takes a logarithm, a change moves pointers. */
export class RateOrder<T> {
  readonly #items: { readonly rank: Ranked; readonly item: T }[] = []

  add(rank: Ranked, item: T): void {
    this.#items.splice(this.#position(rank), 0, { rank, item })
  }

  /** Takes out the item that was added under this rank. */
  delete(rank: Ranked): void {
    this.#items.splice(this.#position(rank), 1)
  }

  /** Lowest rank first. */
  *ascending(): Generator<T> {
    for (const { item } of this.#items) yield item
  }

  #position(rank: Ranked): number {
    let [low, high] = [0, this.#items.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      const at = this.#items[middle]
      if (at !== undefined && compareRanks(at.rank, rank) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
