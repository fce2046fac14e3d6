import { sha256 } from '#sha256'
import type { Anchor } from '../ledger/identifiers.js'
import { toHex } from '../primitives/bytes.js'

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
