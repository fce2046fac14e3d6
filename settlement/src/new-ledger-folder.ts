import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import type { Genesis } from '@tallystick/protocol'
import { dataFolder } from './data-folder.js'
import { writeDurableFile } from './durable-file.js'
import { writtenGenesis } from './genesis-file.js'
import { LedgerFault } from './ledger-fault.js'
import { checkTipMark, storedTip } from './node/check-tip-mark.js'
import type { LedgerStore } from './store/ledger-store.js'
import { openSqliteLedgerStore } from './store/sqlite-ledger-store.js'
import { readTipMark, writeTipMark } from './store/tip-mark.js'

/**
 * Makes a data folder without a key, out of a store that `fill` fills. The genesis is written last: a
 * folder without one is not initialized, and can be filled again. Throws `already_initialized`, and
 * `store_rolled_back` when the folder has shown more than it was filled with.
 */
export async function newLedgerFolder<T>(
  dataDir: string,
  genesis: Genesis,
  fill: (store: LedgerStore) => Promise<T>,
): Promise<T> {
  const paths = dataFolder(dataDir)
  if (existsSync(paths.genesis)) {
    throw new LedgerFault('already_initialized', `${dataDir} holds a ledger already`)
  }
  await mkdir(dataDir, { recursive: true })
  const isNew = !existsSync(paths.ledger)
  const store = await openSqliteLedgerStore(paths.ledger)
  try {
    const filled = await fill(store)
    const tip = await storedTip(store, genesis)
    const mark = existsSync(paths.tipMark) ? await readTipMark(paths.tipMark) : undefined
    // One of height 0 is of an `init` that was killed: nothing was shown.
    if (mark !== undefined && mark.height > 0) await checkTipMark(store, genesis, mark, tip)
    await writeTipMark(paths.tipMark, { ...tip, part: 'follower' })
    await writeDurableFile(paths.genesis, writtenGenesis(genesis), 0o644)
    return filled
  } finally {
    await store.close()
    if (isNew && !existsSync(paths.genesis)) await removeUnbegun(paths.ledger)
  }
}

/** Removes a store in which no ledger was begun: what was refused leaves nothing behind. */
async function removeUnbegun(path: string): Promise<void> {
  const store = await openSqliteLedgerStore(path)
  const begun = await store.chainId().finally(() => store.close())
  if (begun === undefined) {
    for (const file of [path, `${path}-wal`, `${path}-shm`]) await rm(file, { force: true })
  }
}
