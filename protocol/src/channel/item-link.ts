import { anchorOf, leadsTo } from '../crypto/hash-chain.js'
import { linkBelow } from '../crypto/link-below.js'
import type { Anchor } from '../ledger/identifiers.js'
import { equalBytes, fromHex } from '../primitives/bytes.js'
import type { KnownLink } from './party.js'
import type { PendingItem } from './pending-item.js'

/** Shorter ways to the anchor are hashed as they are: most items have one tick. */
const NEAR = 8
/** Links of one chain that are remembered to be right: claims that are under way, and the newest. */
const REMEMBERED_MAX = 16
/** Chains of which links are remembered, at most 3 kB each. */
const CHAINS_MAX = 16_384

/**
 * Links that were found to be right, the least recently used chain first: from the anchor on, every redeem of a
 * stream would cost as many hashes as it has ticks. It never changes what is true of a link.
 */
const RIGHT = new Map<Anchor, KnownLink[]>()

/**
 * Whether link `known.index` of the item's chain is `known.link` (CH-3): as many hashes as lie between
 * it and the nearest link that was found to be right.
 */
export function isLinkOf(item: Pick<PendingItem, 'anchor'>, known: KnownLink): boolean {
  if (known.index <= NEAR) return anchorOf(known.link, known.index) === item.anchor
  const isRight = leadsToRemembered(item.anchor, known)
  if (isRight) trustLink(item, known)
  return isRight
}

function leadsToRemembered(anchor: Anchor, { index, link }: KnownLink): boolean {
  let below: KnownLink = { index: 0, link: fromHex(anchor) }
  let above: KnownLink | undefined
  for (const other of RIGHT.get(anchor) ?? []) {
    if (other.index >= index && (above === undefined || other.index < above.index)) above = other
    if (other.index < index && other.index > below.index) below = other
  }
  return above !== undefined && above.index - index < index - below.index
    ? leadsTo(above.link, above.index - index, link)
    : leadsTo(link, index - below.index, below.link)
}

/** Notes that a link was found to lead to the item's anchor: it is not checked again. */
export function trustLink(
  { anchor }: Pick<PendingItem, 'anchor'>,
  { index, link }: KnownLink,
): void {
  const right = RIGHT.get(anchor) ?? []
  if (right.every((other) => other.index !== index)) {
    if (right.length >= REMEMBERED_MAX) right.shift()
    // A copy: the bytes of a message would keep all of its frame in memory.
    right.push({ index, link: link.slice() })
  }
  RIGHT.delete(anchor)
  RIGHT.set(anchor, right)
  if (RIGHT.size <= CHAINS_MAX) return
  for (const oldest of RIGHT.keys()) {
    RIGHT.delete(oldest)
    break
  }
}

/**
 * Notes that `shown`, which is `known` hashed down, leads to the item's anchor if `known` does: of a known link of many
 * items, the chain is walked once and not for each of them.
 */
export function trustBelow(
  item: Pick<PendingItem, 'anchor'>,
  known: KnownLink,
  shown: KnownLink,
): void {
  if (shown.index <= NEAR || shown.index === known.index) return
  if (equalBytes(linkBelow(known, 0), fromHex(item.anchor))) trustLink(item, shown)
}
