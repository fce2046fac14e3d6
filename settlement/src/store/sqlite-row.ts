import { createHash } from 'node:crypto'
import { equalBytes } from '@tallystick/protocol'
import { DamagedBlock, LedgerFault } from '../ledger-fault.js'
import { entryKindOf } from '../state/entry-kind.js'
import type { EntryBatch, EntryOwners, StoredBlock, StoredEntry } from './ledger-store.js'
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

/** The same, with the columns that lists are asked by. */
export function ownedEntry(row: SqliteRow): StoredEntry & EntryOwners {
  const owner = (column: string) => (row[column] === null ? null : bytesOf(row, column))
  const [lock, clientKey, hubKey] = [owner('lock'), owner('client_key'), owner('hub_key')]
  return { ...storedEntry(row), lock, clientKey, hubKey }
}

/** What `entryBatch` reads: many rows of `entry` in one, because a row of its own costs 2 us. */
export const PACKED_ENTRIES = `
  count(*) AS count,
  group_concat(hex(key), '') AS keys,
  group_concat(kind) AS kinds,
  group_concat(length(entry_key)) AS entry_key_lengths,
  group_concat(hex(entry_key), '') AS entry_keys,
  group_concat(length(value)) AS value_lengths,
  group_concat(hex(value), '') AS entry_values`

/** Throws `store_corrupt` when a key has another length than 32 bytes, or a kind is no byte. */
export function entryBatch(row: SqliteRow): EntryBatch {
  const count = numberOf(row, 'count')
  const keys = packedBytes(row, 'keys', count)
  if (keys.length !== 32 * count) {
    throw new LedgerFault('store_corrupt', 'the keys of entries have 32 bytes each')
  }
  const kinds = packedNumbers(row, 'kinds', count)
  if (kinds.some((kind) => !Number.isInteger(kind) || kind < 0 || kind > 255)) {
    // Cut to a byte it could be taken for a kind that there is.
    throw new LedgerFault('store_corrupt', 'an entry is of no known kind')
  }
  return {
    count,
    keys,
    kinds: Uint8Array.from(kinds),
    entryKeys: packedBytes(row, 'entry_keys', count),
    entryKeyLengths: Uint32Array.from(packedNumbers(row, 'entry_key_lengths', count)),
    values: packedBytes(row, 'entry_values', count),
    valueLengths: Uint32Array.from(packedNumbers(row, 'value_lengths', count)),
  }
}

function packedNumbers(row: SqliteRow, column: string, count: number): readonly number[] {
  return count === 0 ? [] : textOf(row, column).split(',').map(Number)
}

function packedBytes(row: SqliteRow, column: string, count: number): Uint8Array<ArrayBuffer> {
  const hex = count === 0 ? '' : textOf(row, column)
  const bytes = new Uint8Array(hex.length / 2)
  Buffer.from(bytes.buffer).write(hex, 'hex')
  return bytes
}

function textOf(row: SqliteRow, column: string): string {
  const value = row[column]
  if (typeof value === 'string') return value
  throw new LedgerFault('store_corrupt', `column ${column} holds no text`)
}

/** The columns that `storedBlock` reads. */
export const BLOCK_COLUMNS = 'height, id, bytes, digest'

/** Throws `DamagedBlock` unless the block is, bit by bit, the one that was written. */
export function storedBlock(row: SqliteRow): StoredBlock {
  const [height, bytes] = [numberOf(row, 'height'), bytesOf(row, 'bytes')]
  if (equalBytes(blockRowDigest(bytesOf(row, 'id'), bytes), bytesOf(row, 'digest'))) {
    return { height, bytes }
  }
  throw new DamagedBlock(height, 'is not what was written')
}

/** What a stored block is recognized by, 32 bytes. */
export function blockRowDigest(id: Uint8Array, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(id).update(bytes).digest())
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
