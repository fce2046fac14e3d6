import { isSameOffer, type Offer } from './offer.js'

/** Routes of which the offer is kept; those that were asked for longest ago go first. */
const ROUTES_MAX = 4_096

/**
 * What sellers asked for their routes, a method and a path each, so that ticks come along with a request at once. It
 * is a guess: the seller takes none that were given for another price (HTTP402-2).
 */
export class KnownOffers {
  readonly #routes = new Map<string, Offer>()
  /** What all routes of an origin asked that are known; `several`: not the same. */
  readonly #origins = new Map<string, Offer | 'several'>()

  /** What a request will cost, as far as one can know. */
  expected(method: string, url: URL): Offer | undefined {
    const ofRoute = this.#routes.get(routeOf(method, url))
    if (ofRoute !== undefined) return ofRoute
    const ofOrigin = this.#origins.get(url.origin)
    return ofOrigin === 'several' ? undefined : ofOrigin
  }

  learn(method: string, url: URL, offer: Offer): void {
    const { origin } = url
    const route = routeOf(method, url)
    const before = this.#routes.get(route)
    const ofOrigin = this.#origins.get(origin)
    if (before !== undefined && !isSameOffer(before, offer)) {
      // Its seller has changed the price: what the others ask is not known any more.
      for (const key of this.#routes.keys())
        if (key.startsWith(`${origin} `)) this.#routes.delete(key)
      this.#origins.set(origin, offer)
    } else if (ofOrigin === undefined) this.#origins.set(origin, offer)
    else if (ofOrigin !== 'several' && !isSameOffer(ofOrigin, offer))
      this.#origins.set(origin, 'several')
    this.#routes.delete(route)
    this.#routes.set(route, offer)
    for (const oldest of this.#routes.keys()) {
      if (this.#routes.size <= ROUTES_MAX) break
      this.#routes.delete(oldest)
    }
  }
}

function routeOf(method: string, { origin, pathname }: URL): string {
  return `${origin} ${method} ${pathname}`
}
