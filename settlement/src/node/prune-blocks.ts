import {
  type Block,
  blockCodec,
  type ChainId,
  decodeTrusted,
  isRejection,
  parseTransaction,
  type TxId,
} from '@tallystick/protocol'
import { TransactionChecks } from '../core/transaction-checks.js'
import { LedgerFault } from '../ledger-fault.js'
import { PAGE_BYTES_MAX, PRUNE_BLOCKS } from '../limits.js'
import type { LedgerStore } from '../store/ledger-store.js'

/**
 * Removes the blocks below `first`, oldest first, so that a crash on the way leaves a store with a
 * lower horizon. `onProgress` hears how many are gone.
 */
export async function pruneBlocks(
  store: LedgerStore,
  chainId: ChainId,
  first: number,
  onProgress: (removed: number) => void = () => undefined,
): Promise<void> {
  const start = await store.firstHeight()
  let horizon = start
  while (horizon < first) {
    const due = Math.min(PRUNE_BLOCKS, first - horizon)
    const blocks = await store.blocks(horizon, due, PAGE_BYTES_MAX)
    const ids = blocks.flatMap(({ bytes }) => transactionIds(chainId, bytes))
    horizon = Math.min((blocks.at(-1)?.height ?? first) + 1, first)
    await store.removeBlocks(horizon, ids)
    onProgress(horizon - start)
  }
}

/** The ids of the transactions of a stored block, in order. */
export function transactionIds(chainId: ChainId, bytes: Uint8Array): readonly TxId[] {
  const { header, transactions } = decodeTrusted<Block>(blockCodec, bytes)
  return transactions.map((encoded, position) => {
    const transaction = parseTransaction(encoded)
    if (!isRejection(transaction)) return new TransactionChecks(chainId, transaction).id
    const detail = `transaction ${position} of block ${header.height} is malformed`
    throw new LedgerFault('store_corrupt', detail)
  })
}
