/** Something that there is only so much of, of which no address gets more than its share. */
export class AddressShares {
  readonly #taken = new Map<string, number>()
  readonly #max: number
  readonly #perAddressMax: number
  #total = 0

  constructor(bounds: { readonly max: number; readonly perAddressMax: number }) {
    this.#max = bounds.max
    this.#perAddressMax = bounds.perAddressMax
  }

  /** Takes one; call the answer to give it back, twice does nothing. `undefined`: there is none. */
  take(address: string): (() => void) | undefined {
    const taken = this.#taken.get(address) ?? 0
    if (this.#total >= this.#max || taken >= this.#perAddressMax) return undefined
    this.#total++
    this.#taken.set(address, taken + 1)
    let isTaken = true
    return () => {
      if (isTaken) this.#giveBack(address)
      isTaken = false
    }
  }

  #giveBack(address: string): void {
    this.#total--
    const left = (this.#taken.get(address) ?? 0) - 1
    if (left > 0) this.#taken.set(address, left)
    else this.#taken.delete(address)
  }
}
