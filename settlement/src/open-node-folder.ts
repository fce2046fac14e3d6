import { existsSync } from 'node:fs'
import { dataFolder } from './data-folder.js'
import { LedgerFault } from './ledger-fault.js'
import type { LedgerStore } from './store/ledger-store.js'
import { openSqliteLedgerStore } from './store/sqlite-ledger-store.js'
import { readTipMark, TipMark, type TipMarkRecord } from './store/tip-mark.js'

/** The store and the mark of a folder, for one node. */
export type NodeFolder = {
  readonly store: LedgerStore
  readonly mark: TipMark
  close(): Promise<void>
}

/**
 * Opens a folder that has a genesis for a node of this part. A store is made only where no block was
 * ever shown: a second history would begin there. Throws `store_in_use`, `store_missing`,
 * `tip_mark_unusable`, `tip_unconfirmed` and what opening a store throws.
 */
export async function openNodeFolder(
  dataDir: string,
  part: TipMarkRecord['part'],
): Promise<NodeFolder> {
  const paths = dataFolder(dataDir)
  // Nobody can be at work in a folder without a store, so its mark may be read at once.
  if (!existsSync(paths.ledger)) checkFolderBegins(dataDir, await markWithoutStore(dataDir))
  const store = await openSqliteLedgerStore(paths.ledger)
  try {
    // Only whoever holds the store may touch the mark.
    const mark = await TipMark.open(paths.tipMark, part)
    const close = async () => {
      await mark.close()
      await store.close()
    }
    try {
      if ((await store.chainId()) === undefined) checkFolderBegins(dataDir, mark.found)
      if (part === 'validator' && mark.found.part === 'follower') throw unconfirmed(dataDir)
      return { store, mark, close }
    } catch (error) {
      await mark.close()
      throw error
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** The mark of a folder without a store. Throws `store_missing` where it says nothing. */
export async function markWithoutStore(dataDir: string): Promise<TipMarkRecord> {
  try {
    return await readTipMark(dataFolder(dataDir).tipMark)
  } catch (error) {
    if (!(error instanceof LedgerFault && error.code === 'tip_mark_unusable')) throw error
    throw storeMissing(dataDir, 'and no tip.mark that says whether a block was shown from it')
  }
}

/** Throws `store_missing` where a folder without a ledger has shown a block of one. */
export function checkFolderBegins(dataDir: string, { height }: TipMarkRecord): void {
  if (height === 0) return
  throw storeMissing(dataDir, `and block ${height} was shown from it: begin in a new folder`)
}

/** `why`: with what is due instead. */
export function storeMissing(dataDir: string, why: string): LedgerFault {
  const detail = `${dataDir} has no ledger in ledger.sqlite, ${why}`
  return new LedgerFault('store_missing', `${detail}; see "A lost disk" in settlement/README.md`)
}

function unconfirmed(dataDir: string): LedgerFault {
  const why = `${dataDir} was not filled by this validator, whose key may have signed newer blocks`
  const way = 'follow another node to its newest block, then say so with "ledger accept-tip"'
  return new LedgerFault('tip_unconfirmed', `${why}: ${way}`)
}
