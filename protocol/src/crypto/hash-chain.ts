import type { Anchor } from '../ledger/identifiers.js'
import { equalBytes, toHex } from '../primitives/bytes.js'
import { invariant } from '../primitives/invariant.js'
import { LINK_BYTES, Link } from './link.js'
import { hashLink, isHashOfLink } from './link-hash.js'

/** `sha256^steps(link)`: the anchor that link number `steps` of a chain reveals (REV-1). */
export function anchorOf(link: Uint8Array, steps: number): Anchor {
  return toHex(earlierLink(link, steps)) as Anchor
}

/** The link `steps` nearer to the anchor than `link`, 32 bytes. */
export function earlierLink(link: Uint8Array, steps: number): Uint8Array {
  invariant(link.length === LINK_BYTES, 'a link of a chain has 32 bytes')
  return steps > 0 ? hashLink(link, steps) : link
}

/** Whether `earlier` is the link `steps` nearer to the anchor than `link`. */
export function leadsTo(link: Uint8Array, steps: number, earlier: Uint8Array): boolean {
  if (link.length !== LINK_BYTES || earlier.length !== LINK_BYTES) return false
  return steps > 0
    ? isHashOfLink(new Link(link), steps, new Link(earlier))
    : equalBytes(link, earlier)
}
