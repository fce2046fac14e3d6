import {
  amountCodec,
  type Decoded,
  integer,
  list,
  refine,
  struct,
  timestampCodec,
  useEncoded,
} from '../codec/codec.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import { anchorCodec, itemIdCodec } from '../ledger/identifiers.js'
import { ITEM_TICKS_MAX, LANE_ITEMS_MAX } from '../ledger/limits.js'
import { listLeaf } from '../merkle/list-tree.js'
import { AMOUNT_MAX } from '../primitives/amount.js'
import { ascends, compareText } from '../primitives/order.js'

/**
 * A conditional payment (CH-3). Showing `w_i` with `sha256^i(w_i) = anchor` at ledger time
 * `<= expiry` entitles the payee to `unit * (i - paid)`; a hash-locked payment has one tick.
 */
export const pendingItemCodec = refine(
  struct({
    id: itemIdCodec,
    anchor: anchorCodec,
    /** Base units per tick. */
    unit: amountCodec,
    ticks: integer(ITEM_TICKS_MAX, 1),
    /** Ticks already moved into `transferred`. */
    paid: integer(ITEM_TICKS_MAX - 1),
    expiry: timestampCodec,
  }),
  ({ unit, ticks, paid }) => unit > 0n && paid < ticks && unit * BigInt(ticks) <= AMOUNT_MAX,
  'an item has a positive unit, unpaid ticks, and a total of at most 2^63-1',
)
export type PendingItem = Decoded<typeof pendingItemCodec>

/** The items of one lane, ascending by id. */
export const pendingItemsCodec = refine(
  list(pendingItemCodec, LANE_ITEMS_MAX),
  (items) => ascends(items, (a, b) => compareText(a.id, b.id)),
  'the items of a lane ascend by id and differ',
)

/** The hashed leaf of an item under `pendingRoot`, 32 bytes. Do not write to it. */
export function pendingItemLeaf(item: PendingItem): Uint8Array {
  const known = LEAVES.get(item)
  if (known !== undefined) return known
  const leaf = listLeaf(
    useEncoded(pendingItemCodec, item, (bytes) => taggedHash(TAG.pendingItem, bytes)),
  )
  LEAVES.set(item, leaf)
  return leaf
}

/** An item never changes, and every proof of its lane hashes it again: 3 us each, with 64 pending 200. */
const LEAVES = new WeakMap<PendingItem, Uint8Array>()

/** What the payer may still have to pay for an item, base units. */
export function lockedBy({ unit, ticks, paid }: PendingItem): bigint {
  return unit * BigInt(ticks - paid)
}

/** What the payee may claim of an item once link `revealed` is known (0: none), base units. */
export function claimableOf({ unit, ticks, paid }: PendingItem, revealed: number): bigint {
  return unit * BigInt(Math.max(0, Math.min(revealed, ticks) - paid))
}
