import {
  type BlockHeader,
  blockId,
  type Certificate,
  fromHex,
  type Transaction,
  type TxId,
} from '@tallystick/protocol'
import type { Candidate } from '../core/fill-block.js'
import type { LedgerView, StateWrite } from '../core/ledger-view.js'
import type { TransactionRejection } from '../core/transaction-rejection.js'
import type { StagedState } from '../state/ledger-state.js'
import { entryRows } from '../store/entry-row.js'
import { entryUses } from '../store/entry-use.js'
import type { BlockCommit } from '../store/ledger-store.js'
import { handoverAfter } from './handover-after.js'

/** A block that is certified and executed, and not yet stored. */
export type FinalBlock = {
  readonly header: BlockHeader
  readonly certificate: Certificate
  /** The block as it travels. */
  readonly bytes: Uint8Array
  readonly writes: readonly StateWrite[]
  readonly staged: StagedState
  readonly included: IncludedTransactions
  readonly refused: readonly {
    readonly candidate: Candidate
    readonly rejection: TransactionRejection
  }[]
}

/** The transactions of a block: those that this node chose, or those that came. */
export type IncludedTransactions = {
  ids(): readonly TxId[]
  transactions(): readonly Transaction[]
}

export function includedOf(candidates: readonly Candidate[]): IncludedTransactions {
  return {
    ids: () => candidates.map(({ checks }) => checks.id),
    transactions: () => candidates.map(({ transaction }) => transaction),
  }
}

/** All that a block changes in storage. `before`: the state under it; `gone`: others that wait no more. */
export function blockCommit(
  before: LedgerView,
  block: FinalBlock,
  gone: readonly TxId[],
): BlockCommit {
  const { header, bytes, writes, staged, included, refused } = block
  const transactions = included.ids()
  return {
    ...{ height: header.height, id: fromHex(blockId(header)), bytes, transactions },
    ...entryRows(writes, staged.changes),
    handover: handoverAfter(before, block, block),
    uses: entryUses(included.transactions(), channelCountAfter(before, writes)),
    settled: [...transactions, ...refused.map(({ candidate }) => candidate.checks.id), ...gone],
  }
}

function channelCountAfter(before: LedgerView, writes: readonly StateWrite[]): number {
  for (const write of writes) if (write.kind === 'channelCount') return write.value?.count ?? 0
  return before.read('channelCount', {})?.count ?? 0
}
