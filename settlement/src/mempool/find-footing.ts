import type { ApplyContext } from '../core/apply-context.js'
import { applyTransaction } from '../core/apply-transaction.js'
import type { Candidate } from '../core/fill-block.js'
import type { LedgerView, StateWrite } from '../core/ledger-view.js'
import type { TransactionRejection } from '../core/transaction-rejection.js'
import { paidRateOf } from './fee-rate.js'
import { FootprintView, orderedWrites, type ShownWrite } from './footprint.js'
import type { PendingGraph } from './pending-graph.js'
import type { Footing, PendingTransaction } from './pending-transaction.js'

/** A transaction on its own, without those that it needs. */
type Applied = Omit<Footing, 'ancestors'>

/**
 * What a transaction needs of those that wait, as little as is enough: nobody is to be held up by
 * what somebody else has put in front of him. First the tip alone is tried; then also what does not
 * exist there but was created by some that wait; last what those that wait have made of everything.
 */
export function findFooting(
  tip: LedgerView,
  graph: PendingGraph,
  candidate: Candidate,
  context: ApplyContext,
): Footing | TransactionRejection {
  const alone = applyOn(tip, () => undefined, candidate, context)
  if (alone.kind === 'applied') return { ...alone.applied, ancestors: [] }
  let refused = alone
  for (const mode of ['created', 'latest'] as const) {
    const parents = new Set<PendingTransaction>()
    const shown: ShownWrite = (place, isAtTip) => {
      const writer = mode === 'created' && isAtTip ? undefined : graph.writersOf(place).at(-1)
      if (writer !== undefined) parents.add(writer)
      return writer?.standing.footprint.writes.get(place)
    }
    const tried = applyOn(tip, shown, candidate, context)
    if (parents.size === 0) continue
    // What was shown may not fit together: the parents themselves may have used up what they left.
    const ancestors = withAncestors(parents)
    const stacked =
      tried.kind === 'applied' ? applyOn(tip, stackedWrites(ancestors), candidate, context) : tried
    if (stacked.kind === 'applied') return { ...stacked.applied, ancestors }
    refused = stacked
  }
  return refused.rejection
}

/** Why a transaction cannot follow others that wait; `undefined`: it can. */
export function refusalAfter(
  tip: LedgerView,
  before: readonly ShownWriter[],
  candidate: Candidate,
  context: ApplyContext,
): TransactionRejection | undefined {
  const outcome = applyOn(tip, stackedWrites(before), candidate, context)
  return outcome.kind === 'applied' ? undefined : outcome.rejection
}

/** Pending transactions and all that they need, in order of arrival. */
export function withAncestors(
  pending: Iterable<PendingTransaction>,
): readonly PendingTransaction[] {
  const all = new Set<PendingTransaction>()
  for (const each of pending) {
    for (const ancestor of each.standing.ancestors) all.add(ancestor)
    all.add(each)
  }
  return [...all].sort((a, b) => a.arrival - b.arrival)
}

/** The tip as it is behind some that wait, in order of arrival. */
export function viewBehind(tip: LedgerView, before: readonly ShownWriter[]): LedgerView {
  return new FootprintView(tip, stackedWrites(before))
}

/** What is known of a transaction whose writes others may see. */
export type ShownWriter = { readonly standing: Pick<Footing, 'footprint'> }

function stackedWrites(writers: readonly ShownWriter[]): ShownWrite {
  const stacked = new Map<string, StateWrite>()
  for (const { standing } of writers) {
    for (const [place, write] of standing.footprint.writes) stacked.set(place, write)
  }
  return (place) => stacked.get(place)
}

function applyOn(
  tip: LedgerView,
  shown: ShownWrite,
  { transaction, encoded, checks }: Candidate,
  context: ApplyContext,
):
  | { readonly kind: 'applied'; readonly applied: Applied }
  | { readonly kind: 'refused'; readonly rejection: TransactionRejection } {
  const view = new FootprintView(tip, shown)
  const result = applyTransaction(view, transaction, encoded.length, context, checks)
  if (result.kind === 'rejection') return { kind: 'refused', rejection: result }
  const rate = paidRateOf(view, result, encoded.length, context.parameters)
  const footprint = { reads: view.reads, writes: orderedWrites(tip, result.writes) }
  return { kind: 'applied', applied: { rate, cost: result.cost, footprint } }
}
