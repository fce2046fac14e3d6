import { sha256 } from '#sha256'
import type { Anchor } from '../ledger/identifiers.js'
import { equalBytes, toHex } from '../primitives/bytes.js'

/** `sha256^steps(link)`: the anchor that link number `steps` of a chain reveals (REV-1). */
export function anchorOf(link: Uint8Array, steps: number): Anchor {
  return toHex(earlierLink(link, steps)) as Anchor
}

/** The link `steps` nearer to the anchor than `link`, 32 bytes. */
export function earlierLink(link: Uint8Array, steps: number): Uint8Array {
  let hash = link
  for (let step = 0; step < steps; step++) hash = sha256(hash)
  return hash
}

/** A link of a chain, and how many hashes it is away from the anchor. */
type Link = { readonly index: number; readonly link: Uint8Array }

/** Shorter ways to the anchor are hashed as they are. */
const NEAR = 8
/** Chains of which good links are kept in mind, and how many of each: up to 2 kB. */
const CHAINS_MAX = 4_096
const LINKS_MAX = 16
/** Good links of chains, the least recently used chain first: they never change what is true of a link. */
const GOOD = new Map<Anchor, Link[]>()

/**
 * Whether `link` is number `index` of the chain of `anchor`. Costs `index` hashes, or, where an earlier link
 * of the chain was found good lately, as many as the two are apart.
 */
export function isLinkOf(anchor: Anchor, { index, link }: Link): boolean {
  if (index <= NEAR) return anchorOf(link, index) === anchor
  let below: Link | undefined
  for (const good of GOOD.get(anchor) ?? []) {
    if (good.index === index) return equalBytes(good.link, link)
    if (good.index < index && good.index > (below?.index ?? 0)) below = good
  }
  const isGood =
    below === undefined
      ? anchorOf(link, index) === anchor
      : equalBytes(earlierLink(link, index - below.index), below.link)
  if (isGood) trustLink(anchor, { index, link })
  return isGood
}

/** Keeps in mind that a link was found good: it is not hashed again while it is. */
export function trustLink(anchor: Anchor, { index, link }: Link): void {
  if (index <= NEAR) return
  const good = (GOOD.get(anchor) ?? []).filter((other) => other.index !== index)
  good.push({ index, link: link.slice() })
  GOOD.delete(anchor)
  GOOD.set(anchor, good.slice(-LINKS_MAX))
  for (const [oldest] of GOOD) {
    if (GOOD.size <= CHAINS_MAX) break
    GOOD.delete(oldest)
  }
}
