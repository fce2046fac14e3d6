import { addRates, type FeeRate } from './fee-rate.js'
import { MaxHeap } from './max-heap.js'
import type { PendingTransaction } from './pending-transaction.js'
import { compareRanks, type Ranked } from './rate-order.js'
import { addRoom, fits, NO_ROOM, type Room, roomOf, sixteenthsOf, subtractRoom } from './room.js'
import {
  CLASS_SIXTEENTHS,
  isTimeCritical,
  TRAFFIC_CLASSES,
  type TrafficClass,
} from './traffic-class.js'

/**
 * What the next block takes, in order (MEM-6): first what fits into the share of each class with
 * deadlines, then the best of all classes. A transaction comes with those that it needs and is as good
 * as they are together, so that a child can pay for its parents. Those not on disk yet stay out.
 */
export function blockTemplate(
  waiting: Iterable<PendingTransaction>,
  bounds: Room,
): readonly PendingTransaction[] {
  const durable = [...waiting].filter((pending) => pending.durable)
  const chosen = new Set<PendingTransaction>()
  let left = bounds
  const choose = (classes: readonly TrafficClass[], room: Room) => {
    left = subtractRoom(left, chooseBest(durable, classes, room, chosen))
  }
  for (const traffic of TRAFFIC_CLASSES.filter(isTimeCritical)) {
    choose([traffic], sixteenthsOf(bounds, CLASS_SIXTEENTHS[traffic]))
  }
  choose(TRAFFIC_CLASSES, left)
  return [...chosen]
}

type Package = Ranked & { readonly last: PendingTransaction }

/** Adds the best of some classes to `chosen`, as long as there is room; the room that they took. */
function chooseBest(
  waiting: readonly PendingTransaction[],
  classes: readonly TrafficClass[],
  room: Room,
  chosen: Set<PendingTransaction>,
): Room {
  const heap = new MaxHeap<Package>(compareRanks)
  const newest = new Map<PendingTransaction, Package>()
  const offer = (pending: PendingTransaction) => {
    if (chosen.has(pending) || !pending.durable || !classes.includes(pending.traffic)) return
    const offered = { last: pending, arrival: pending.arrival, rate: rateWithout(pending, chosen) }
    newest.set(pending, offered)
    heap.push(offered)
  }
  for (const pending of waiting) offer(pending)
  let taken = NO_ROOM
  for (let best = heap.pop(); best !== undefined; best = heap.pop()) {
    // Another offer of the same stands for it since more of what it needs was chosen.
    if (newest.get(best.last) !== best || chosen.has(best.last)) continue
    const together = missing(best.last, chosen)
    const asked = together.map((each) => roomOf(each, each.standing.cost)).reduce(addRoom, taken)
    if (!fits(asked, room)) continue
    taken = asked
    for (const each of together) chosen.add(each)
    const affected = new Set(together.flatMap(({ standing }) => [...standing.descendants]))
    for (const descendant of affected) offer(descendant)
  }
  return taken
}

/** A transaction behind what it needs and was not chosen yet. */
function missing(
  pending: PendingTransaction,
  chosen: ReadonlySet<PendingTransaction>,
): readonly PendingTransaction[] {
  return [...pending.standing.ancestors.filter((ancestor) => !chosen.has(ancestor)), pending]
}

function rateWithout(
  pending: PendingTransaction,
  chosen: ReadonlySet<PendingTransaction>,
): FeeRate {
  const { ancestors, rate } = pending.standing
  return ancestors.reduce(
    (sum, ancestor) => (chosen.has(ancestor) ? sum : addRates(sum, ancestor.standing.rate)),
    rate,
  )
}
