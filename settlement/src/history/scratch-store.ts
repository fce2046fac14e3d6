import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LedgerStore } from '../store/ledger-store.js'
import { openSqliteLedgerStore } from '../store/sqlite-ledger-store.js'

/** Works with an empty store that is gone afterwards. */
export async function withScratchStore<T>(work: (store: LedgerStore) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tallystick-scratch-'))
  try {
    const store = await openSqliteLedgerStore(join(folder, 'ledger.sqlite'), 'scratch')
    try {
      return await work(store)
    } finally {
      await store.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
