import {
  type BlockHeader,
  blockId,
  type Certificate,
  fromHex,
  type TxId,
} from '@tallystick/protocol'
import type { StateWrite } from '../core/ledger-view.js'
import type { TransactionRejection } from '../core/transaction-rejection.js'
import type { StagedState } from '../state/ledger-state.js'
import { entryRows } from '../store/entry-row.js'
import type { BlockCommit } from '../store/ledger-store.js'

/** A block that is certified and executed, and not yet stored. */
export type FinalBlock = {
  readonly header: BlockHeader
  readonly certificate: Certificate
  /** The block as it travels. */
  readonly bytes: Uint8Array
  readonly writes: readonly StateWrite[]
  readonly staged: StagedState
  readonly included: readonly TxId[]
  readonly refused: readonly { readonly id: TxId; readonly rejection: TransactionRejection }[]
}

/** All that a block changes in storage. `gone`: others that wait no more. */
export function blockCommit(
  { header, bytes, writes, staged, included, refused }: FinalBlock,
  gone: readonly TxId[],
): BlockCommit {
  return {
    ...{ height: header.height, id: fromHex(blockId(header)), bytes },
    ...entryRows(writes, staged.changes),
    transactions: included,
    settled: [...included, ...refused.map(({ id }) => id), ...gone],
  }
}
