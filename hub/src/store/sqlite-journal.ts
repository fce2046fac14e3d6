import { StoreFault } from '@tallystick/client-sdk'
import {
  openDatabase,
  type SqliteDatabase,
  type SqliteTransaction,
  storedBytes,
  storedText,
} from '@tallystick/client-sdk/node'
import {
  type Anchor,
  type ChainId,
  fromHex,
  type Timestamp,
  type TxId,
  timestamp,
  toHex,
} from '@tallystick/protocol'
import { decodeHubChannel, encodeHubChannel, type HubChannel, idOf } from '../core/hub-channel.js'
import type { HubWrites } from '../core/hub-view.js'
import type { Payment, PaymentStatus } from '../core/payment.js'
import type { Journal, LedgerJob, PaymentTotals } from './journal.js'
import { amountOf, paymentOf, paymentRow, paymentStatusOf } from './payment-row.js'

/** Format of the file; a journal of another one is refused by name. */
const JOURNAL_VERSION = 4

const SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS channel (id BLOB PRIMARY KEY, state BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS payment (
  anchor BLOB PRIMARY KEY, from_channel BLOB NOT NULL, from_item BLOB NOT NULL,
  to_channel BLOB NOT NULL, to_item BLOB NOT NULL, amount TEXT NOT NULL, fee TEXT NOT NULL,
  status TEXT NOT NULL, time INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS reveal (anchor BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS job (id BLOB PRIMARY KEY, bytes BLOB NOT NULL);
`

/** Rows of one statement: SQLite takes 32,766 variables, a payment has nine. */
const ROWS_PER_STATEMENT = 2_000
/** Anchors that one statement looks up, one variable each. */
const ANCHORS_PER_STATEMENT = 16_384

/** Opens (or creates) the journal of `chainId` in a SQLite file, for this process alone. */
export async function openSqliteJournal(path: string, chainId: ChainId): Promise<Journal> {
  const database = await openDatabase(path)
  try {
    await database.exec(SCHEMA)
    await checkMeta(database, chainId)
  } catch (error) {
    await database.close()
    throw error
  }
  return {
    load: () => load(database),
    payments: (anchors) => payments(database, anchors),
    reveals: (anchors) => reveals(database, anchors),
    commit: (writes, height) => commit(database, writes, height),
    restore: (channels, time) => restore(database, channels, time),
    addJob: async ({ id, transaction }) => {
      await database.run('INSERT OR IGNORE INTO job VALUES (?, ?)', [fromHex(id), transaction])
    },
    removeJob: async (id) => {
      await database.run('DELETE FROM job WHERE id = ?', [fromHex(id)])
    },
    totals: () => totals(database),
    close: () => database.close(),
  }
}

async function checkMeta(database: SqliteDatabase, chainId: ChainId): Promise<void> {
  const rows = await database.all('SELECT name, value FROM meta')
  const meta = new Map(rows.map(({ name, value }) => [String(name), String(value)]))
  if (meta.size === 0) {
    await database.run("INSERT INTO meta VALUES ('version', ?), ('chain', ?), ('height', '-1')", [
      String(JOURNAL_VERSION),
      chainId,
    ])
    return
  }
  if (meta.get('version') !== String(JOURNAL_VERSION)) {
    throw new StoreFault('store_version', `the journal has format ${meta.get('version')}`)
  }
  if (meta.get('chain') !== chainId) {
    throw new StoreFault('store_of_another_chain', `the journal is of chain ${meta.get('chain')}`)
  }
}

async function load(database: SqliteDatabase): ReturnType<Journal['load']> {
  const channels = await database.all('SELECT state FROM channel')
  const [height = {}] = await database.all("SELECT value FROM meta WHERE name = 'height'")
  const jobs = await database.all('SELECT id, bytes FROM job')
  const [restored] = await database.all("SELECT value FROM meta WHERE name = 'restored_time'")
  return {
    restoredTime: restored && storedText(restored, 'value', parseTime, 'a ledger time'),
    channels: channels.map((row) => decodeHubChannel(storedBytes(row, 'state'))),
    height: storedText(height, 'value', parseHeight, 'a height'),
    jobs: jobs.map(
      (row): LedgerJob => ({
        id: toHex(storedBytes(row, 'id', 32)) as TxId,
        transaction: storedBytes(row, 'bytes'),
      }),
    ),
  }
}

/** -1 before the first block. */
function parseHeight(text: string): number | undefined {
  return /^(?:-1|0|[1-9][0-9]{0,14})$/.test(text) ? Number(text) : undefined
}

function parseTime(text: string): Timestamp | undefined {
  return /^(?:0|[1-9][0-9]{0,11})$/.test(text) ? timestamp(Number(text)) : undefined
}

async function restore(
  database: SqliteDatabase,
  channels: readonly HubChannel[],
  time: Timestamp,
): Promise<void> {
  await database.transaction(async (transaction) => {
    await replaceRows(transaction, 'channel', 2, channels.map(channelRow))
    await transaction.run("INSERT OR REPLACE INTO meta VALUES ('restored_time', ?)", [String(time)])
  })
}

async function payments(
  database: SqliteDatabase,
  anchors: readonly Anchor[],
): Promise<readonly Payment[]> {
  return (await rowsOf(database, 'payment', anchors)).map(paymentOf)
}

async function reveals(
  database: SqliteDatabase,
  anchors: readonly Anchor[],
): Promise<readonly Anchor[]> {
  const rows = await rowsOf(database, 'reveal', anchors)
  return rows.map((row) => toHex(storedBytes(row, 'anchor', 32)) as Anchor)
}

/** The rows of `anchors`, of which clients decide how many there are. */
async function rowsOf(
  database: SqliteDatabase,
  table: 'payment' | 'reveal',
  anchors: readonly Anchor[],
): Promise<readonly Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = []
  for (let from = 0; from < anchors.length; from += ANCHORS_PER_STATEMENT) {
    const chunk = anchors.slice(from, from + ANCHORS_PER_STATEMENT)
    const places = chunk.map(() => '?').join(',')
    rows.push(
      ...(await database.all(
        `SELECT * FROM ${table} WHERE anchor IN (${places})`,
        chunk.map((anchor) => fromHex(anchor)),
      )),
    )
  }
  return rows
}

/**
 * One SQLite transaction per batch, with one statement per thousands of rows: a `run` per row costs
 * ten times as much (docs/dependencies.md, sqlite3).
 */
async function commit(
  database: SqliteDatabase,
  { channels, payments, reveals }: HubWrites,
  height: number | undefined,
): Promise<void> {
  const channelRows = [...channels.values()].map(channelRow)
  const paymentRows = [...payments.values()].map(paymentRow)
  const revealRows = [...reveals].map((anchor) => [fromHex(anchor)])
  await database.transaction(async (transaction) => {
    await replaceRows(transaction, 'reveal', 1, revealRows)
    await replaceRows(transaction, 'channel', 2, channelRows)
    await replaceRows(transaction, 'payment', 9, paymentRows)
    if (height !== undefined) {
      await transaction.run("UPDATE meta SET value = ? WHERE name = 'height'", [String(height)])
    }
  })
}

function channelRow(channel: HubChannel): readonly unknown[] {
  return [fromHex(idOf(channel)), encodeHubChannel(channel)]
}

async function replaceRows(
  transaction: SqliteTransaction,
  table: 'channel' | 'payment' | 'reveal',
  columns: number,
  rows: readonly (readonly unknown[])[],
): Promise<void> {
  for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
    const chunk = rows.slice(from, from + ROWS_PER_STATEMENT)
    const places = `(${Array(columns).fill('?').join(',')})`
    const values = chunk.map(() => places).join(',')
    await transaction.run(`INSERT OR REPLACE INTO ${table} VALUES ${values}`, chunk.flat())
  }
}

async function totals(database: SqliteDatabase): Promise<readonly PaymentTotals[]> {
  const sums = new Map<PaymentStatus, PaymentTotals>()
  // Amounts are 63-bit numbers kept as text, so SQLite's own SUM would round them.
  for (const row of await database.all('SELECT status, amount, fee FROM payment')) {
    const status = paymentStatusOf(row)
    const before = sums.get(status) ?? { status, count: 0, amount: 0n, fee: 0n }
    sums.set(status, {
      status,
      count: before.count + 1,
      amount: before.amount + amountOf(row, 'amount'),
      fee: before.fee + amountOf(row, 'fee'),
    })
  }
  return [...sums.values()]
}
