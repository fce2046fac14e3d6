import {
  HASH_STEP_COST,
  operationCost,
  prepaidCost,
  SIGNATURE_COST,
  type Transaction,
} from '@tallystick/protocol'
import type { ApplyContext } from './apply-context.js'
import { type AppliedTransaction, applyTransaction } from './apply-transaction.js'
import type { LedgerView } from './ledger-view.js'
import type { TransactionChecks } from './transaction-checks.js'
import type { TransactionRejection } from './transaction-rejection.js'
import { STEPS, type StepName } from './transaction-step.js'

/** One check of a transaction; `cost` in units of COST-1, below 0 where it was paid for before. */
export type TracedStep = StepName & {
  readonly cost: number
  readonly outcome: 'passed' | 'failed' | 'not_reached'
  readonly refusal: TransactionRejection | undefined
}

export type TransactionTrace = {
  readonly applied: AppliedTransaction | TransactionRejection
  /** In the order in which they were made; those that were not reached come last. */
  readonly steps: readonly TracedStep[]
}

/**
 * Runs a transaction as the ledger would and tells of every check. The rules are those of
 * `applyTransaction`, which reports what it does; this only knows the names of steps that a
 * transaction is in for, to name the ones that were not reached.
 */
export function traceTransaction(
  view: LedgerView,
  transaction: Transaction,
  bytes: number,
  context: ApplyContext,
  checks: TransactionChecks,
): TransactionTrace {
  const planned = new Map(plannedSteps(transaction, bytes).map((step) => [nameOf(step), step]))
  const made: TracedStep[] = []
  const applied = applyTransaction(view, transaction, bytes, context, checks, (step, refusal) => {
    const cost = planned.get(nameOf(step))?.cost ?? 0
    const outcome = refusal === undefined ? 'passed' : 'failed'
    made.push({ ...step, cost, outcome, refusal })
    planned.delete(nameOf(step))
  })
  const unreached = [...planned.values()].map((step) => {
    return { ...step, outcome: 'not_reached', refusal: undefined } as const
  })
  return { applied, steps: [...made, ...unreached] }
}

type PlannedStep = StepName & { readonly cost: number }

/** The steps that every run of the transaction makes unless one before refuses, in order. */
function plannedSteps({ body, witnesses, signers }: Transaction, bytes: number): PlannedStep[] {
  const costing = (cost: number, step: StepName): PlannedStep => ({ ...step, cost })
  const free = (step: StepName) => costing(0, step)
  const hashSteps = body.reveals.reduce((sum, { index }) => sum + index, 0)
  const prepaid = body.operations.length === 0 ? 0 : prepaidCost(body) / body.operations.length
  return [
    free(STEPS.inForce),
    free(STEPS.onceOnly),
    free(STEPS.validity),
    costing(bytes, STEPS.cost),
    costing(HASH_STEP_COST * hashSteps, STEPS.reveals),
    ...witnesses.flatMap(({ alternative }, i) => [
      free(STEPS.input(i)),
      ...alternative.map((condition, j) => free(STEPS.condition(i, j, condition))),
      free(STEPS.lock(i)),
    ]),
    ...body.outputs.map((_, i) => free(STEPS.output(i))),
    ...body.operations.map((operation, i) =>
      costing(operationCost(operation) - prepaid, STEPS.operation(i, operation)),
    ),
    free(STEPS.fee),
    free(STEPS.signers),
    ...signers.map((_, i) => costing(SIGNATURE_COST, STEPS.signature(i))),
  ]
}

function nameOf({ rule, subject }: StepName): string {
  return `${rule} ${subject}`
}
