import {
  BLOCK_COST_MAX,
  BLOCK_TRANSACTIONS_MAX,
  type Block,
  type BlockHeader,
  blockId,
  CLOCK_DRIFT_SECONDS_MAX,
  checkCertificate,
  equalBytes,
  holdsTransactions,
  isRejection,
  type Parameters,
  parseTransaction,
  type Rejection,
  reject,
  type SparseTree,
  type Timestamp,
  timestamp,
  treeRoot,
} from '@tallystick/protocol'
import { valueIsConserved } from '../invariants/value-is-conserved.js'
import { type ApplyContext, applyContext, type BlockPlace } from './apply-context.js'
import { applyTransaction } from './apply-transaction.js'
import { type LedgerView, StateOverlay, type StateWrite } from './ledger-view.js'
import { activationWrites, parametersInForce } from './parameters-in-force.js'
import { advanceTree } from './state-root.js'
import type { TransactionRejection } from './transaction-rejection.js'

export type BlockRejection = Rejection<
  | 'wrong_chain'
  | 'wrong_version'
  | 'wrong_revision'
  | 'wrong_height'
  | 'wrong_parent'
  | 'time_out_of_bounds'
  | 'bad_certificate'
  | 'wrong_transaction_root'
  | 'block_too_large'
  | 'block_transaction_refused'
  | 'wrong_state_root'
>

/** The state before a block. */
export type LedgerTip = {
  readonly view: LedgerView
  readonly tree: SparseTree
  readonly header: BlockHeader
}

/** The state after it, as a difference. */
export type AppliedBlock = {
  readonly kind: 'appliedBlock'
  readonly writes: readonly StateWrite[]
  readonly tree: SparseTree
}

/**
 * Activates parameters that are due and executes transactions in order; the first that is refused
 * refuses all (BLK-5).
 */
export function executeTransactions(
  view: LedgerView,
  transactions: readonly Uint8Array[],
  place: BlockPlace,
): { readonly kind: 'executed'; readonly writes: readonly StateWrite[] } | BlockRejection {
  if (transactions.length > BLOCK_TRANSACTIONS_MAX) {
    return reject('block_too_large', `a block has at most ${BLOCK_TRANSACTIONS_MAX} transactions`)
  }
  const context = applyContext(view, place)
  const state = new StateOverlay(view)
  state.absorb(activationWrites(view, place.height))
  let cost = 0
  for (const [position, encoded] of transactions.entries()) {
    const applied = executeOne(state, encoded, context)
    if (applied.kind === 'rejection') {
      const { code, detail } = applied
      return reject('block_transaction_refused', `transaction ${position}: ${code}: ${detail}`)
    }
    cost += applied.cost
    if (cost > BLOCK_COST_MAX) {
      return reject('block_too_large', `a block costs at most ${BLOCK_COST_MAX}`)
    }
    state.absorb(applied.writes)
  }
  const writes = state.writes()
  valueIsConserved(view, writes)
  return { kind: 'executed', writes }
}

function executeOne(
  view: LedgerView,
  encoded: Uint8Array,
  context: ApplyContext,
): ReturnType<typeof applyTransaction> | TransactionRejection {
  const transaction = parseTransaction(encoded)
  if (isRejection(transaction)) return transaction
  return applyTransaction(view, transaction, encoded.length, context)
}

/**
 * Checks a block against the state after its parent and executes it (BLK-*). `clock`: this node's
 * own seconds.
 */
export function applyBlock(
  tip: LedgerTip,
  block: Block,
  clock: number,
): AppliedBlock | BlockRejection {
  const { header, certificate, transactions } = block
  const parameters = parametersInForce(tip.view, tip.header.height + 1)
  const refusal =
    checkHeader(tip.header, header, parameters, clock) ??
    checkCertificate(header, certificate, parameters)
  if (refusal !== undefined) return refusal
  if (!holdsTransactions(header, transactions)) {
    return reject('wrong_transaction_root', `block ${header.height} holds other transactions`)
  }
  const { chainId, time, height } = header
  const executed = executeTransactions(tip.view, transactions, { chainId, time, height })
  if (isRejection(executed)) return executed
  const tree = advanceTree(tip.tree, executed.writes)
  return equalBytes(treeRoot(tree), header.stateRoot)
    ? { kind: 'appliedBlock', writes: executed.writes, tree }
    : reject('wrong_state_root', `block ${header.height} leads to another state than it says`)
}

/**
 * Whether `header` may follow `parent` under the parameters in force for it (BLK-3, TIME-*):
 * `undefined` when it may.
 */
export function checkHeader(
  parent: BlockHeader,
  header: BlockHeader,
  parameters: Parameters,
  clock: number,
): BlockRejection | undefined {
  if (header.chainId !== parent.chainId) {
    return reject('wrong_chain', `this is chain ${parent.chainId}, not ${header.chainId}`)
  }
  if (header.version !== parameters.protocolVersion) {
    return reject('wrong_version', `rules ${parameters.protocolVersion} are in force here`)
  }
  if (header.revision !== parameters.revision) {
    return reject('wrong_revision', `parameters ${parameters.revision} are in force here`)
  }
  if (header.height !== parent.height + 1) {
    return reject('wrong_height', `block ${parent.height + 1} is the next, not ${header.height}`)
  }
  if (header.parent !== blockId(parent)) {
    return reject('wrong_parent', `block ${header.height} names another parent`)
  }
  const latest = Math.min(
    parent.time + parameters.timeStepSecondsMax,
    clock + CLOCK_DRIFT_SECONDS_MAX,
  )
  if (header.time < parent.time || header.time > latest) {
    return reject('time_out_of_bounds', `a time from ${parent.time} to ${latest} is due`)
  }
  return undefined
}

/** Ledger time of the next block: the clock, as far as the rules let time move (TIME-3). */
export function nextBlockTime(
  parent: BlockHeader,
  parameters: Parameters,
  clock: number,
): Timestamp {
  const latest = parent.time + parameters.timeStepSecondsMax
  return timestamp(Math.max(parent.time, Math.min(clock, latest)))
}
