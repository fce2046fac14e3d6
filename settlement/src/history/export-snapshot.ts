import { type Block, blockCodec, decodeTrusted, type Genesis } from '@tallystick/protocol'
import { LedgerFault } from '../ledger-fault.js'
import type { ChainTip } from '../node/chain.js'
import { restoreChain } from '../node/restore-chain.js'
import { storedHandovers } from '../node/stored-handovers.js'
import type { LedgerStore } from '../store/ledger-store.js'
import { type FileFacts, writeRecordFile } from './record-file.js'
import { snapshotRecords } from './snapshot.js'

/**
 * Writes the whole state of a store and its newest block, with certificate, into one file. The store
 * is checked first as at a start, so that a damaged one is never exported.
 */
export async function exportSnapshot(
  store: LedgerStore,
  genesis: Genesis,
  path: string,
): Promise<{ readonly tip: ChainTip; readonly entries: number; readonly facts: FileFacts }> {
  const { tip } = await restoreChain(store, genesis)
  const stored = await store.tip()
  if (stored === undefined) {
    throw new LedgerFault('snapshot_refused', 'there is no block yet: the genesis says it all')
  }
  const block = decodeTrusted<Block>(blockCodec, stored.bytes)
  const entries = await store.entryCount()
  const handovers = await storedHandovers(store)
  const records = snapshotRecords({ genesis, block, handovers, entries }, store.ownedEntries())
  return { tip, entries, facts: await writeRecordFile(path, records) }
}
