import { sha256, toHex } from '@tallystick/protocol'
import type { LiveChange } from '../store/live-rows.js'
import { rowDigest } from '../store/row-digest.js'
import type { Seal } from '../store/seal.js'
import { putRows, type RowWrite, removeRows, rowName } from './sealed-table.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { putSeal } from './stored-seal.js'

/** A write with what it does to the digests. */
export type RowChange = LiveChange & {
  readonly write: RowWrite
  /** What the chain of commits says about it. */
  readonly chained: Uint8Array
}

/** The changes that writes come to: of several to one row the last. */
export function changesOf(writes: readonly RowWrite[]): readonly RowChange[] {
  const last = new Map<string, RowChange>()
  for (const write of writes) {
    const change = changeOf(write)
    last.set(change.name, change)
  }
  return [...last.values()]
}

function changeOf(write: RowWrite): RowChange {
  const { table } = write
  switch (write.kind) {
    case 'put': {
      const digest = rowDigest(table.name, write.values)
      return {
        name: rowName(table, write.values.slice(0, table.keys)),
        digest,
        write,
        chained: digest,
      }
    }
    case 'remove': {
      const chained = rowDigest(`${table.name} without`, write.key)
      return { name: rowName(table, write.key), digest: undefined, write, chained }
    }
  }
}

/** Those of the changes that concern the digest of all live rows. */
export function liveChangesOf(changes: readonly RowChange[]): readonly RowChange[] {
  return changes.filter(({ write }) => write.table.kind === 'live')
}

/** What a commit's head says about its changes: SHA-256 over the digest of each, hex. */
export function writtenOf(changes: readonly RowChange[]): string {
  return toHex(sha256(Buffer.concat(changes.map(({ chained }) => chained))))
}

/**
 * One transaction of the changes and the seal over them, after the statements of a `schema`; synced
 * to disk when this resolves.
 */
export async function writeChanges(
  database: SqliteDatabase,
  changes: readonly RowChange[],
  seal: Seal,
  schema: readonly string[] = [],
): Promise<void> {
  const tables = new Set(changes.map(({ write }) => write.table))
  await database.transaction(async (transaction) => {
    for (const statement of schema) await transaction.run(statement)
    for (const table of tables) {
      const own = changes.filter(({ write }) => write.table === table)
      const removed = own.flatMap(({ write }) => (write.kind === 'remove' ? [write.key] : []))
      await removeRows(transaction, table, removed)
      const put = own.flatMap(({ write, chained }) =>
        write.kind === 'put' ? [[...write.values, chained]] : [],
      )
      await putRows(transaction, table, put)
    }
    await putSeal(transaction, seal)
  })
}
