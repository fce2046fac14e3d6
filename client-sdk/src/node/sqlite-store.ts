import { isLiveKind } from '../store/live-records.js'
import { withLostBooks } from '../store/lost-books.js'
import { STORE_VERSION, STORE_VERSIONS_TAKEN } from '../store/store-version.js'
import type { RecordKind, StoreWrite, WalletStore } from '../store/wallet-store.js'
import { type Restored, SealedDatabase, type StoreAdvice } from './sealed-database.js'
import { lookAtSealed } from './sealed-look.js'
import type { RowWrite, SealedTable } from './sealed-table.js'
import { storedBytes, storedText } from './stored-column.js'

const COLUMNS = [
  { name: 'wallet', type: 'TEXT' },
  { name: 'kind', type: 'TEXT' },
  { name: 'key', type: 'TEXT' },
  { name: 'value', type: 'BLOB' },
] as const
const RECORD: SealedTable = { name: 'record', kind: 'live', columns: COLUMNS, keys: 3 }
/** What is finished, and read one by one when somebody asks. */
const DONE: SealedTable = { name: 'done_record', kind: 'history', columns: COLUMNS, keys: 3 }

const FILE = {
  ...{ owner: 'wallets', format: STORE_VERSION, taken: STORE_VERSIONS_TAKEN },
  tables: [RECORD, DONE],
}

/** A SQLite file that holds any number of wallets, whose commits share syncs. */
export type SqliteWalletStores = {
  /** The store of the wallet with this name. */
  wallet(name: string): WalletStore
  close(): Promise<void>
}

type Commit = {
  readonly rows: readonly RowWrite[]
  readonly done: () => void
  readonly failed: (fault: unknown) => void
}

export type SqliteStoreOptions = { readonly restored?: boolean; readonly advice?: StoreAdvice }

const ADVICE: StoreAdvice = {
  copy: 'put the newest copy back, or open it with "restored: true" to take it as it is',
  damage:
    'put the newest copy back, or open a new file: it is filled from the newest backup, and the words find all channels on the ledger',
}

/**
 * Opens (or creates) a file of wallets, for this process alone. `restored`: takes a copy that may be
 * old as it is; the books of all its channels are lost from then on (JRN-6). `advice`: what faults say that
 * would be right. Errors: `StoreFault`.
 */
export async function openSqliteStore(
  path: string,
  { restored = false, advice = ADVICE }: SqliteStoreOptions = {},
): Promise<SqliteWalletStores> {
  const database = await SealedDatabase.open({
    ...{ path, ...FILE, advice, unmarked: 'made' },
    ...(restored ? { restored: { row: lostBooks } } : {}),
  })
  // Whoever asks for what is not found waits for it; else its faults come with the next commit.
  const checking = database.checkPages().then(() => database.checkHistory(nextTurn))
  checking.catch(() => undefined)
  const queue: Commit[] = []
  let flushing: Promise<void> | undefined
  const flush = async () => {
    while (queue.length > 0) await flushCommits(database, queue.splice(0))
    flushing = undefined
  }
  return {
    wallet: (wallet) => ({
      ...recordsOf(database, wallet),
      list: async (kind) => {
        // Who reads all of history is told of damage in it with what would be right.
        if (tableOf(kind) === DONE) await checking
        return listRecords(database, wallet, kind)
      },
      get: async (kind, key) => {
        const found = await getRecord(database, wallet, kind, key)
        // Under a key that damage has made another, a payment would be made twice (INV-26).
        if (found === undefined && tableOf(kind) === DONE) await checking
        return found
      },
      commit: (writes) =>
        new Promise((done, failed) => {
          queue.push({ rows: writes.map((write) => rowOf(wallet, write)), done, failed })
          flushing ??= flush()
        }),
    }),
    close: async () => {
      await flushing
      await database.close()
    },
  }
}

/**
 * Reads a file of wallets, which stays as it is; empty where there is none. `restored`: a copy that may be old is
 * read, whatever its mark is. Errors: `StoreFault`.
 */
export async function lookAtSqliteStore(
  path: string,
  { restored = false, advice = ADVICE }: SqliteStoreOptions = {},
): Promise<{
  wallet(name: string): Pick<WalletStore, 'list' | 'get' | 'page'>
  close(): Promise<void>
}> {
  const database = await lookAtSealed({ path, ...FILE, advice, isRestored: restored })
  return {
    wallet: (wallet) => (database === undefined ? NOTHING_STORED : recordsOf(database, wallet)),
    close: async () => database?.close(),
  }
}

const NOTHING_STORED = {
  list: async () => [],
  get: async () => undefined,
  page: async () => [],
}

const lostBooks: Restored['row'] = (_table, row) => {
  if (row['kind'] !== 'channel') return undefined
  const value = withLostBooks(storedBytes(row, 'value'))
  return [storedText(row, 'wallet', anyText, 'text'), 'channel', keyOf(row), value]
}

function tableOf(kind: RecordKind): SealedTable {
  return isLiveKind(kind) ? RECORD : DONE
}

function rowOf(wallet: string, { kind, key, value }: StoreWrite): RowWrite {
  const table = tableOf(kind)
  return value === undefined
    ? { kind: 'remove', table, key: [wallet, kind, key] }
    : { kind: 'put', table, values: [wallet, kind, key, value] }
}

type Readable = Pick<SealedDatabase, 'lookup' | 'page'>

function recordsOf(database: Readable, wallet: string): Pick<WalletStore, 'list' | 'get' | 'page'> {
  return {
    list: (kind) => listRecords(database, wallet, kind),
    get: (kind, key) => getRecord(database, wallet, kind, key),
    page: async (kind, after, limit, order) => {
      const range = { under: [wallet, kind], after, count: limit, order }
      const rows = await database.page(tableOf(kind), range)
      return rows.map((row) => ({ key: keyOf(row), value: storedBytes(row, 'value') }))
    },
  }
}

async function listRecords(database: Readable, wallet: string, kind: RecordKind) {
  const rows = await database.lookup(tableOf(kind), [[wallet, kind]])
  return rows.map((row) => ({ key: keyOf(row), value: storedBytes(row, 'value') }))
}

async function getRecord(database: Readable, wallet: string, kind: RecordKind, key: string) {
  const [row] = await database.lookup(tableOf(kind), [[wallet, kind, key]])
  return row === undefined ? undefined : storedBytes(row, 'value')
}

/** Everything that waits shares one transaction, and so one sync; its last write of a key counts. */
async function flushCommits(database: SealedDatabase, commits: readonly Commit[]): Promise<void> {
  try {
    await database.commit(commits.flatMap(({ rows }) => rows))
    for (const { done } of commits) done()
  } catch (fault) {
    for (const { failed } of commits) failed(fault)
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function keyOf(row: Readonly<Record<string, unknown>>): string {
  return storedText(row, 'key', anyText, 'text')
}

function anyText(text: string): string {
  return text
}
