import { existsSync } from 'node:fs'
import { LiveRows } from '../store/live-rows.js'
import type { SqlValue } from '../store/row-digest.js'
import { StoreFault } from '../store/store-fault.js'
import { isCutShort } from './cut-short.js'
import { checkMark, findMark, readSeal } from './open-seal.js'
import { advised, cutShort, type SealedDatabaseOptions } from './sealed-database.js'
import {
  lookupRows,
  type RowRange,
  rowsOf,
  type SealedTable,
  type StoredRow,
} from './sealed-table.js'
import { openDatabase } from './sqlite-database.js'

/** A sealed database that is only read: neither it nor its mark is written. */
export type SealedLook = {
  lookup(table: SealedTable, keys: readonly (readonly SqlValue[])[]): Promise<readonly StoredRow[]>
  page(table: SealedTable, range: RowRange): Promise<readonly StoredRow[]>
  close(): Promise<void>
}

type LookOptions = Omit<SealedDatabaseOptions, 'restored' | 'unmarked'> & {
  /** JRN-6: looks at a copy that may be old, whatever its mark is. */
  readonly isRestored: boolean
}

/**
 * Reads a database without taking it: checked like at a start (JRN-3, JRN-5), held for this process
 * alone until it is closed. `undefined` where nothing was ever stored. Errors: `StoreFault`, of every code.
 */
export async function lookAtSealed(options: LookOptions): Promise<SealedLook | undefined> {
  const isShort = await isCutShort(options.path)
  try {
    return existsSync(options.path) ? await lookAtFile(options) : await nothing(options)
  } catch (error) {
    throw advised(isShort ? cutShort(error) : error, options)
  }
}

async function lookAtFile(options: LookOptions): Promise<SealedLook | undefined> {
  const database = await openDatabase(options.path)
  try {
    const found = await readSeal({ ...options, database, live: new LiveRows() })
    if (found === undefined) {
      await database.close()
      return nothing(options)
    }
    if (!options.isRestored) await checkMark(found, `${options.path}.mark`)
  } catch (error) {
    await database.close()
    throw error
  }
  return {
    lookup: async (table, keys) => (keys.length === 0 ? [] : lookupRows(database, table, keys)),
    page: (table, range) => rowsOf(database, table, range),
    close: () => database.close(),
  }
}

async function nothing({ path, isRestored }: LookOptions): Promise<undefined> {
  const mark = isRestored ? undefined : await findMark(`${path}.mark`)
  if (mark === undefined || mark.sequence === 0) return undefined
  const detail = `the database is empty, and commit ${mark.sequence} was acted upon`
  throw new StoreFault('store_rolled_back', detail)
}
