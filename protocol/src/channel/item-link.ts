import { earlierLink } from '../crypto/hash-chain.js'
import { equalBytes, fromHex } from '../primitives/bytes.js'
import type { KnownLink } from './party.js'
import type { PendingItem } from './pending-item.js'

/**
 * Whether link `known.index` of the item's chain is `known.link` (CH-3): as many hashes as lie between
 * it and the newest link that was found to be right.
 */
export function isLinkOf(item: PendingItem, { index, link }: KnownLink): boolean {
  const newest = NEWEST.get(item) ?? { index: 0, link: fromHex(item.anchor) }
  const isRight =
    index > newest.index
      ? equalBytes(earlierLink(link, index - newest.index), newest.link)
      : equalBytes(earlierLink(newest.link, newest.index - index), link)
  if (isRight && index > newest.index) NEWEST.set(item, { index, link })
  return isRight
}

/** `next` is the same item after a redeem: what is known of its chain stays known. */
export function keepLinks(item: PendingItem, next: PendingItem): PendingItem {
  const newest = NEWEST.get(item)
  if (newest !== undefined) NEWEST.set(next, newest)
  return next
}

/** A stream is redeemed many times: from the anchor on, each time would cost as many hashes as it has ticks. */
const NEWEST = new WeakMap<PendingItem, KnownLink>()

/** Notes that a link was found to lead to the item's anchor: it is not checked again. */
export function trustLink(item: PendingItem, known: KnownLink): void {
  if (known.index > (NEWEST.get(item)?.index ?? 0)) NEWEST.set(item, known)
}
