import { PRUNE_BLOCKS, PRUNE_BYTES } from '../limits.js'
import type { LedgerStore } from '../store/ledger-store.js'
import { storedTransactions } from './stored-transactions.js'

/**
 * Removes the oldest blocks below `first` from a store whose lowest is `horizon`: as many as take some
 * 20 ms, at least one. `announce` hears the new horizon before it is so. All or none of them are
 * gone after a crash.
 */
export async function pruneStep(
  store: LedgerStore,
  { horizon, first }: { readonly horizon: number; readonly first: number },
  announce: (horizon: number) => void,
): Promise<void> {
  const due = Math.min(PRUNE_BLOCKS, first - horizon)
  const blocks = await store.blocks(horizon, due, PRUNE_BYTES)
  const transactions = blocks.flatMap(({ bytes }) => storedTransactions(bytes))
  const next = Math.min((blocks.at(-1)?.height ?? first) + 1, first)
  announce(next)
  await store.removeBlocks(
    next,
    transactions.flatMap(({ body }) => body.inputs),
  )
}

/**
 * Removes the blocks below `first`, oldest first, so that a crash on the way leaves a store with a
 * lower horizon. `onProgress` hears how many are gone.
 */
export async function pruneBlocks(
  store: LedgerStore,
  first: number,
  onProgress: (removed: number) => void,
): Promise<void> {
  const start = await store.firstHeight()
  let horizon = start
  while (horizon < first) {
    await pruneStep(store, { horizon, first }, (next) => {
      horizon = next
    })
    onProgress(horizon - start)
  }
}
