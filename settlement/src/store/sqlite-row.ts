import { LedgerFault } from '../ledger-fault.js'
import { entryKindOf } from './entry-row.js'
import type { StoredBlock, StoredEntry } from './ledger-store.js'
import type { SqliteRow } from './sqlite-connection.js'

/** The columns that `storedEntry` reads. */
export const ENTRY_COLUMNS = 'key, kind, entry_key, value'

/** Throws `store_corrupt` unless the row is of a kind that we know. */
export function storedEntry(row: SqliteRow): StoredEntry {
  const kind = entryKindOf(numberOf(row, 'kind'))
  if (kind === undefined) throw new LedgerFault('store_corrupt', 'an entry is of no known kind')
  const [key, entryKey] = [bytesOf(row, 'key'), bytesOf(row, 'entry_key')]
  return { key, kind, entryKey, value: bytesOf(row, 'value') }
}

export function storedBlock(row: SqliteRow): StoredBlock {
  return { height: numberOf(row, 'height'), bytes: bytesOf(row, 'bytes') }
}

/** Throws `store_corrupt` unless the column holds bytes. */
export function bytesOf(row: SqliteRow, column: string): Uint8Array {
  const value = row[column]
  // A plain array over the same memory: a slice of it is a copy, which a Buffer's would not be.
  if (value instanceof Uint8Array) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  }
  throw new LedgerFault('store_corrupt', `column ${column} holds no bytes`)
}

/** Throws `store_corrupt` unless the column holds a number. */
export function numberOf(row: SqliteRow, column: string): number {
  const value = row[column]
  if (typeof value === 'number') return value
  throw new LedgerFault('store_corrupt', `column ${column} holds no number`)
}
