import type { TxId } from '@tallystick/protocol'
import { addRates, higherRate, subtractRates } from './fee-rate.js'
import type { Footing, PendingTransaction, Standing } from './pending-transaction.js'
import { RateOrder } from './rate-order.js'
import { addRoom, NO_ROOM, type Room, roomOf, subtractRoom } from './room.js'
import type { TrafficClass } from './traffic-class.js'

/**
 * What waits, with who builds on whom, who writes what, and what each is worth to keep. One change
 * costs what it touches: the entries of one transaction and its relatives, of which there are few.
 */
export class PendingGraph {
  readonly #byId = new Map<TxId, PendingTransaction>()
  readonly #writers = new Map<string, PendingTransaction[]>()
  readonly #used: Record<TrafficClass, Room> = { dispute: NO_ROOM, reveal: NO_ROOM, plain: NO_ROOM }
  readonly #orders: Readonly<Record<TrafficClass, RateOrder<PendingTransaction>>> = {
    dispute: new RateOrder(),
    reveal: new RateOrder(),
    plain: new RateOrder(),
  }

  get size(): number {
    return this.#byId.size
  }

  get(id: TxId): PendingTransaction | undefined {
    return this.#byId.get(id)
  }

  has(pending: PendingTransaction): boolean {
    return this.#byId.get(pending.checks.id) === pending
  }

  /** In order of arrival. */
  all(): IterableIterator<PendingTransaction> {
    return this.#byId.values()
  }

  /** Those that write an entry, in order of arrival. */
  writersOf(place: string): readonly PendingTransaction[] {
    return this.#writers.get(place) ?? []
  }

  /** The room that a class takes. */
  used(traffic: TrafficClass): Room {
    return this.#used[traffic]
  }

  /** A class's transactions, from the one that is worth least. */
  leastWorth(traffic: TrafficClass): Iterable<PendingTransaction> {
    return this.#orders[traffic].ascending()
  }

  /** Adds one that arrived after all that are in. */
  add(pending: PendingTransaction): void {
    const { standing, traffic } = pending
    this.#byId.set(pending.checks.id, pending)
    this.#used[traffic] = addRoom(this.#used[traffic], roomOf(pending, standing.cost))
    this.#orders[traffic].add(rankOf(pending), pending)
    for (const place of standing.footprint.writes.keys()) {
      const writers = this.#writers.get(place)
      if (writers === undefined) this.#writers.set(place, [pending])
      else writers.push(pending)
    }
    for (const ancestor of standing.ancestors) {
      ancestor.standing.descendants.add(pending)
      this.#reweigh(ancestor, addRates(ancestor.standing.withDescendants, standing.rate))
    }
  }

  /** Takes one out; its descendants have to go before it. */
  remove(pending: PendingTransaction): void {
    const { standing, traffic } = pending
    this.#byId.delete(pending.checks.id)
    this.#used[traffic] = subtractRoom(this.#used[traffic], roomOf(pending, standing.cost))
    this.#orders[traffic].delete(rankOf(pending))
    for (const place of standing.footprint.writes.keys()) {
      const left = this.writersOf(place).filter((writer) => writer !== pending)
      if (left.length === 0) this.#writers.delete(place)
      else this.#writers.set(place, left)
    }
    for (const ancestor of standing.ancestors) {
      ancestor.standing.descendants.delete(pending)
      this.#reweigh(ancestor, subtractRates(ancestor.standing.withDescendants, standing.rate))
    }
  }

  #reweigh(pending: PendingTransaction, withDescendants: Standing['withDescendants']): void {
    const { standing, traffic } = pending
    this.#orders[traffic].delete(rankOf(pending))
    standing.withDescendants = withDescendants
    standing.worth = higherRate(standing.rate, withDescendants)
    this.#orders[traffic].add(rankOf(pending), pending)
  }
}

/** Where a footing stands before anybody builds on it. */
export function standingOn(footing: Footing): Standing {
  const { rate } = footing
  return { ...footing, descendants: new Set(), withDescendants: rate, worth: rate }
}

/** Some pending transactions and all that build on them, last arrival first. */
export function withDescendants(
  pending: Iterable<PendingTransaction>,
): readonly PendingTransaction[] {
  const all = new Set<PendingTransaction>()
  for (const root of pending) {
    all.add(root)
    for (const descendant of root.standing.descendants) all.add(descendant)
  }
  return [...all].sort((a, b) => b.arrival - a.arrival)
}

function rankOf({ standing, arrival }: PendingTransaction) {
  return { rate: standing.worth, arrival }
}
