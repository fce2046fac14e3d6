import {
  type Anchor,
  anchorOf,
  earlierLink,
  ITEM_TICKS_MAX,
  invariant,
  Link,
  type Tick,
} from '@tallystick/protocol'

/**
 * The payer's hash chain. Links are shown from the anchor towards the seed, against the direction in
 * which they are computed, so some are kept: one at every `stride`, about the square root of all, and
 * those between two of them while they are being shown. That is 32 bytes for each of twice the root,
 * 16 kB for 65,536 links, and one hash a link.
 */
export class TickChain {
  readonly ticks: number
  readonly anchor: Anchor
  readonly #stride: number
  /** Link number `i * stride` for every i, and the seed where that is not one of them. */
  readonly #kept: Uint8Array[] = []
  readonly #seed: Uint8Array
  /** The links of one stretch, whose first has this number. */
  #stretch: readonly Uint8Array[] = []
  #stretchFrom = -1

  /** The chain of `ticks` links, 1 to 65,536, whose last is `seed` (32 secret bytes): as many hashes. */
  constructor(seed: Uint8Array, ticks: number) {
    invariant(ticks >= 1 && ticks <= ITEM_TICKS_MAX, 'a chain has 1 to 65,536 links')
    this.ticks = ticks
    this.#seed = seed
    this.#stride = Math.ceil(Math.sqrt(ticks))
    let link = seed
    for (let index = ticks; index > 0; index--) {
      if (index % this.#stride === 0) this.#kept[index / this.#stride] = link
      link = earlierLink(link, 1)
    }
    this.#kept[0] = link
    this.anchor = anchorOf(link, 0)
  }

  /** Link number `index`, 0 (the anchor) to `ticks` (the seed). */
  link(index: number): Uint8Array {
    invariant(index >= 0 && index <= this.ticks, 'a link of a chain lies in 0..ticks')
    const from = index - (index % this.#stride)
    if (from !== this.#stretchFrom) {
      this.#stretch = this.#stretchAt(from)
      this.#stretchFrom = from
    }
    const link = this.#stretch[index - from]
    invariant(link !== undefined, 'a stretch has all of its links')
    return link
  }

  /** The tick that shows link number `index`. */
  tick(index: number): Tick {
    return { anchor: this.anchor, index, link: new Link(this.link(index)) }
  }

  #stretchAt(from: number): readonly Uint8Array[] {
    const to = Math.min(from + this.#stride, this.ticks)
    const links = new Array<Uint8Array>(to - from + 1)
    let link = this.#kept[to / this.#stride] ?? this.#seed
    for (let index = to; index >= from; index--) {
      links[index - from] = link
      if (index > from) link = earlierLink(link, 1)
    }
    return links
  }
}
