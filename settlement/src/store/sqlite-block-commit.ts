import { fromHex, type Outpoint, STATE_ENTRIES } from '@tallystick/protocol'
import { STATEMENT_ROWS_MAX } from '../limits.js'
import type { EntryRow } from './entry-row.js'
import type { BlockCommit, BlockRow, PendingRow, StoredHandover } from './ledger-store.js'
import type { SqliteValue, SqliteWork } from './sqlite-connection.js'
import { blockRowDigest } from './sqlite-row.js'
import { removeFromTransactionIndex, writeTransactionIndex } from './sqlite-transaction-index.js'

/** Writes all that one block changes; the caller holds the transaction around it. */
export async function writeBlock(sqlite: SqliteWork, commit: BlockCommit): Promise<void> {
  const { put, remove, settled } = commit
  await writeBlockRow(sqlite, commit)
  await writeEntries(sqlite, put)
  await runRows(sqlite, remove, (key) => [key], {
    head: 'DELETE FROM entry WHERE key IN (VALUES',
    tail: ')',
  })
  await runRows(sqlite, settled, (txId) => [fromHex(txId)], {
    head: 'DELETE FROM mempool WHERE id IN (VALUES',
    tail: ')',
  })
}

/**
 * Writes a block, its place in the index and its handover. A height is written once, by whoever holds
 * the file: the key of the table refuses a second.
 */
export async function writeBlockRow(sqlite: SqliteWork, row: BlockRow): Promise<void> {
  const { height, id, bytes, handover } = row
  await sqlite.run('INSERT INTO block (height, id, bytes, digest) VALUES (?, ?, ?, ?)', [
    ...[height, id, bytes, blockRowDigest(id, bytes)],
  ])
  if (handover !== undefined) await writeHandovers(sqlite, [handover])
  await writeTransactionIndex(sqlite, row)
}

export function writeHandovers(
  sqlite: SqliteWork,
  handovers: readonly StoredHandover[],
): Promise<void> {
  return runRows(sqlite, handovers, ({ activationHeight, bytes }) => [activationHeight, bytes], {
    head: 'INSERT INTO handover (activation_height, bytes) VALUES',
    tail: '',
  })
}

/** Removes the blocks below `first`, and what the index knows of them. `spends`: by them. */
export async function removeBlockRows(
  sqlite: SqliteWork,
  first: number,
  spends: readonly Outpoint[],
): Promise<void> {
  await sqlite.run(`UPDATE meta SET value = ? WHERE name = 'first_block'`, [first])
  await sqlite.run('DELETE FROM block WHERE height < ?', [first])
  await removeFromTransactionIndex(sqlite, first, spends)
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
export async function runRows<T>(
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
