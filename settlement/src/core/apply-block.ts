import {
  BLOCK_COST_MAX,
  type Block,
  type BlockHeader,
  blockId,
  CLOCK_DRIFT_SECONDS_MAX,
  checkCertificate,
  equalBytes,
  holdsTransactions,
  isRejection,
  type Parameters,
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
import { type ReceivedRejection, ReceivedTransactions } from './received-transactions.js'
import { refusedAt } from './transaction-rejection.js'

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

/** Transactions that are read together, and their coins looked up: all of it fits the processor's cache. */
const READ_TOGETHER = 64

/**
 * Activates parameters that are due and executes transactions in order; the first that is refused
 * refuses all (BLK-5).
 */
export function executeTransactions(
  view: LedgerView,
  received: ReceivedTransactions,
  place: BlockPlace,
): { readonly kind: 'executed'; readonly writes: readonly StateWrite[] } | BlockRejection {
  const context = applyContext(view, place)
  const state = new StateOverlay(view)
  state.absorb(activationWrites(view, place.height))
  const count = received.encoded.length
  let [cost, position] = [0, 0]
  while (position < count) {
    const { candidates, refusal } = readSome(received, position, position + READ_TOGETHER)
    view.expectCoins?.(candidates.flatMap(({ transaction: { body } }) => body.inputs))
    for (const { transaction, encoded, checks } of candidates) {
      const applied = applyTransaction(state, transaction, encoded.length, context, checks)
      if (applied.kind === 'rejection') return refusedAt(position, applied)
      cost += applied.cost
      if (cost > BLOCK_COST_MAX) {
        return reject('block_too_large', `a block costs at most ${BLOCK_COST_MAX}`)
      }
      state.absorb(applied.writes)
      position++
    }
    if (refusal !== undefined) return refusal
  }
  return { kind: 'executed', writes: state.writes() }
}

/** The candidates from `from` to before `to`, or those before the first that is malformed. */
function readSome(
  received: ReceivedTransactions,
  from: number,
  to: number,
): { readonly candidates: readonly Candidate[]; readonly refusal?: BlockRejection } {
  const candidates: Candidate[] = []
  for (let position = from; position < Math.min(to, received.encoded.length); position++) {
    const candidate = received.candidate(position)
    if (isRejection(candidate)) return { candidates, refusal: candidate }
    candidates.push(candidate)
  }
  return { candidates }
}

/**
 * Checks a block against its parent's state and executes it (BLK-*). `clock`: this node's own
 * seconds. `received`: its transactions, if something was found out about them before.
 */
export function applyBlock<Staged extends StagedRoot>(
  tip: LedgerTip<Staged>,
  block: Block,
  clock: number,
  received = ReceivedTransactions.of(block.header.chainId, block.transactions),
): AppliedBlock<Staged> | BlockRejection {
  const { header, certificate } = block
  const parameters = parametersInForce(tip.state, tip.header.height + 1)
  const refusal =
    checkHeader(tip.header, header, parameters, clock) ??
    checkCertificate(header, certificate, parameters)
  return refusal ?? executeBlock(tip, block, received)
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
  const executed = executeBlock(
    tip,
    candidate,
    ReceivedTransactions.of(header.chainId, transactions),
  )
  if (isRejection(executed)) return executed
  executed.staged.discard()
  return undefined
}

/** All of BLK-5 but header and certificate. */
function executeBlock<Staged extends StagedRoot>(
  tip: LedgerTip<Staged>,
  { header, transactions }: Omit<Block, 'certificate'>,
  received: ReceivedTransactions | ReceivedRejection,
): AppliedBlock<Staged> | BlockRejection {
  if (!holdsTransactions(header, transactions)) {
    return reject('wrong_transaction_root', `block ${header.height} holds other transactions`)
  }
  if (isRejection(received)) return received
  const { chainId, time, height } = header
  const executed = executeTransactions(tip.state, received, { chainId, time, height })
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
