/** How many there are of each address; what comes to zero is forgotten. */
export class CountByAddress {
  readonly #counts = new Map<string, number>()

  of(address: string): number {
    return this.#counts.get(address) ?? 0
  }

  add(address: string, change: 1 | -1): void {
    const count = this.of(address) + change
    if (count === 0) this.#counts.delete(address)
    else this.#counts.set(address, count)
  }
}
