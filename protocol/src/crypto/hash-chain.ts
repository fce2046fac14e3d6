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
/** Chains whose newest link is kept in mind, about 250 bytes each. */
const CHAINS_MAX = 4_096
/** The newest good link of chains, the least recently used first: it never changes what is true of a link. */
const NEWEST = new Map<Anchor, Link>()

/**
 * Whether `link` is number `index` of the chain of `anchor`. Costs `index` hashes, or, where an earlier link
 * of the chain was found good lately, as many as the two are apart.
 */
export function isLinkOf(anchor: Anchor, { index, link }: Link): boolean {
  if (index <= NEAR) return anchorOf(link, index) === anchor
  const known = NEWEST.get(anchor)
  const isGood =
    known !== undefined && index >= known.index
      ? equalBytes(earlierLink(link, index - known.index), known.link)
      : anchorOf(link, index) === anchor
  if (!isGood) return false
  NEWEST.delete(anchor)
  NEWEST.set(
    anchor,
    known !== undefined && known.index > index ? known : { index, link: link.slice() },
  )
  for (const [oldest] of NEWEST) {
    if (NEWEST.size <= CHAINS_MAX) break
    NEWEST.delete(oldest)
  }
  return true
}
