import { CountByAddress } from './count-by-address.js'

/** Something that there is only so much of, of which no address gets more than its share. */
export class BoundedShare {
  readonly #taken = new CountByAddress()
  readonly #max: number
  readonly #perAddressMax: number

  constructor(bounds: { readonly max: number; readonly perAddressMax: number }) {
    this.#max = bounds.max
    this.#perAddressMax = bounds.perAddressMax
  }

  /** Takes so much; call the answer to give it back, twice does nothing. `undefined`: there is none. */
  take(address: string, amount: number): (() => void) | undefined {
    const isTooMuch = this.#taken.total + amount > this.#max
    if (isTooMuch || this.#taken.of(address) + amount > this.#perAddressMax) return undefined
    this.#taken.add(address, amount)
    let isTaken = true
    return () => {
      if (!isTaken) return
      isTaken = false
      this.#taken.add(address, -amount)
    }
  }
}
