import {
  BLOCK_COST_MAX,
  BLOCK_TRANSACTIONS_MAX,
  type Block,
  type BlockHeader,
  blockId,
  type ChainId,
  CLOCK_DRIFT_SECONDS_MAX,
  checkCertificate,
  equalBytes,
  holdsTransactions,
  isRejection,
  type Parameters,
  parseTransactionFor,
  type Rejection,
  reject,
  type Timestamp,
  timestamp,
  toHex,
} from '@tallystick/protocol'
import { valueIsConserved } from '../invariants/value-is-conserved.js'
import { applyContext, type BlockPlace } from './apply-context.js'
import { applyTransaction } from './apply-transaction.js'
import type { Candidate } from './fill-block.js'
import {
  type LedgerView,
  type StageableState,
  type StagedRoot,
  StateOverlay,
  type StateWrite,
} from './ledger-view.js'
import { activationWrites, parametersInForce } from './parameters-in-force.js'
import { TransactionChecks } from './transaction-checks.js'
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

/** The state before a block, and the header that it stands under. */
export type LedgerTip<Staged extends StagedRoot> = {
  readonly state: StageableState<Staged>
  readonly header: BlockHeader
}

/** The state after it, staged: the caller commits it, or discards it. */
export type AppliedBlock<Staged extends StagedRoot> = {
  readonly kind: 'appliedBlock'
  readonly writes: readonly StateWrite[]
  readonly staged: Staged
}

/** Transactions whose coins are looked up together: what they lie in fits the processor's cache. */
const EXPECTED_TRANSACTIONS = 256

/** Transactions of a block as they are executed; the first that is malformed refuses all. */
export function readTransactions(
  chainId: ChainId,
  transactions: readonly Uint8Array[],
): readonly Candidate[] | BlockRejection {
  if (transactions.length > BLOCK_TRANSACTIONS_MAX) {
    return reject('block_too_large', `a block has at most ${BLOCK_TRANSACTIONS_MAX} transactions`)
  }
  const candidates: Candidate[] = []
  for (const [position, encoded] of transactions.entries()) {
    const received = parseTransactionFor(chainId, encoded)
    if (isRejection(received)) return refusedAt(position, received)
    const { transaction, digest } = received
    const checks = new TransactionChecks(chainId, transaction, digest)
    candidates.push({ transaction, encoded, checks })
  }
  return candidates
}

/**
 * Activates parameters that are due and executes transactions in order; the first that is refused
 * refuses all (BLK-5).
 */
export function executeTransactions(
  view: LedgerView,
  candidates: readonly Candidate[],
  place: BlockPlace,
): { readonly kind: 'executed'; readonly writes: readonly StateWrite[] } | BlockRejection {
  const context = applyContext(view, place)
  const state = new StateOverlay(view)
  state.absorb(activationWrites(view, place.height))
  let [cost, position] = [0, 0]
  for (const { transaction, encoded, checks } of candidates) {
    if (position % EXPECTED_TRANSACTIONS === 0) {
      const next = candidates.slice(position, position + EXPECTED_TRANSACTIONS)
      view.expectCoins?.(next.flatMap(({ transaction: { body } }) => body.inputs))
    }
    const applied = applyTransaction(state, transaction, encoded.length, context, checks)
    if (applied.kind === 'rejection') return refusedAt(position, applied)
    cost += applied.cost
    if (cost > BLOCK_COST_MAX) {
      return reject('block_too_large', `a block costs at most ${BLOCK_COST_MAX}`)
    }
    state.absorb(applied.writes)
    position++
  }
  return { kind: 'executed', writes: state.writes() }
}

function refusedAt(position: number, { code, detail }: TransactionRejection): BlockRejection {
  return reject('block_transaction_refused', `transaction ${position}: ${code}: ${detail}`)
}

/**
 * Checks a block against its parent's state and executes it (BLK-*). `clock`: this node's own
 * seconds. `candidates`: its transactions, if they were read before, with what was found out about
 * them.
 */
export function applyBlock<Staged extends StagedRoot>(
  tip: LedgerTip<Staged>,
  block: Block,
  clock: number,
  candidates = readTransactions(block.header.chainId, block.transactions),
): AppliedBlock<Staged> | BlockRejection {
  const { header, certificate } = block
  const parameters = parametersInForce(tip.state, tip.header.height + 1)
  const refusal =
    checkHeader(tip.header, header, parameters, clock) ??
    checkCertificate(header, certificate, parameters)
  return refusal ?? executeBlock(tip, block, candidates)
}

/**
 * Whether a block would be taken if it were certified: what a validator has to know before it signs
 * a candidate of somebody else. The state stays as it is. `clock`: this node's own seconds.
 */
export function judgeCandidate(
  tip: LedgerTip<StagedRoot>,
  candidate: Omit<Block, 'certificate'>,
  clock: number,
): BlockRejection | undefined {
  const { header, transactions } = candidate
  const parameters = parametersInForce(tip.state, tip.header.height + 1)
  const untimely = checkHeader(tip.header, header, parameters, clock)
  if (untimely !== undefined) return untimely
  const executed = executeBlock(tip, candidate, readTransactions(header.chainId, transactions))
  if (isRejection(executed)) return executed
  executed.staged.discard()
  return undefined
}

/** All of BLK-5 but header and certificate. */
function executeBlock<Staged extends StagedRoot>(
  tip: LedgerTip<Staged>,
  { header, transactions }: Omit<Block, 'certificate'>,
  candidates: readonly Candidate[] | BlockRejection,
): AppliedBlock<Staged> | BlockRejection {
  if (!holdsTransactions(header, transactions)) {
    return reject('wrong_transaction_root', `block ${header.height} holds other transactions`)
  }
  if (isRejection(candidates)) return candidates
  const { chainId, time, height } = header
  const executed = executeTransactions(tip.state, candidates, { chainId, time, height })
  if (isRejection(executed)) return executed
  const staged = tip.state.stage(executed.writes)
  valueIsConserved(executed.writes, staged.before)
  if (equalBytes(staged.root, header.stateRoot)) {
    return { kind: 'appliedBlock', writes: executed.writes, staged }
  }
  staged.discard()
  return reject(
    'wrong_state_root',
    `block ${header.height} leads to state ${toHex(staged.root)}, it says ${toHex(header.stateRoot)}`,
  )
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
