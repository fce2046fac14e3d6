import {
  amount,
  BLOCK_COST_MAX,
  checkInForce,
  checkLock,
  feeFor,
  feeRateOf,
  isRejection,
  type Operation,
  type Output,
  type Rejection,
  reject,
  type SpendContext,
  type Timestamp,
  type Transaction,
  type TransactionBody,
  type TxId,
  transactionCost,
} from '@tallystick/protocol'
import type { ApplyContext } from './apply-context.js'
import { applyOperation } from './apply-operation.js'
import { entryName } from './entry-name.js'
import { type LedgerView, StateOverlay, type StateWrite } from './ledger-view.js'
import { firstReveal, recordReveal } from './reveal-record.js'
import { TransactionChecks } from './transaction-checks.js'
import type { TransactionRejection } from './transaction-rejection.js'
import { TransactionRun } from './transaction-run.js'
import { type ObserveStep, STEPS, type StepName } from './transaction-step.js'

/** What an accepted transaction changes. */
export type AppliedTransaction = {
  readonly kind: 'applied'
  readonly id: TxId
  readonly writes: readonly StateWrite[]
  readonly cost: number
}

/**
 * The state transition of the ledger (TX-*), pure: the same view, transaction and time give the
 * same writes or the same rejection on every node. `bytes` is the length of the encoded
 * transaction, `checks` what was found out about it before, if it was; `observe` hears every check.
 * Signatures come last, because they cost most.
 */
export function applyTransaction(
  view: LedgerView,
  transaction: Transaction,
  bytes: number,
  context: ApplyContext,
  checks: TransactionChecks = new TransactionChecks(context.chainId, transaction),
  observe?: ObserveStep,
): AppliedTransaction | TransactionRejection {
  const told = (step: StepName, refusal: TransactionRejection | undefined) => {
    observe?.(step, refusal)
    return refusal
  }
  const refusal =
    told(STEPS.inForce, checkInForce(transaction, context.parameters.protocolVersion)) ??
    told(STEPS.onceOnly, checkOnceOnly(transaction)) ??
    told(STEPS.validity, checkValidity(transaction, context.time))
  if (refusal !== undefined) return refusal
  const cost = boundedCost(transaction, bytes)
  told(STEPS.cost, isRejection(cost) ? cost : undefined)
  if (isRejection(cost)) return cost
  const state = new StateOverlay(view)
  const run = new TransactionRun({ context, state, transaction, checks, observe })
  const refused =
    told(STEPS.reveals, makeReveals(run)) ??
    spendInputs(run) ??
    createOutputs(run) ??
    applyOperations(run) ??
    told(STEPS.fee, burnFee(run, cost)) ??
    checkSigners(run)
  return refused ?? { kind: 'applied', id: run.id, writes: state.writes(), cost }
}

/** What a transaction costs, known before any of it is done (COST-1); at most what a block holds. */
export function boundedCost(
  transaction: Transaction,
  bytes: number,
): number | Rejection<'transaction_too_costly'> {
  const cost = transactionCost(transaction, bytes)
  return cost <= BLOCK_COST_MAX
    ? cost
    : reject('transaction_too_costly', `a block costs at most ${BLOCK_COST_MAX}, this ${cost}`)
}

function checkOnceOnly({ body }: Transaction): TransactionRejection | undefined {
  if (body.inputs.length + body.operations.length + body.reveals.length === 0) {
    return reject('transaction_empty', 'a transaction spends, operates or reveals something')
  }
  if (!isOnceOnly(body)) {
    return reject('transaction_repeatable', 'nothing in the transaction can happen only once')
  }
  return undefined
}

function checkValidity({ body }: Transaction, time: Timestamp): TransactionRejection | undefined {
  if (time < body.validFrom) {
    return reject('not_yet_valid', `ledger time is ${time}, valid from ${body.validFrom}`)
  }
  if (time > body.validUntil) {
    return reject('no_longer_valid', `ledger time is ${time}, valid until ${body.validUntil}`)
  }
  return undefined
}

function spendInputs(run: TransactionRun): TransactionRejection | undefined {
  const { body, witnesses } = run.transaction
  const { time, signedBy, observe } = run
  const revealedAt = firstReveal(run.state)
  return firstRefusal(body.inputs, (outpoint, i) => {
    const name = entryName('coin', outpoint)
    const coin = run.state.read('coin', outpoint, name)
    const witness = witnesses[i]
    if (coin === undefined || witness === undefined) {
      const missing = `${outpoint.txId}:${outpoint.index} is spent or never was`
      const refusal = reject('coin_missing', missing)
      observe?.(STEPS.input(i), refusal)
      return refusal
    }
    observe?.(STEPS.input(i), undefined)
    run.state.write('coin', outpoint, undefined, name)
    run.credit(coin.asset, coin.amount)
    const onCondition = observe && conditionObserver(observe, i)
    const context = {
      time,
      coinTime: coin.createdTime,
      signedBy,
      revealedAt,
      ...(onCondition && { onCondition }),
    }
    const refusal = checkLock(coin.lock, witness, context)
    observe?.(STEPS.lock(i), refusal)
    return refusal
  })
}

function conditionObserver(
  observe: ObserveStep,
  input: number,
): NonNullable<SpendContext['onCondition']> {
  return (condition, position, rejection) => {
    observe(STEPS.condition(input, position, condition), rejection)
  }
}

function applyOperations(run: TransactionRun): TransactionRejection | undefined {
  return firstRefusal(run.transaction.body.operations, (operation, i) => {
    const refusal = applyOperation(run, operation, i)
    run.observe?.(STEPS.operation(i, operation), refusal)
    return refusal
  })
}

function createOutputs(run: TransactionRun): TransactionRejection | undefined {
  return firstRefusal(run.transaction.body.outputs, (output, i) => {
    const refusal = createOutput(run, output)
    run.observe?.(STEPS.output(i), refusal)
    return refusal
  })
}

function createOutput(
  run: TransactionRun,
  { asset, amount: value, lock }: Output,
): TransactionRejection | undefined {
  if (value === 0n) return reject('amount_out_of_range', 'an output holds at least one unit')
  run.debit(asset, value)
  run.createCoin({ asset, value, lock })
  return undefined
}

/**
 * Made before inputs are checked, so that one transaction reveals a link and spends the coin that
 * waits for it. A link that is known already changes nothing: somebody else was faster, and must not be able to
 * knock out a whole exit by it. Only a transaction that does nothing else is refused (REV-2).
 */
function makeReveals(run: TransactionRun): TransactionRejection | undefined {
  const { inputs, reveals, operations } = run.transaction.body
  const made = reveals.filter((reveal, position) => recordReveal(run, reveal, position)).length
  return made > 0 || inputs.length > 0 || operations.some(isOnceOnlyOperation)
    ? undefined
    : reject('already_revealed', 'every link in the transaction is public already')
}

/** Conservation and the fee (TX-8): what is left over is burnt, in assets that fees are taken in. */
function burnFee(run: TransactionRun, cost: number): TransactionRejection | undefined {
  let paid = cost === 0
  let due = ''
  for (const [assetId, left] of run.balances()) {
    const key = { asset: assetId }
    const name = entryName('asset', key)
    const asset = run.state.read('asset', key, name)
    // Asked this late because the transaction itself may have made it.
    if (asset === undefined) return reject('asset_unknown', `there is no asset ${assetId}`)
    if (left < 0n) {
      return reject('inputs_below_outputs', `asset ${assetId} is ${-left} units short`)
    }
    const { code } = asset.terms
    const feePerKiloCost = feeRateOf(run.parameters, assetId)
    if (left < run.channelFees(assetId)) {
      return reject('fee_spent_otherwise', 'what a channel pays as a fee can pay for nothing else')
    }
    if (feePerKiloCost === 0 && left > 0n) {
      return reject('asset_not_balanced', `${left} units of ${code} would be lost: it pays no fees`)
    }
    if (left > 0n) {
      const burnt = amount(asset.burnt + left)
      run.state.write('asset', key, { ...asset, burnt }, name)
    }
    const fee = feeFor(cost, feePerKiloCost)
    paid ||= feePerKiloCost > 0 && left >= fee
    if (feePerKiloCost > 0) due = `: ${left} of ${fee} base units of ${code}`
  }
  return paid ? undefined : reject('fee_too_low', `cost ${cost} is not paid for${due}`)
}

function checkSigners(run: TransactionRun): TransactionRejection | undefined {
  const { checks } = run
  const unused = run.unusedSigner()
  const idle =
    unused === undefined
      ? undefined
      : reject('signer_unused', `nothing in the transaction asks for a signature by ${unused}`)
  run.observe?.(STEPS.signers, idle)
  if (idle !== undefined) return idle
  return firstRefusal(run.transaction.signers, ({ publicKey, signature }, i) => {
    const refusal = checks.isSigned(publicKey, checks.digest, signature)
      ? undefined
      : reject('bad_signature', `${publicKey} did not sign this transaction`)
    run.observe?.(STEPS.signature(i), refusal)
    return refusal
  })
}

function firstRefusal<T>(
  items: readonly T[],
  check: (item: T, index: number) => TransactionRejection | undefined,
): TransactionRejection | undefined {
  let index = 0
  for (const item of items) {
    const refusal = check(item, index++)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

/**
 * Whether applying the body takes away what it needs (TX-3), so that nobody can apply it again: an
 * id is used once, and with it every outpoint and channel id made from it. Opening, depositing and
 * paying fees could all be paid for out of a closing channel, again and again, and so could a
 * reissue and a change of the parameters. An issue takes a number, which is given once.
 */
function isOnceOnly({ inputs, reveals, operations }: TransactionBody): boolean {
  return inputs.length + reveals.length > 0 || operations.some(isOnceOnlyOperation)
}

function isOnceOnlyOperation({ kind }: Operation): boolean {
  switch (kind) {
    case 'close':
    case 'withdraw':
    case 'forceClose':
    case 'challenge':
    case 'finalize':
    case 'issue':
      return true
    case 'open':
    case 'deposit':
    case 'payFee':
    case 'reissue':
    case 'changeParameters':
      return false
  }
}
