import { isRejection, reject } from '@tallystick/protocol'
import type { ApplyContext } from '../core/apply-context.js'
import type { Candidate } from '../core/fill-block.js'
import type { LedgerView } from '../core/ledger-view.js'
import type { TransactionRejection } from '../core/transaction-rejection.js'
import { ANCESTORS_MAX, DESCENDANTS_MAX, ENTRY_WRITERS_MAX, PACKAGE_COST_MAX } from '../limits.js'
import { compareRates, outbids } from './fee-rate.js'
import { findFooting } from './find-footing.js'
import { makeRoom } from './make-room.js'
import type { AdmissionRejection } from './mempool-rejection.js'
import { type PendingGraph, withDescendants } from './pending-graph.js'
import type { PendingTransaction } from './pending-transaction.js'
import { type Newcomer, resolveContention } from './resolve-contention.js'
import type { Room } from './room.js'
import { isTimeCritical, trafficClassOf } from './traffic-class.js'

/** What it takes to let a transaction in: who has to go, children before their parents. */
export type Admittance = {
  readonly kind: 'admittance'
  readonly newcomer: Newcomer
  readonly replaced: readonly PendingTransaction[]
  readonly evicted: readonly PendingTransaction[]
}

/** Whether a transaction may wait (MEM-2 to MEM-5); nothing changes by asking. */
export function admit(
  tip: LedgerView,
  graph: PendingGraph,
  bounds: Room,
  candidate: Candidate,
  context: ApplyContext,
): Admittance | AdmissionRejection | TransactionRejection {
  const footing = findFooting(tip, graph, candidate, context)
  if (isRejection(footing)) return footing
  const newcomer: Newcomer = { candidate, traffic: trafficClassOf(candidate.transaction), footing }
  const tooMany = checkPackage(newcomer)
  if (tooMany !== undefined) return tooMany
  const rivals = resolveContention(tip, graph, newcomer, context)
  if (isRejection(rivals)) return rivals
  const displaced = displaceWriters(graph, newcomer, rivals)
  if (isRejection(displaced)) return displaced
  const replaced = withDescendants([...rivals, ...displaced])
  const evicted = makeRoom(graph, bounds, {
    traffic: newcomer.traffic,
    rate: footing.rate,
    room: { transactions: 1, bytes: candidate.encoded.length, cost: footing.cost },
    leaving: replaced,
    needed: footing.ancestors,
  })
  if (isRejection(evicted)) return evicted
  return { kind: 'admittance', newcomer, replaced, evicted }
}

/** Whoever waits behind others is one of few, so that evicting a package is little work. */
function checkPackage({ footing }: Newcomer): AdmissionRejection | undefined {
  const { ancestors, cost } = footing
  const together = ancestors.reduce((sum, { standing }) => sum + standing.cost, cost)
  if (ancestors.length > ANCESTORS_MAX || (ancestors.length > 0 && together > PACKAGE_COST_MAX)) {
    const detail = `it builds on ${ancestors.length} that wait, at a cost of ${together} together`
    return reject(
      'too_many_dependents',
      `${detail}; at most ${ANCESTORS_MAX} and ${PACKAGE_COST_MAX}`,
    )
  }
  const full = ancestors.find(({ standing }) => standing.descendants.size >= DESCENDANTS_MAX)
  return full === undefined
    ? undefined
    : reject('too_many_dependents', `${DESCENDANTS_MAX} others build on ${full.checks.id} already`)
}

/**
 * Few may change one entry at a time, and the one worth least makes place for a better one: so a
 * channel whose other side keeps it busy is still open to a dispute.
 */
function displaceWriters(
  graph: PendingGraph,
  { traffic, footing }: Newcomer,
  rivals: readonly PendingTransaction[],
): readonly PendingTransaction[] | AdmissionRejection {
  const displaced = new Set<PendingTransaction>()
  for (const place of footing.footprint.writes.keys()) {
    const staying = graph
      .writersOf(place)
      .filter((writer) => !rivals.includes(writer) && !displaced.has(writer))
    if (staying.length < ENTRY_WRITERS_MAX) continue
    const victim = staying
      .filter((writer) => isTimeCritical(traffic) || !isTimeCritical(writer.traffic))
      .filter(({ standing }) => !footing.ancestors.some((own) => standing.descendants.has(own)))
      .filter((writer) => !footing.ancestors.includes(writer))
      .reduce<PendingTransaction | undefined>(lesser, undefined)
    const isPlainVictim =
      victim !== undefined && isTimeCritical(traffic) && victim.traffic === 'plain'
    if (victim === undefined || !(isPlainVictim || outbids(footing.rate, victim.standing.rate))) {
      const detail = `${staying.length} others wait that change an entry it changes`
      return reject('too_many_dependents', `${detail}; one that pays more takes a place`)
    }
    displaced.add(victim)
  }
  return [...displaced]
}

/** The one to be displaced first: plain before time-critical, then by its own rate. */
function lesser(
  found: PendingTransaction | undefined,
  next: PendingTransaction,
): PendingTransaction {
  if (found === undefined) return next
  if (isTimeCritical(found.traffic) !== isTimeCritical(next.traffic)) {
    return isTimeCritical(found.traffic) ? next : found
  }
  return compareRates(next.standing.rate, found.standing.rate) < 0 ? next : found
}
