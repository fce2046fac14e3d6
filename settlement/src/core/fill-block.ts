import { BLOCK_COST_MAX, BLOCK_TRANSACTIONS_MAX, type Transaction } from '@tallystick/protocol'
import { applyContext, type BlockPlace } from './apply-context.js'
import { applyTransaction } from './apply-transaction.js'
import { type LedgerView, StateOverlay, type StateWrite } from './ledger-view.js'
import { activationWrites } from './parameters-in-force.js'
import type { TransactionChecks } from './transaction-checks.js'
import type { TransactionRejection } from './transaction-rejection.js'

/** A transaction that waits for a block, with the bytes that it came in. */
export type Candidate = {
  readonly transaction: Transaction
  readonly encoded: Uint8Array
  /** What was found out about it when it was taken. */
  readonly checks: TransactionChecks
}

/** What goes into the next block, and what no block can take any more. */
export type FilledBlock<C extends Candidate> = {
  readonly included: readonly C[]
  readonly refused: readonly { readonly candidate: C; readonly rejection: TransactionRejection }[]
  readonly writes: readonly StateWrite[]
}

/**
 * Takes candidates in order until a block is full; a refused one is left out and the next goes on.
 * `bytesMax` bounds the encoded transactions together: a choice of this node, not a rule.
 */
export function fillBlock<C extends Candidate>(
  view: LedgerView,
  candidates: Iterable<C>,
  place: BlockPlace,
  bytesMax: number,
): FilledBlock<C> {
  const context = applyContext(view, place)
  const state = new StateOverlay(view)
  state.absorb(activationWrites(view, place.height))
  const included: C[] = []
  const refused: { candidate: C; rejection: TransactionRejection }[] = []
  let [cost, bytes] = [0, 0]
  for (const candidate of candidates) {
    const { transaction, encoded, checks } = candidate
    if (included.length === BLOCK_TRANSACTIONS_MAX || bytes + encoded.length > bytesMax) break
    const applied = applyTransaction(state, transaction, encoded.length, context, checks)
    if (applied.kind === 'rejection') {
      refused.push({ candidate, rejection: applied })
      continue
    }
    if (cost + applied.cost > BLOCK_COST_MAX) break
    cost += applied.cost
    bytes += encoded.length
    state.absorb(applied.writes)
    included.push(candidate)
  }
  return { included, refused, writes: state.writes() }
}
