import { existsSync } from 'node:fs'
import { chainIdOf, type Genesis } from '@tallystick/protocol'
import { dataFolder } from './data-folder.js'
import { readGenesisFile } from './genesis-file.js'
import { LedgerFault } from './ledger-fault.js'
import { storeMissing } from './open-node-folder.js'
import type { LedgerStore } from './store/ledger-store.js'
import { openSqliteLedgerStore } from './store/sqlite-ledger-store.js'

/**
 * Works with the store of a folder whose node does not run. Throws `store_in_use` when it does, and
 * `store_missing` when there is none.
 */
export async function withLedgerStore<T>(
  dataDir: string,
  work: (store: LedgerStore, genesis: Genesis) => Promise<T>,
): Promise<T> {
  const paths = dataFolder(dataDir)
  const genesis = await readGenesisFile(paths.genesis)
  if (!existsSync(paths.ledger)) throw storeMissing(dataDir, 'and none is made here')
  const store = await openSqliteLedgerStore(paths.ledger)
  try {
    const [stored, due] = [await store.chainId(), chainIdOf(genesis)]
    if (stored !== undefined && stored !== due) {
      const detail = `the store holds chain ${stored}, the genesis is of ${due}`
      throw new LedgerFault('store_of_another_chain', detail)
    }
    return await work(store, genesis)
  } finally {
    await store.close()
  }
}
