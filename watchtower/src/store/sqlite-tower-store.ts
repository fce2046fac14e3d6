import { StoreFault } from '@tallystick/client-sdk'
import {
  openDatabase,
  type SqliteDatabase,
  storedBytes,
  storedNumber,
  storedText,
} from '@tallystick/client-sdk/node'
import {
  type ChainId,
  type ChannelId,
  fromHex,
  type PublicKey,
  parsePublicKey,
  parseTimestamp,
  type Role,
  toHex,
} from '@tallystick/protocol'
import {
  type AppointmentRecord,
  decodeRecord,
  encodeRecord,
  type RecordName,
  recordName,
} from '../core/appointment-record.js'
import type { RecordEntry, TowerStore } from './tower-store.js'

/** Format of the file; one of another is refused by name. */
const STORE_VERSION = 1

const SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS appointment (
  channel BLOB NOT NULL, owner TEXT NOT NULL, number INTEGER NOT NULL, key BLOB NOT NULL,
  valid_until INTEGER NOT NULL, watched INTEGER NOT NULL, record BLOB NOT NULL,
  PRIMARY KEY (channel, owner));
CREATE INDEX IF NOT EXISTS watched ON appointment (watched) WHERE watched = 1;
`

/** Rows of one statement: SQLite takes 32,766 variables, a row has seven. */
const ROWS_PER_STATEMENT = 500

/** Opens (or creates) the file of the tower `tower` on `chainId`, for this process alone. */
export async function openSqliteTowerStore(
  path: string,
  identity: { readonly chainId: ChainId; readonly tower: PublicKey },
): Promise<TowerStore> {
  const database = await openDatabase(path)
  try {
    await database.exec(SCHEMA)
    await checkMeta(database, identity)
  } catch (error) {
    await database.close()
    throw error
  }
  return {
    load: () => load(database),
    records: (names) => records(database, names),
    write: (writes) => write(database, writes),
    watch: (names, height) => watch(database, names, height),
    unwatch: (name) =>
      database.run('UPDATE appointment SET watched = 0 WHERE channel = ? AND owner = ?', [
        ...keyOf(name),
      ]),
    close: () => database.close(),
  }
}

async function checkMeta(
  database: SqliteDatabase,
  { chainId, tower }: { readonly chainId: ChainId; readonly tower: PublicKey },
): Promise<void> {
  const rows = await database.all('SELECT name, value FROM meta')
  const meta = new Map(rows.map(({ name, value }) => [String(name), String(value)]))
  if (meta.size === 0) {
    await database.run(
      "INSERT INTO meta VALUES ('version', ?), ('chain', ?), ('tower', ?), ('height', '-1')",
      [String(STORE_VERSION), chainId, tower],
    )
    return
  }
  if (meta.get('version') !== String(STORE_VERSION)) {
    throw new StoreFault('store_version', `the store has format ${meta.get('version')}`)
  }
  if (meta.get('chain') !== chainId) {
    throw new StoreFault('store_of_another_chain', `the store is of chain ${meta.get('chain')}`)
  }
  if (meta.get('tower') !== tower) {
    throw new StoreFault('store_of_another_key', `the store is of tower ${meta.get('tower')}`)
  }
}

async function load(database: SqliteDatabase): ReturnType<TowerStore['load']> {
  const rows = await database.all(
    'SELECT channel, owner, number, key, valid_until, watched FROM appointment',
  )
  const entries = rows.map(entryOf)
  const [height = {}] = await database.all("SELECT value FROM meta WHERE name = 'height'")
  const isWatched = (_: RecordEntry, i: number) => rows[i]?.['watched'] === 1
  return {
    entries,
    watched: new Set(entries.filter(isWatched).map(({ name }) => name)),
    height: storedText(height, 'value', parseHeight, 'a height'),
  }
}

function entryOf(row: Readonly<Record<string, unknown>>): RecordEntry {
  const channel = toHex(storedBytes(row, 'channel', 32)) as ChannelId
  const owner = storedText(row, 'owner', parseRole, 'a side')
  const key = parsePublicKey(toHex(storedBytes(row, 'key', 32)))
  if (key === undefined) throw new StoreFault('store_corrupt', 'a stored key is no key')
  return {
    name: recordName({ channel, owner }),
    number: storedNumber(row, 'number', parseNumber, 'a channel number'),
    key,
    validUntil: storedNumber(row, 'valid_until', parseTimestamp, 'a time'),
  }
}

function parseRole(text: string): Role | undefined {
  return text === 'client' || text === 'hub' ? text : undefined
}

function parseNumber(value: number): number | undefined {
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/** -1 before the first block. */
function parseHeight(text: string): number | undefined {
  return /^(?:-1|0|[1-9][0-9]{0,14})$/.test(text) ? Number(text) : undefined
}

async function records(
  database: SqliteDatabase,
  names: readonly RecordName[],
): Promise<ReadonlyMap<RecordName, AppointmentRecord>> {
  const found = new Map<RecordName, AppointmentRecord>()
  for (const chunk of chunks(names)) {
    const rows = await database.all(
      `SELECT record FROM appointment WHERE ${nameIn(chunk)}`,
      chunk.flatMap(keyOf),
    )
    for (const row of rows) {
      const record = readRecord(storedBytes(row, 'record'))
      found.set(recordName(record.entrusted), record)
    }
  }
  return found
}

function readRecord(bytes: Uint8Array): AppointmentRecord {
  try {
    return decodeRecord(bytes)
  } catch (cause) {
    throw new StoreFault('store_corrupt', 'a stored appointment is damaged', cause)
  }
}

async function write(
  database: SqliteDatabase,
  { put, remove }: Parameters<TowerStore['write']>[0],
): Promise<void> {
  await database.transaction(async (transaction) => {
    for (const chunk of chunks(put)) {
      const places = chunk.map(() => '(?,?,?,?,?,0,?)').join(',')
      await transaction.run(
        `INSERT INTO appointment VALUES ${places} ON CONFLICT (channel, owner) DO UPDATE SET
           valid_until = excluded.valid_until, record = excluded.record`,
        chunk.flatMap(rowOf),
      )
    }
    for (const chunk of chunks(remove)) {
      await transaction.run(`DELETE FROM appointment WHERE ${nameIn(chunk)}`, chunk.flatMap(keyOf))
    }
  })
}

function rowOf(record: AppointmentRecord): readonly unknown[] {
  const { channel, entrusted } = record
  const { appointment, owner } = entrusted
  return [
    ...[fromHex(channel.id), owner, channel.number, fromHex(channel[owner].key)],
    ...[appointment.validUntil, encodeRecord(record)],
  ]
}

async function watch(
  database: SqliteDatabase,
  names: readonly RecordName[],
  height: number | undefined,
): Promise<void> {
  await database.transaction(async (transaction) => {
    for (const chunk of chunks(names)) {
      await transaction.run(
        `UPDATE appointment SET watched = 1 WHERE ${nameIn(chunk)}`,
        chunk.flatMap(keyOf),
      )
    }
    if (height !== undefined) {
      await transaction.run("UPDATE meta SET value = ? WHERE name = 'height'", [String(height)])
    }
  })
}

function nameIn(names: readonly unknown[]): string {
  return `(channel, owner) IN (VALUES ${names.map(() => '(?,?)').join(',')})`
}

function keyOf(name: RecordName): [channel: Uint8Array, owner: string] {
  const [channel = '', owner = ''] = name.split(':')
  return [fromHex(channel as ChannelId), owner]
}

function* chunks<T>(items: readonly T[]): Iterable<readonly T[]> {
  for (let from = 0; from < items.length; from += ROWS_PER_STATEMENT) {
    yield items.slice(from, from + ROWS_PER_STATEMENT)
  }
}
