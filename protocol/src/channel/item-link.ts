import { anchorOf, earlierLink } from '../crypto/hash-chain.js'
import type { Anchor } from '../ledger/identifiers.js'
import { equalBytes } from '../primitives/bytes.js'
import type { KnownLink } from './party.js'
import type { PendingItem } from './pending-item.js'

/** Shorter ways to the anchor are hashed as they are: most items have one tick. */
const NEAR = 8
/** Chains whose newest link is kept in mind, about 300 bytes each. */
const CHAINS_MAX = 65_536

/**
 * The newest link of a chain that was found to be right, the least recently used first: from the anchor on, every
 * redeem of a stream would cost as many hashes as it has ticks. It never changes what is true of a link.
 */
const NEWEST = new Map<Anchor, KnownLink>()

/**
 * Whether link `known.index` of the item's chain is `known.link` (CH-3): as many hashes as lie between
 * it and the newest link that was found to be right.
 */
export function isLinkOf({ anchor }: PendingItem, known: KnownLink): boolean {
  const { index, link } = known
  if (index <= NEAR) return anchorOf(link, index) === anchor
  const newest = NEWEST.get(anchor)
  if (newest === undefined) {
    if (anchorOf(link, index) !== anchor) return false
  } else if (index < newest.index) {
    return equalBytes(earlierLink(newest.link, newest.index - index), link)
  } else if (!equalBytes(earlierLink(link, index - newest.index), newest.link)) {
    return false
  }
  keepNewest(anchor, known)
  return true
}

/** Notes that a link was found to lead to the item's anchor: it is not checked again. */
export function trustLink({ anchor }: PendingItem, known: KnownLink): void {
  if (known.index > (NEWEST.get(anchor)?.index ?? 0)) keepNewest(anchor, known)
}

function keepNewest(anchor: Anchor, { index, link }: KnownLink): void {
  NEWEST.delete(anchor)
  // A copy: the bytes of a message would keep all of its frame in memory.
  NEWEST.set(anchor, { index, link: link.slice() })
  if (NEWEST.size <= CHAINS_MAX) return
  for (const oldest of NEWEST.keys()) {
    NEWEST.delete(oldest)
    break
  }
}
