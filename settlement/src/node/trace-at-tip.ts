import { isRejection, type Transaction } from '@tallystick/protocol'
import type { ApplyContext } from '../core/apply-context.js'
import type { LedgerView } from '../core/ledger-view.js'
import { type TransactionTrace, traceTransaction } from '../core/trace-transaction.js'
import type { TransactionChecks } from '../core/transaction-checks.js'
import type { TransactionRejection } from '../core/transaction-rejection.js'
import { viewBehind } from '../mempool/find-footing.js'
import type { PendingTransaction } from '../mempool/pending-transaction.js'
import type { ChainTip } from './chain.js'
import type { NodeBusy } from './reveal-hashing.js'
import type { TransactionStatus } from './submission.js'
import { timed } from './timed.js'

/**
 * A transaction as it would be applied by a block that came now, or as it was where it is: `tip` is
 * the block before.
 */
export type TipTrace = TransactionTrace & {
  readonly kind: 'traced'
  readonly id: TransactionChecks['id']
  readonly tip: ChainTip
  readonly time: ApplyContext['time']
  /** COST-1, units. */
  readonly cost: number
  /** What it burns, base units by asset; nothing when it is refused. */
  readonly burnt: readonly { readonly asset: number; readonly amount: bigint }[]
  readonly status: TransactionStatus
}

/** A trace, or why there is none, with the work that it took, milliseconds: nobody pays for it. */
export type Traced = {
  readonly workMs: number
  readonly result: TipTrace | TransactionRejection | NodeBusy
}

/** Runs one that waits on the tip, behind those that it builds on; nothing changes. */
export function traceWaiting(
  state: LedgerView,
  tip: ChainTip,
  { transaction, encoded, checks, standing }: PendingTransaction,
  context: ApplyContext,
): Traced {
  const { cost, ancestors } = standing
  const status = { kind: 'pending' } as const
  const parts = { transaction, bytes: encoded.length, cost, checks, context, status }
  const [result, workMs] = timed(() => traceAtTip(viewBehind(state, ancestors), tip, parts))
  return { workMs, result }
}

/** Runs a transaction of a known cost on the tip; nothing changes. */
export function traceAtTip(
  state: LedgerView,
  tip: ChainTip,
  traced: {
    readonly transaction: Transaction
    readonly bytes: number
    readonly cost: number
    readonly checks: TransactionChecks
    readonly context: ApplyContext
    readonly status: TransactionStatus
  },
): TipTrace {
  const { transaction, bytes, cost, checks, context, status } = traced
  const trace = traceTransaction(state, transaction, bytes, context, checks)
  const writes = isRejection(trace.applied) ? [] : trace.applied.writes
  const burnt = writes.flatMap((write) => {
    if (write.kind !== 'asset' || write.value === undefined) return []
    const before = state.read('asset', write.key)?.burnt ?? 0n
    return [{ asset: write.key.asset, amount: write.value.burnt - before }]
  })
  return { kind: 'traced', ...trace, id: checks.id, tip, time: context.time, cost, burnt, status }
}
