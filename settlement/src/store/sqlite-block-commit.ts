import { fromHex, STATE_ENTRIES, type TxId } from '@tallystick/protocol'
import { STATEMENT_ROWS_MAX } from '../limits.js'
import type { EntryRow } from './entry-row.js'
import type { BlockCommit, BlockRow, PendingRow } from './ledger-store.js'
import type { SqliteValue, SqliteWork } from './sqlite-connection.js'
import { blockRowDigest } from './sqlite-row.js'

/** Writes all that one block changes; the caller holds the transaction around it. */
export async function writeBlock(sqlite: SqliteWork, commit: BlockCommit): Promise<void> {
  const { height, put, remove, transactions, settled } = commit
  await writeBlockRow(sqlite, commit)
  await writeEntries(sqlite, put)
  await runRows(sqlite, remove, (key) => [key], {
    head: 'DELETE FROM entry WHERE key IN (VALUES',
    tail: ')',
  })
  await writePositions(sqlite, height, transactions)
  await runRows(sqlite, settled, (txId) => [fromHex(txId)], {
    head: 'DELETE FROM mempool WHERE id IN (VALUES',
    tail: ')',
  })
}

/** A height is written once, by whoever holds the file: the key of the table refuses a second. */
export function writeBlockRow(sqlite: SqliteWork, { height, id, bytes }: BlockRow): Promise<void> {
  return sqlite.run('INSERT INTO block (height, id, bytes, digest) VALUES (?, ?, ?, ?)', [
    ...[height, id, bytes, blockRowDigest(id, bytes)],
  ])
}

/** Notes where transactions are: in the block of a height, in this order. */
export function writePositions(
  sqlite: SqliteWork,
  height: number,
  transactions: readonly TxId[],
): Promise<void> {
  const indexed = transactions.map((txId, position) => ({ txId, position }))
  return runRows(sqlite, indexed, ({ txId, position }) => [fromHex(txId), height, position], {
    head: 'INSERT INTO transaction_index (id, height, position) VALUES',
    tail: '',
  })
}

/** Removes the blocks below `first` and the given rows of the index. */
export async function removeBlockRows(
  sqlite: SqliteWork,
  first: number,
  transactions: readonly TxId[],
): Promise<void> {
  await sqlite.run(`UPDATE meta SET value = ? WHERE name = 'first_block'`, [first])
  await sqlite.run('DELETE FROM block WHERE height < ?', [first])
  await runRows(sqlite, transactions, (txId) => [fromHex(txId)], {
    head: 'DELETE FROM transaction_index WHERE id IN (VALUES',
    tail: ')',
  })
}

export function writeEntries(sqlite: SqliteWork, entries: readonly EntryRow[]): Promise<void> {
  const values = ({ key, kind, entryKey, value, lock, clientKey, hubKey }: EntryRow) =>
    [key, STATE_ENTRIES[kind].byte, entryKey, value, lock, clientKey, hubKey] as const
  return runRows(sqlite, entries, values, {
    head: 'INSERT INTO entry (key, kind, entry_key, value, lock, client_key, hub_key) VALUES',
    tail: 'ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  })
}

/** A row that an earlier rejection has not yet removed is replaced, at the end of the order. */
export function writePending(
  sqlite: SqliteWork,
  transactions: readonly PendingRow[],
): Promise<void> {
  const values = ({ id, encoded, arrivedMs }: PendingRow) =>
    [fromHex(id), encoded, arrivedMs] as const
  return runRows(sqlite, transactions, values, {
    head: 'INSERT OR REPLACE INTO mempool (id, bytes, arrived_ms) VALUES',
    tail: '',
  })
}

/** One statement for up to a thousand rows: each call to the driver costs a thread's round trip. */
async function runRows<T>(
  sqlite: SqliteWork,
  items: readonly T[],
  row: (item: T) => readonly SqliteValue[],
  { head, tail }: { readonly head: string; readonly tail: string },
): Promise<void> {
  for (let from = 0; from < items.length; from += STATEMENT_ROWS_MAX) {
    const rows = items.slice(from, from + STATEMENT_ROWS_MAX).map(row)
    const marks = rows.map((values) => `(${values.map(() => '?').join()})`).join()
    await sqlite.run(`${head} ${marks} ${tail}`, rows.flat())
  }
}
