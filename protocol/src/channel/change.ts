import {
  amountCodec,
  type Decoded,
  fixedBytes,
  integer,
  optional,
  struct,
  timestampCodec,
  union,
} from '../codec/codec.js'
import { anchorCodec, itemIdCodec, publicKeyCodec } from '../ledger/identifiers.js'
import { ITEM_TICKS_MAX } from '../ledger/limits.js'
import { AMOUNT_MAX, amount } from '../primitives/amount.js'
import { compareText } from '../primitives/order.js'
import { type Rejection, reject } from '../primitives/outcome.js'
import { isLinkOf } from './item-link.js'
import { type LaneState, laneWith } from './lane-state.js'
import { claimableOf, type PendingItem } from './pending-item.js'

/** Where a client wants the hub to pay on: not part of any proof. */
export const forwardCodec = struct({
  /** Identity key of the payee. */
  payee: publicKeyCodec,
  /** Base units that must arrive; the rest of the item is the hub's fee. */
  amount: amountCodec,
})
export type Forward = Decoded<typeof forwardCodec>

const addCodec = struct({
  id: itemIdCodec,
  anchor: anchorCodec,
  unit: amountCodec,
  ticks: integer(ITEM_TICKS_MAX, 1),
  expiry: timestampCodec,
  forward: optional(forwardCodec),
})

/** What a payer does to its own lane (CH-7). */
export const changeCodec = union({
  /** Promises a new item. */
  add: [1, addCodec],
  /** Pays an item up to link `index`, which it shows. */
  redeem: [2, struct({ id: itemIdCodec, index: integer(ITEM_TICKS_MAX, 1), link: fixedBytes(32) })],
  /** Drops an item because the payee asked for it. */
  cancel: [3, struct({ id: itemIdCodec })],
  /** Drops an item because its time is over and its link is not public. */
  expire: [4, struct({ id: itemIdCodec })],
})
export type Change = Decoded<typeof changeCodec>
export type ChangeOf<Kind extends Change['kind']> = Extract<Change, { kind: Kind }>

export type ChangeRejection = Rejection<
  'item_exists' | 'item_missing' | 'item_malformed' | 'link_mismatch' | 'amount_out_of_range'
>

/** The lane after one change, its version left as it is; both sides compute the same. */
export function applyChange(lane: LaneState, change: Change): LaneState | ChangeRejection {
  const item = lane.items.find(({ id }) => id === change.id)
  if (change.kind === 'add') {
    return item === undefined
      ? addItem(lane, change)
      : reject('item_exists', `item ${change.id} is pending already`)
  }
  if (item === undefined)
    return reject('item_missing', `there is no item ${change.id} on this lane`)
  switch (change.kind) {
    case 'redeem':
      return redeemItem(lane, item, change)
    case 'cancel':
    case 'expire':
      return laneWith(lane, { items: lane.items.filter(({ id }) => id !== change.id) })
  }
}

function addItem(
  lane: LaneState,
  { id, anchor, unit, ticks, expiry }: ChangeOf<'add'>,
): LaneState | ChangeRejection {
  if (unit === 0n || unit * BigInt(ticks) > AMOUNT_MAX) {
    return reject('item_malformed', 'an item has a positive unit and a total of at most 2^63-1')
  }
  const items = [...lane.items, { id, anchor, unit, ticks, paid: 0, expiry }]
  return laneWith(lane, { items: items.sort((a, b) => compareText(a.id, b.id)) })
}

function redeemItem(
  lane: LaneState,
  item: PendingItem,
  { id, index, link }: ChangeOf<'redeem'>,
): LaneState | ChangeRejection {
  if (index <= item.paid || index > item.ticks) {
    return reject('link_mismatch', `item ${id} is paid up to ${item.paid} of ${item.ticks}`)
  }
  if (!isLinkOf(item, { index, link })) {
    return reject('link_mismatch', `the link does not hash to the anchor of item ${id}`)
  }
  const transferred = lane.transferred + claimableOf(item, index)
  if (transferred > AMOUNT_MAX) {
    return reject('amount_out_of_range', 'a lane transfers at most 2^63-1 in all')
  }
  const items =
    index === item.ticks
      ? lane.items.filter((other) => other !== item)
      : lane.items.map((other) => (other === item ? paidUpTo(item, index) : other))
  return laneWith(lane, { transferred: amount(transferred), items })
}

function paidUpTo({ id, anchor, unit, ticks, expiry }: PendingItem, paid: number): PendingItem {
  return { id, anchor, unit, ticks, paid, expiry }
}
