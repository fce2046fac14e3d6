import { anchorOf, earlierLink } from '../crypto/hash-chain.js'
import type { Anchor } from '../ledger/identifiers.js'
import { equalBytes } from '../primitives/bytes.js'
import type { KnownLink } from './party.js'
import type { PendingItem } from './pending-item.js'

/** Shorter ways to the anchor are hashed as they are: most items have one tick. */
const NEAR = 8
/** Chains of which good links are kept in mind, and how many of each: claims under way, about 800 bytes. */
const CHAINS_MAX = 65_536
const LINKS_MAX = 4

/**
 * Links of a chain that were found to be right, the least recently used chain first: from the anchor on, every
 * redeem of a stream would cost as many hashes as it has ticks. It never changes what is true of a link.
 */
const GOOD = new Map<Anchor, readonly KnownLink[]>()

/**
 * Whether link `known.index` of the item's chain is `known.link` (CH-3): as many hashes as lie between
 * it and the nearest one before it that was found to be right.
 */
export function isLinkOf(item: PendingItem, known: KnownLink): boolean {
  const { anchor } = item
  const { index, link } = known
  if (index <= NEAR) return anchorOf(link, index) === anchor
  let before: KnownLink | undefined
  for (const good of GOOD.get(anchor) ?? []) {
    if (good.index === index) return equalBytes(good.link, link)
    if (good.index < index && good.index > (before?.index ?? 0)) before = good
  }
  const isGood =
    before === undefined
      ? anchorOf(link, index) === anchor
      : equalBytes(earlierLink(link, index - before.index), before.link)
  if (isGood) trustLink(item, known)
  return isGood
}

/** Notes that a link was found to lead to the item's anchor: it is not checked again. */
export function trustLink({ anchor }: PendingItem, { index, link }: KnownLink): void {
  if (index <= NEAR) return
  const others = (GOOD.get(anchor) ?? []).filter((good) => good.index !== index)
  GOOD.delete(anchor)
  // A copy: the bytes of a message would keep all of its frame in memory.
  GOOD.set(anchor, [...others.slice(1 - LINKS_MAX), { index, link: link.slice() }])
  if (GOOD.size <= CHAINS_MAX) return
  for (const oldest of GOOD.keys()) {
    GOOD.delete(oldest)
    break
  }
}
