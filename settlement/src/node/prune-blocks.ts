import { PAGE_BYTES_MAX, PRUNE_BLOCKS } from '../limits.js'
import type { LedgerStore } from '../store/ledger-store.js'
import { storedTransactions } from './stored-transactions.js'

/**
 * Removes the blocks below `first`, oldest first, so that a crash on the way leaves a store with a
 * lower horizon. `onProgress` hears how many are gone.
 */
export async function pruneBlocks(
  store: LedgerStore,
  first: number,
  onProgress: (removed: number) => void = () => undefined,
): Promise<void> {
  const start = await store.firstHeight()
  let horizon = start
  while (horizon < first) {
    const due = Math.min(PRUNE_BLOCKS, first - horizon)
    const blocks = await store.blocks(horizon, due, PAGE_BYTES_MAX)
    const transactions = blocks.flatMap(({ bytes }) => storedTransactions(bytes))
    horizon = Math.min((blocks.at(-1)?.height ?? first) + 1, first)
    await store.removeBlocks(
      horizon,
      transactions.flatMap(({ body }) => body.inputs),
    )
    onProgress(horizon - start)
  }
}
