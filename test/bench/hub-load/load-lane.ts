import {
  type Amount,
  type Change,
  type ItemId,
  type LaneState,
  laneWith,
  type PendingItem,
} from '@tallystick/protocol'

/**
 * A lane after all changes of one proof: what `applyChange` makes of them one by one, at the price of one
 * sorting. It checks only what a lane cannot be computed without: a wrong one has a wrong digest, which
 * the other side, or the next verification of this one, finds.
 */
export function changedLane(lane: LaneState, changes: readonly Change[]): LaneState {
  if (changes.length === 0) return lane
  const items = new Map<ItemId, PendingItem>(lane.items.map((item) => [item.id, item]))
  let transferred: bigint = lane.transferred
  for (const change of changes) {
    switch (change.kind) {
      case 'add': {
        const { id, anchor, unit, ticks, expiry } = change
        items.set(id, { id, anchor, unit, ticks, paid: 0, expiry })
        break
      }
      case 'redeem': {
        const item = items.get(change.id)
        if (item === undefined || item.ticks !== 1) throw new Error(`no item ${change.id} to pay`)
        transferred += item.unit
        items.delete(change.id)
        break
      }
      case 'cancel':
      case 'expire':
        items.delete(change.id)
        break
    }
  }
  const sorted = [...items.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  return laneWith(lane, { transferred: transferred as Amount, items: sorted })
}
