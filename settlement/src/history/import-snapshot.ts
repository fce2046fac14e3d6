import { blockCodec, blockId, chainIdOf, encode, fromHex } from '@tallystick/protocol'
import { transactionIds } from '../node/prune-blocks.js'
import { LedgerState } from '../state/ledger-state.js'
import type { LedgerStore } from '../store/ledger-store.js'
import { type Snapshot, verifiedEntries } from './snapshot.js'

/**
 * Puts a snapshot into an empty store, all or nothing, while its entries are checked one by one.
 * Throws `snapshot_refused`, after which the store must not be used any more in this process.
 */
export async function importSnapshot(
  store: LedgerStore,
  snapshot: Snapshot,
  onProgress: (entries: number) => void = () => undefined,
): Promise<void> {
  const { genesis, block } = snapshot
  const chainId = chainIdOf(genesis)
  const bytes = encode(blockCodec, block)
  const row = {
    ...{ height: block.header.height, id: fromHex(blockId(block.header)), bytes },
    transactions: transactionIds(chainId, bytes),
  }
  let entries = 0
  async function* counted() {
    for await (const rows of verifiedEntries(snapshot, new LedgerState())) {
      yield rows
      entries += rows.length
      onProgress(entries)
    }
  }
  await store.beginAt(chainId, row, counted())
}
