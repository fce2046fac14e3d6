import { reject } from '@tallystick/protocol'
import { compareRates, type FeeRate, LEAST_RATE, outbidding, outbids, ratePpm } from './fee-rate.js'
import type { AdmissionRejection } from './mempool-rejection.js'
import type { PendingGraph } from './pending-graph.js'
import { withDescendants } from './pending-graph.js'
import type { PendingTransaction } from './pending-transaction.js'
import { addRoom, fits, NO_ROOM, type Room, roomOf, sixteenthsOf, subtractRoom } from './room.js'
import { CLASS_SIXTEENTHS, TRAFFIC_CLASSES, type TrafficClass } from './traffic-class.js'

/** Who asks for room. */
export type RoomRequest = {
  readonly traffic: TrafficClass
  readonly rate: FeeRate
  readonly room: Room
  /** What goes in any case, and what must stay. */
  readonly leaving: readonly PendingTransaction[]
  readonly needed: readonly PendingTransaction[]
}

/** The transaction for which the least rate is told. */
const TYPICAL: Room = { transactions: 1, bytes: 1_024, cost: 1_024 }

/**
 * Who has to go so that a newcomer finds room within `bounds` (MEM-5): those worth least first, with
 * all that build on them. A class below its share takes what others hold above theirs, at any rate;
 * whoever asks for more than that outbids each that goes.
 */
export function makeRoom(
  graph: PendingGraph,
  bounds: Room,
  { traffic, rate, room, leaving, needed }: RoomRequest,
): readonly PendingTransaction[] | AdmissionRejection {
  const left = new RoomLeft(graph, leaving)
  const stay = new Set(needed)
  const evicted: PendingTransaction[] = []
  const orders = openOrders(graph)
  while (!fits(addRoom(left.total(), room), bounds)) {
    const isEntitled = fits(addRoom(left.used(traffic), room), shareOf(bounds, traffic))
    const victim = leastOf(orders, (candidate) => {
      if (stay.has(candidate) || left.isGone(candidate)) return 'skip'
      const isAbove = !fits(left.used(candidate.traffic), shareOf(bounds, candidate.traffic))
      return isAbove || (!isEntitled && candidate.traffic === traffic) ? 'take' : 'keep'
    })
    if (victim === undefined || !(isEntitled || outbids(rate, victim.standing.worth))) {
      const due = victim === undefined ? 'send less' : ppmText(outbidding(victim.standing.worth))
      return reject('mempool_full', `${graph.size} transactions wait; ${due}, or try again later`)
    }
    for (const gone of withDescendants([victim])) {
      if (left.isGone(gone)) continue
      left.take(gone)
      evicted.push(gone)
    }
  }
  return evicted
}

/** The rate that a small plain transaction has to pay now. */
export function leastRate(graph: PendingGraph, bounds: Room): FeeRate {
  const left = new RoomLeft(graph, [])
  if (fits(addRoom(left.total(), TYPICAL), bounds)) return LEAST_RATE
  if (fits(addRoom(left.used('plain'), TYPICAL), shareOf(bounds, 'plain'))) return LEAST_RATE
  const victim = leastOf(openOrders(graph), ({ traffic }) =>
    traffic === 'plain' || !fits(left.used(traffic), shareOf(bounds, traffic)) ? 'take' : 'keep',
  )
  return victim === undefined ? LEAST_RATE : outbidding(victim.standing.worth)
}

function shareOf(bounds: Room, traffic: TrafficClass): Room {
  return sixteenthsOf(bounds, CLASS_SIXTEENTHS[traffic])
}

function ppmText(rate: FeeRate): string {
  return `pay ${ratePpm(rate)} millionths of the least fee`
}

/** The room that is taken while some are on their way out. */
class RoomLeft {
  readonly #graph: PendingGraph
  readonly #gone = new Set<PendingTransaction>()
  readonly #freed: Record<TrafficClass, Room> = {
    dispute: NO_ROOM,
    reveal: NO_ROOM,
    plain: NO_ROOM,
  }

  constructor(graph: PendingGraph, leaving: readonly PendingTransaction[]) {
    this.#graph = graph
    for (const pending of leaving) this.take(pending)
  }

  take(pending: PendingTransaction): void {
    this.#gone.add(pending)
    const freed = addRoom(this.#freed[pending.traffic], roomOf(pending, pending.standing.cost))
    this.#freed[pending.traffic] = freed
  }

  isGone(pending: PendingTransaction): boolean {
    return this.#gone.has(pending)
  }

  used(traffic: TrafficClass): Room {
    return subtractRoom(this.#graph.used(traffic), this.#freed[traffic])
  }

  total(): Room {
    return TRAFFIC_CLASSES.reduce((sum, traffic) => addRoom(sum, this.used(traffic)), NO_ROOM)
  }
}

/** Where one stands in the order of each class. */
type OpenOrders = {
  readonly rest: Iterator<PendingTransaction>
  next: PendingTransaction | undefined
}[]

function openOrders(graph: PendingGraph): OpenOrders {
  return TRAFFIC_CLASSES.map((traffic) => {
    const rest = graph.leastWorth(traffic)[Symbol.iterator]()
    return { rest, next: rest.next().value }
  })
}

/** The least worth that may be taken: of a class that keeps its own, nothing is looked at further. */
function leastOf(
  orders: OpenOrders,
  judge: (candidate: PendingTransaction) => 'take' | 'keep' | 'skip',
): PendingTransaction | undefined {
  let least: PendingTransaction | undefined
  for (const order of orders) {
    while (order.next !== undefined && judge(order.next) === 'skip') {
      order.next = order.rest.next().value
    }
    const { next } = order
    if (next === undefined || judge(next) === 'keep') continue
    if (least === undefined || compareRates(next.standing.worth, least.standing.worth) < 0) {
      least = next
    }
  }
  return least
}
