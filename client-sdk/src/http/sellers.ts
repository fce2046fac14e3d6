import { isSameOffer, type Offer } from './offer.js'
import type { Seller } from './seller.js'

/** Offers of one origin that are paid by streams at a time. */
const OFFERS_MAX = 8

/** The streams that pay origins: one for each offer, because ticks pay by theirs alone (HTTP402-2). */
export class Sellers {
  /** By origin, the one that was used last at the end. */
  readonly #all = new Map<string, readonly Seller[]>()

  find(origin: string, offer: Offer): Seller | undefined {
    const found = this.of(origin).find((seller) => isSameOffer(seller.offer, offer))
    if (found !== undefined) this.#set(origin, [...this.#without(origin, found), found])
    return found
  }

  of(origin: string): readonly Seller[] {
    return this.#all.get(origin) ?? []
  }

  /** The origins that are paid, an address of each. */
  urls(): readonly URL[] {
    return [...this.#all.values()].flatMap(([first]) => (first === undefined ? [] : [first.url]))
  }

  /** Where an origin makes too many offers, the one that was not used for longest retires. */
  add(seller: Seller): void {
    const { origin } = seller.url
    const [oldest] = this.of(origin)
    if (oldest !== undefined && this.of(origin).length >= OFFERS_MAX) {
      this.remove(oldest)
      oldest.retire()
    }
    this.#set(origin, [...this.of(origin), seller])
  }

  /** Whether it was there: another request may have gone on already. */
  remove(seller: Seller): boolean {
    const { origin } = seller.url
    const others = this.#without(origin, seller)
    const wasThere = others.length < this.of(origin).length
    this.#set(origin, others)
    return wasThere
  }

  #without(origin: string, seller: Seller): readonly Seller[] {
    return this.of(origin).filter((other) => other !== seller)
  }

  #set(origin: string, sellers: readonly Seller[]): void {
    if (sellers.length === 0) this.#all.delete(origin)
    else this.#all.set(origin, sellers)
  }
}
