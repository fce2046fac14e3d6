/** How much there is of something, in all and of each address; what comes to zero is forgotten. */
export class CountByAddress {
  readonly #counts = new Map<string, number>()
  #total = 0

  get total(): number {
    return this.#total
  }

  of(address: string): number {
    return this.#counts.get(address) ?? 0
  }

  add(address: string, change: number): void {
    const count = this.of(address) + change
    this.#total += change
    if (count === 0) this.#counts.delete(address)
    else this.#counts.set(address, count)
  }
}
