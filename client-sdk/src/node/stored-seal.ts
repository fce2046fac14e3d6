import type { PublicKey } from '@tallystick/protocol'
import { headOf, type Seal } from '../store/seal.js'
import { StoreFault } from '../store/store-fault.js'
import type { SqliteDatabase, SqliteTransaction } from './sqlite-database.js'
import { storedNumber, storedText } from './stored-column.js'

export const SEAL_SCHEMA = `CREATE TABLE seal (
  place INTEGER PRIMARY KEY CHECK (place = 0), format INTEGER NOT NULL, owner TEXT NOT NULL,
  id TEXT NOT NULL, sequence INTEGER NOT NULL, previous TEXT NOT NULL, written TEXT NOT NULL,
  live TEXT NOT NULL, head TEXT NOT NULL)`

type Owner = { readonly owner: string; readonly key?: PublicKey }

/** The owner of a database as its seal names it. */
export function ownerText({ owner, key }: Owner): string {
  return key === undefined ? owner : `${ownerBeforeKey(owner)}${key}`
}

function ownerBeforeKey(owner: string): string {
  return `${owner} with key `
}

/** The columns of the seal behind its place, and what stands in them. */
export const SEAL_COLUMNS = [
  ...(['format', 'owner', 'id', 'sequence', 'previous', 'written', 'live', 'head'] as const),
]
export function sealValues(seal: Seal): readonly (string | number)[] {
  return SEAL_COLUMNS.map((column) => seal[column])
}

/** Puts a seal in the place of the one before. */
export function putSeal(transaction: SqliteTransaction, seal: Seal): Promise<void> {
  const sql = 'INSERT OR REPLACE INTO seal VALUES (0, ?, ?, ?, ?, ?, ?, ?, ?)'
  return transaction.run(sql, sealValues(seal))
}

/**
 * The seal of a database; `undefined` of one that holds nothing at all. One of a format in `taken` is read
 * as it is, and has the new format from the next commit on. Errors: `store_version` when it has another format, `store_of_another_chain`, `store_of_another_key`, `store_corrupt`.
 */
export async function findSeal(
  database: SqliteDatabase,
  {
    path,
    format,
    taken = [],
    ...due
  }: Owner & { path: string; format: number; taken?: readonly number[] | undefined },
): Promise<Seal | undefined> {
  const tables = await database.all("SELECT name FROM sqlite_schema WHERE type = 'table'")
  if (tables.length === 0) return undefined
  if (!tables.some(({ name }) => name === 'seal')) {
    throw new StoreFault(
      'store_version',
      `${path} has an older format than ${format}, or is no store`,
    )
  }
  const [row] = await database.all('SELECT * FROM seal')
  if (row === undefined) throw new StoreFault('store_corrupt', `${path} has lost its seal`)
  const stored = [format, ...taken].find((one) => one === row['format'])
  if (stored === undefined) {
    const detail = `${path} has format ${row['format']}, not ${format}: run the release that wrote it`
    throw new StoreFault('store_version', detail)
  }
  const hex = (column: string, digits: number) =>
    storedText(
      row,
      column,
      (text) => (isHex(text, digits) ? text : undefined),
      `${digits} hex digits`,
    )
  const body = {
    format: stored,
    owner: storedText(row, 'owner', (text) => text, 'text'),
    id: hex('id', 32),
    sequence: storedNumber(row, 'sequence', parseSequence, 'a sequence number'),
    previous: hex('previous', 64),
    written: hex('written', 64),
    live: hex('live', 32),
  }
  const head = hex('head', 64)
  if (headOf(body) !== head) throw new StoreFault('store_corrupt', `the seal of ${path} is damaged`)
  const owner = ownerText(due)
  if (body.owner !== owner) {
    const detail = `${path} belongs to ${body.owner}, not to ${owner}`
    const isOfAnotherKey = due.key !== undefined && body.owner.startsWith(ownerBeforeKey(due.owner))
    throw new StoreFault(isOfAnotherKey ? 'store_of_another_key' : 'store_of_another_chain', detail)
  }
  return { ...body, format, head }
}

function parseSequence(value: number): number | undefined {
  return Number.isSafeInteger(value) && value > 0 ? value : undefined
}

function isHex(text: string, digits: number): boolean {
  return text.length === digits && /^[0-9a-f]*$/.test(text)
}
