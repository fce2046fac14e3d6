/** Keys in the order of their UTF-16 units, each once. */
export class SortedKeys {
  readonly #keys: string[]

  constructor(keys: readonly string[]) {
    this.#keys = [...new Set(keys)].sort()
  }

  add(key: string): void {
    const place = this.#placeOf(key)
    if (this.#keys[place] !== key) this.#keys.splice(place, 0, key)
  }

  remove(key: string): void {
    const place = this.#placeOf(key)
    if (this.#keys[place] === key) this.#keys.splice(place, 1)
  }

  /** At most `limit` keys that come after `after` in this order; absent: from its first on. */
  pageAfter(after: string | undefined, limit: number, order: 'ascending' | 'descending'): string[] {
    if (order === 'ascending') {
      const found = after === undefined ? 0 : this.#placeOf(after)
      const from = found + (after !== undefined && this.#keys[found] === after ? 1 : 0)
      return this.#keys.slice(from, from + limit)
    }
    const end = after === undefined ? this.#keys.length : this.#placeOf(after)
    return this.#keys.slice(Math.max(0, end - limit), end).reverse()
  }

  /** Where a key stands, or would. */
  #placeOf(key: string): number {
    let low = 0
    let high = this.#keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#keys[middle] ?? '') < key) low = middle + 1
      else high = middle
    }
    return low
  }
}
