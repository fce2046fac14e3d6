import { earlierLink } from '../crypto/hash-chain.js'
import { equalBytes, fromHex } from '../primitives/bytes.js'
import type { KnownLink } from './party.js'
import type { PendingItem } from './pending-item.js'

/** Links of one item that are remembered to be right: claims that are under way, and the newest. */
const REMEMBERED_MAX = 16

/**
 * Whether link `known.index` of the item's chain is `known.link` (CH-3): as many hashes as lie between
 * it and the nearest link that was found to be right.
 */
export function isLinkOf(item: PendingItem, known: KnownLink): boolean {
  const isRight = leadsToRemembered(item, known)
  if (isRight) trustLink(item, known)
  return isRight
}

function leadsToRemembered(item: PendingItem, { index, link }: KnownLink): boolean {
  let below: KnownLink = { index: 0, link: fromHex(item.anchor) }
  for (const other of RIGHT.get(item) ?? []) {
    if (other.index === index) return equalBytes(other.link, link)
    if (other.index < index && other.index > below.index) below = other
  }
  return equalBytes(earlierLink(link, index - below.index), below.link)
}

/** Notes that a link was found to lead to the item's anchor: it is not checked again. */
export function trustLink(item: PendingItem, known: KnownLink): void {
  const right = RIGHT.get(item)
  if (right === undefined) RIGHT.set(item, [known])
  else if (right.every(({ index }) => index !== known.index)) {
    if (right.length >= REMEMBERED_MAX) right.shift()
    right.push(known)
  }
}

/** `next` is the same item after a redeem: what is known of its chain stays known. */
export function keepLinks(item: PendingItem, next: PendingItem): PendingItem {
  const right = RIGHT.get(item)
  if (right !== undefined) RIGHT.set(next, right)
  return next
}

/** A stream is redeemed many times: from the anchor on, each time would cost as many hashes as it has ticks. */
const RIGHT = new WeakMap<PendingItem, KnownLink[]>()
