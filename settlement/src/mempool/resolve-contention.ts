import { isRejection, reject } from '@tallystick/protocol'
import type { ApplyContext } from '../core/apply-context.js'
import type { Candidate } from '../core/fill-block.js'
import type { LedgerView } from '../core/ledger-view.js'
import type { TransactionRejection } from '../core/transaction-rejection.js'
import { CONTENDERS_MAX } from '../limits.js'
import { compareRates, outbidding, outbids, ratePpm } from './fee-rate.js'
import { refusalAfter, withAncestors } from './find-footing.js'
import type { AdmissionRejection } from './mempool-rejection.js'
import type { PendingGraph } from './pending-graph.js'
import type { Footing, PendingTransaction } from './pending-transaction.js'
import { isTimeCritical, type TrafficClass } from './traffic-class.js'

/** A transaction that wants to wait. */
export type Newcomer = {
  readonly candidate: Candidate
  readonly traffic: TrafficClass
  readonly footing: Footing
}

/**
 * Holds a newcomer against each that waits and writes what it reads (MEM-3): those it replaces, or
 * why it has to stay out. Only direct rivals count, each by its own rate: what hangs behind a rival
 * makes it no dearer to replace.
 */
export function resolveContention(
  tip: LedgerView,
  graph: PendingGraph,
  newcomer: Newcomer,
  context: ApplyContext,
): readonly PendingTransaction[] | AdmissionRejection | TransactionRejection {
  const rivals = rivalsOf(graph, newcomer.footing)
  const crowd = crowdOf(newcomer, rivals)
  if (isRejection(crowd)) return crowd
  const replaced: PendingTransaction[] = [...crowd]
  for (const rival of rivals) {
    if (crowd.includes(rival)) continue
    const verdict = standUp(tip, newcomer, rival, context)
    if (isRejection(verdict)) return verdict
    if (verdict === 'replace') replaced.push(rival)
  }
  return replaced
}

/**
 * Rivals beyond those that a newcomer is held against one by one: the cheapest go without a look, if
 * it outbids them. So a crowd that costs little keeps out nobody who bids more.
 */
function crowdOf(
  { traffic, footing }: Newcomer,
  rivals: readonly PendingTransaction[],
): readonly PendingTransaction[] | AdmissionRejection {
  const many = rivals.length - CONTENDERS_MAX
  if (many <= 0) return []
  const cheapest = rivals
    .filter((rival) => isTimeCritical(traffic) || !isTimeCritical(rival.traffic))
    .filter(({ standing }) => !footing.ancestors.some((own) => standing.descendants.has(own)))
    .toSorted((a, b) => compareRates(a.standing.rate, b.standing.rate))
    .slice(0, many)
  const dearest = cheapest.at(-1)
  const isOutbid = dearest !== undefined && outbids(footing.rate, dearest.standing.rate)
  if (cheapest.length === many && isOutbid) return cheapest
  const detail = `${rivals.length} others wait on the same entries, at most ${CONTENDERS_MAX}`
  return reject(
    'too_many_dependents',
    `${detail}; one that pays more takes the place of the cheapest`,
  )
}

function rivalsOf(graph: PendingGraph, { footprint, ancestors }: Footing): PendingTransaction[] {
  const rivals = new Set<PendingTransaction>()
  for (const place of footprint.reads) {
    for (const writer of graph.writersOf(place)) rivals.add(writer)
  }
  for (const ancestor of ancestors) rivals.delete(ancestor)
  return [...rivals]
}

function standUp(
  tip: LedgerView,
  { candidate, traffic, footing }: Newcomer,
  rival: PendingTransaction,
  context: ApplyContext,
): 'together' | 'replace' | AdmissionRejection | TransactionRejection {
  const before = withAncestors([...footing.ancestors, rival])
  const refused = refusalAfter(tip, before, candidate, context)
  if (refused === undefined) return 'together'
  // What has a deadline is not pushed aside by what has none.
  if (isTimeCritical(rival.traffic) && !isTimeCritical(traffic)) return refused
  const own = [...withAncestors([...footing.ancestors, ...rival.standing.ancestors])]
  const isSecond = refusalAfter(tip, [...own, { standing: footing }], rival, context) === undefined
  const isAhead =
    (isTimeCritical(traffic) && !isTimeCritical(rival.traffic)) ||
    compareRates(footing.rate, rival.standing.rate) > 0
  if (isSecond && isAhead) return 'together'
  if (!isSecond && outbids(footing.rate, rival.standing.rate)) return 'replace'
  const due = ratePpm(outbidding(rival.standing.rate))
  return reject(
    'replacement_fee_too_low',
    `${rival.checks.id} waits and excludes it (${refused.code}); a fee of ${due} millionths of the least replaces that`,
  )
}
