import { claimableOf, claimsOf, type LaneState, type PendingItem } from '@tallystick/protocol'
import { laneName } from './dispute-position.js'
import { type ExploredLedger, revealsOf } from './explored-ledger.js'
import { Violation } from './search.js'

/**
 * INV-6 from one state of a lane to the next, for every set of reveals: what an item pays is lost
 * only where it has expired or its payee `mayDrop` it.
 */
export function checkLaw(
  before: LaneState,
  after: LaneState,
  ledger: ExploredLedger,
  mayDrop: (item: PendingItem) => boolean,
): void {
  const lookup = revealsOf(ledger)
  const gone = before.items.filter(({ id }) => !after.items.some((item) => item.id === id))
  const lost = gone.filter(
    (item) =>
      mayDrop(item) || (ledger.time > item.expiry && lookup(item.anchor, item.expiry) <= item.paid),
  )
  for (const revealed of revealSets([...before.items, ...after.items])) {
    const dropped = lost.reduce((sum, item) => sum + claimableOf(item, revealed(item)), 0n)
    const worth = (lane: LaneState) => lane.transferred + claimsOf(lane, revealed)
    if (worth(after) >= worth(before) - dropped) continue
    throw new Violation(`INV-6 the law of the lane: ${laneName(before)}, then ${laneName(after)}`)
  }
}

function revealSets(items: readonly PendingItem[]): ((item: PendingItem) => number)[] {
  const ticks = new Map(items.map((item) => [item.anchor, item.ticks]))
  let sets: ReadonlyMap<string, number>[] = [new Map()]
  for (const [anchor, most] of ticks) {
    const links = Array.from({ length: most + 1 }, (_, index) => index)
    sets = sets.flatMap((set) => links.map((link) => new Map([...set, [anchor, link]])))
  }
  return sets.map((set) => (item) => set.get(item.anchor) ?? 0)
}
