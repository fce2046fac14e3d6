import { StoreFault } from '../store/store-fault.js'
import type { RecordKind, StoreWrite, WalletStore } from '../store/wallet-store.js'
import { openDatabase, type SqliteDatabase, type SqliteTransaction } from './sqlite-database.js'
import { storedBytes, storedText } from './stored-column.js'

const STORE_VERSION = 4
const SCHEMA = `
CREATE TABLE IF NOT EXISTS version (version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS record (
  wallet TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY (wallet, kind, key)) WITHOUT ROWID;
`
/** Rows of one statement: SQLite takes 32,766 variables, a record has four. */
const ROWS_PER_STATEMENT = 4_000

/** A SQLite file that holds any number of wallets, whose commits share syncs. */
export type SqliteWalletStores = {
  /** The store of the wallet with this name. */
  wallet(name: string): WalletStore
  close(): Promise<void>
}

type Commit = {
  readonly wallet: string
  readonly writes: readonly StoreWrite[]
  readonly done: () => void
  readonly failed: (fault: unknown) => void
}

/** Opens (or creates) a file of wallets, for this process alone. Errors: `StoreFault`. */
export async function openSqliteStore(path: string): Promise<SqliteWalletStores> {
  const database = await openDatabase(path)
  await database.exec(SCHEMA)
  await checkVersion(database, path)
  const queue: Commit[] = []
  let flushing: Promise<void> | undefined
  const flush = async () => {
    while (queue.length > 0) await flushCommits(database, queue.splice(0))
    flushing = undefined
  }
  return {
    wallet: (wallet) => ({
      list: (kind) => listRecords(database, wallet, kind),
      get: (kind, key) => getRecord(database, wallet, kind, key),
      commit: (writes) =>
        new Promise((done, failed) => {
          queue.push({ wallet, writes, done, failed })
          flushing ??= flush()
        }),
    }),
    close: async () => {
      await flushing
      await database.close()
    },
  }
}

async function checkVersion(database: SqliteDatabase, path: string): Promise<void> {
  const [row] = await database.all('SELECT version FROM version')
  if (row === undefined) await database.run('INSERT INTO version VALUES (?)', [STORE_VERSION])
  else if (row['version'] !== STORE_VERSION) {
    throw new StoreFault(
      'store_version',
      `${path} has format ${row['version']}, not ${STORE_VERSION}`,
    )
  }
}

async function listRecords(database: SqliteDatabase, wallet: string, kind: RecordKind) {
  const rows = await database.all('SELECT key, value FROM record WHERE wallet = ? AND kind = ?', [
    wallet,
    kind,
  ])
  return rows.map((row) => ({
    key: storedText(row, 'key', (text) => text, 'text'),
    value: storedBytes(row, 'value'),
  }))
}

async function getRecord(database: SqliteDatabase, wallet: string, kind: RecordKind, key: string) {
  const [row] = await database.all(
    'SELECT value FROM record WHERE wallet = ? AND kind = ? AND key = ?',
    [wallet, kind, key],
  )
  return row === undefined ? undefined : storedBytes(row, 'value')
}

/** Everything that waits shares one transaction, and so one sync; its last write of a key counts. */
async function flushCommits(database: SqliteDatabase, commits: readonly Commit[]): Promise<void> {
  const last = new Map<string, { readonly wallet: string; readonly write: StoreWrite }>()
  for (const { wallet, writes } of commits) {
    for (const write of writes) {
      last.set(JSON.stringify([wallet, write.kind, write.key]), { wallet, write })
    }
  }
  const rows = [...last.values()]
  try {
    await database.transaction(async (transaction) => {
      await deleteRows(
        transaction,
        rows.filter(({ write }) => write.value === undefined),
      )
      await replaceRows(
        transaction,
        rows.filter(({ write }) => write.value !== undefined),
      )
    })
    for (const { done } of commits) done()
  } catch (fault) {
    for (const { failed } of commits) failed(fault)
  }
}

type Row = { readonly wallet: string; readonly write: StoreWrite }

async function deleteRows(transaction: SqliteTransaction, rows: readonly Row[]): Promise<void> {
  for (const chunk of chunks(rows)) {
    const places = chunk.map(() => '(?,?,?)').join(',')
    const values = chunk.flatMap(({ wallet, write }) => [wallet, write.kind, write.key])
    await transaction.run(
      `DELETE FROM record WHERE (wallet, kind, key) IN (VALUES ${places})`,
      values,
    )
  }
}

async function replaceRows(transaction: SqliteTransaction, rows: readonly Row[]): Promise<void> {
  for (const chunk of chunks(rows)) {
    const places = chunk.map(() => '(?,?,?,?)').join(',')
    const values = chunk.flatMap(({ wallet, write }) => [
      wallet,
      write.kind,
      write.key,
      write.value,
    ])
    await transaction.run(`INSERT OR REPLACE INTO record VALUES ${places}`, values)
  }
}

function* chunks(rows: readonly Row[]): Iterable<readonly Row[]> {
  for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
    yield rows.slice(from, from + ROWS_PER_STATEMENT)
  }
}
