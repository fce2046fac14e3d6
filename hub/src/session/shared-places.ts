/** How many places there are, and how long a place is one's own. */
export type PlaceBounds = {
  readonly max: number
  readonly perAddressMax: number
  /** Milliseconds for which a place is given up only to an address that has fewer of them. */
  readonly graceMs: number
}

/** Whether there is a place for one more. */
export type Room<Holder> =
  | { readonly kind: 'free' }
  /** If this one goes. */
  | { readonly kind: 'instead'; readonly of: Holder }
  | { readonly kind: 'none' }

type Place = { readonly address: string; since: number; isKept: boolean }

type Share<Holder> = {
  places: number
  /** Who gives way, the longest there first. */
  readonly yielding: Set<Holder>
}

/**
 * A bounded number of places that many addresses share (INV-45, INV-46). Who comes when all are taken is
 * given one of the address that has most of them to give; so whoever takes many keeps out himself, and
 * nobody else. Where all have as few, the longest there goes, once its grace is over.
 */
export class SharedPlaces<Holder> {
  readonly #bounds: PlaceBounds
  readonly #places = new Map<Holder, Place>()
  readonly #shares = new Map<string, Share<Holder>>()

  constructor(bounds: PlaceBounds) {
    this.#bounds = bounds
  }

  get size(): number {
    return this.#places.size
  }

  holders(): Iterable<Holder> {
    return this.#places.keys()
  }

  /** Whom it counts as; absent: it has no place. */
  addressOf(holder: Holder): string | undefined {
    return this.#places.get(holder)?.address
  }

  /** Whether one more from `address` has a place at `now`, milliseconds. */
  roomFor(address: string, now: number): Room<Holder> {
    const { max, perAddressMax } = this.#bounds
    const own = this.#shares.get(address)
    if (own !== undefined && own.places >= perAddressMax) return this.#ifOver(own, now)
    if (this.#places.size < max) return { kind: 'free' }
    const largest = this.#largestShare()
    if (largest === undefined) return { kind: 'none' }
    const [longest] = largest.yielding
    const isLarger = largest.yielding.size > (own?.yielding.size ?? 0) + 1
    return isLarger && longest !== undefined
      ? { kind: 'instead', of: longest }
      : this.#ifOver(largest, now)
  }

  /** Takes a place that gives way to others. */
  add(holder: Holder, address: string, now: number): void {
    this.#places.set(holder, { address, since: now, isKept: false })
    const share = this.#shares.get(address) ?? { places: 0, yielding: new Set() }
    share.places++
    share.yielding.add(holder)
    this.#shares.set(address, share)
  }

  /** From now on the place is given up to nobody. */
  keep(holder: Holder): void {
    const place = this.#places.get(holder)
    if (place === undefined) return
    place.isKept = true
    this.#shares.get(place.address)?.yielding.delete(holder)
  }

  /** From now on it gives way again. */
  yield(holder: Holder, now: number): void {
    const place = this.#places.get(holder)
    if (place === undefined || !place.isKept) return
    place.isKept = false
    place.since = now
    this.#shares.get(place.address)?.yielding.add(holder)
  }

  remove(holder: Holder): void {
    const place = this.#places.get(holder)
    if (place === undefined) return
    this.#places.delete(holder)
    const share = this.#shares.get(place.address)
    if (share === undefined) return
    share.yielding.delete(holder)
    share.places--
    if (share.places === 0) this.#shares.delete(place.address)
  }

  /** The longest there of a share, if its grace is over. */
  #ifOver({ yielding }: Share<Holder>, now: number): Room<Holder> {
    const [longest] = yielding
    const since = longest === undefined ? undefined : this.#places.get(longest)?.since
    return longest !== undefined && since !== undefined && now - since >= this.#bounds.graceMs
      ? { kind: 'instead', of: longest }
      : { kind: 'none' }
  }

  /** Looked for only when all places are taken: then a connection costs more than to count them. */
  #largestShare(): Share<Holder> | undefined {
    let largest: Share<Holder> | undefined
    for (const share of this.#shares.values()) {
      if (share.yielding.size > (largest?.yielding.size ?? 0)) largest = share
    }
    return largest
  }
}
