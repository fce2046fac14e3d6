import { toHex } from '@tallystick/protocol'
import { rowDigest, type SqlValue } from '../store/row-digest.js'
import { StoreFault } from '../store/store-fault.js'
import type { SqliteDatabase, SqliteTransaction } from './sqlite-database.js'

/**
 * A table whose rows carry their digests. `live`: read whole at the start, so that a missing or an
 * older row is noticed as well. `history`: it may be of any size; a row is checked when it is read.
 */
export type SealedTable = {
  readonly name: string
  readonly kind: 'live' | 'history'
  /** Its columns; the first `keys` of them name a row. */
  readonly columns: readonly { readonly name: string; readonly type: 'BLOB' | 'TEXT' | 'INTEGER' }[]
  readonly keys: number
  /** Columns that rows are also listed by, in pages (`listRows`). */
  readonly listedBy?: readonly string[]
  /**
   * Absent: rows lie in the tree of their keys. `written`: one behind the other as they come, found by a tree of
   * keys alone. For rows of history with random keys: in the tree of rows each new one of 300 bytes is a page to
   * be read and written. 128 of them beside a record of 60 kB, when there are 100,000: 11 to 12 ms of processor
   * time a commit, 8.5 to 9 as they are written (side by side).
   */
  readonly order?: 'written'
}

/** A row as it was found, by the names of its columns. */
export type StoredRow = Readonly<Record<string, unknown>>

/** One row written, in the order of its columns, or removed by its key. */
export type RowWrite =
  | { readonly kind: 'put'; readonly table: SealedTable; readonly values: readonly SqlValue[] }
  | { readonly kind: 'remove'; readonly table: SealedTable; readonly key: readonly SqlValue[] }

/** Variables of one statement: SQLite takes 32,766. */
const VARIABLES_MAX = 32_000
/** Rows of one page of a scan. */
const PAGE_ROWS = 4_096

/** What makes a table. Reading all of its rows (`scanTable`) reads all that a lookup would. */
export function tableSchema(table: SealedTable): readonly string[] {
  const { name, columns, keys, listedBy, order } = table
  const columnsText = columns.map((column) => `${column.name} ${column.type} NOT NULL`).join(', ')
  const key = keyColumns({ columns, keys }).join(', ')
  const rows = `CREATE TABLE ${name} (${columnsText}, digest BLOB NOT NULL, PRIMARY KEY (${key}))`
  const made = order === undefined ? `${rows} WITHOUT ROWID` : rows
  const index = `CREATE INDEX ${name}_list ON ${name} (${listedBy?.join(', ')})`
  return listedBy === undefined ? [made] : [made, index]
}

/** Every row of a table, checked, `pageRows` of them at a time. Throws `store_corrupt`. */
export function scanTable(
  database: SqliteDatabase,
  table: SealedTable,
  pageRows = PAGE_ROWS,
): AsyncGenerator<readonly StoredRow[], void> {
  return table.order === undefined
    ? scanByKey(database, table, pageRows)
    : scanAsWritten(database, table, pageRows)
}

/** Finds each row by its key, and in its list, in the same statement: one that they would miss is named. */
async function* scanAsWritten(
  database: SqliteDatabase,
  table: SealedTable,
  pageRows: number,
): AsyncGenerator<readonly StoredRow[], void> {
  const { name, listedBy } = table
  const found = [
    isFound(name, `sqlite_autoindex_${name}_1`, keyColumns(table)),
    ...(listedBy === undefined ? [] : [isFound(name, `${name}_list`, listedBy)]),
  ]
  let last: unknown
  for (;;) {
    const rows = await database.all(
      `SELECT *, rowid AS written_as, ${found.join(' AND ')} AS is_found FROM ${name} AS one
        ${last === undefined ? '' : 'WHERE rowid > ?'} ORDER BY rowid LIMIT ${pageRows}`,
      last === undefined ? [] : [last],
    )
    for (const row of rows) {
      checkRow(table, row)
      if (row['is_found'] === 1) continue
      throw new StoreFault('store_corrupt', `a row of ${name} is not found where it should be`)
    }
    const end = rows.at(-1)
    if (end === undefined) return
    yield rows
    last = end['written_as']
  }
}

/** Whether an index leads to the row `one`. */
function isFound(name: string, index: string, columns: readonly string[]): string {
  const is = [...columns, 'rowid'].map((column) => `known.${column} = one.${column}`)
  return `EXISTS (SELECT 1 FROM ${name} AS known INDEXED BY ${index} WHERE ${is.join(' AND ')})`
}

async function* scanByKey(
  database: SqliteDatabase,
  table: SealedTable,
  pageRows: number,
): AsyncGenerator<readonly StoredRow[], void> {
  const key = keyColumns(table)
  const names = key.join(', ')
  let last: readonly unknown[] | undefined
  for (;;) {
    const after = last === undefined ? '' : `WHERE (${names}) > (${key.map(() => '?').join(', ')})`
    const rows = await database.all(
      `SELECT * FROM ${table.name} ${after} ORDER BY ${names} LIMIT ${pageRows}`,
      last ?? [],
    )
    for (const row of rows) checkRow(table, row)
    const end = rows.at(-1)
    if (end === undefined) return
    yield rows
    last = key.map((name) => end[name])
  }
}

/** Those of the rows with these keys, or beginnings of keys, that there are. Throws `store_corrupt`. */
export async function lookupRows(
  database: SqliteDatabase,
  table: SealedTable,
  keys: readonly (readonly SqlValue[])[],
): Promise<readonly StoredRow[]> {
  const found: StoredRow[] = []
  const [{ length = 1 } = []] = keys
  const names = keyColumns(table).slice(0, length).join(', ')
  for (const { places, values } of chunksOf(keys, length)) {
    const sql = `SELECT * FROM ${table.name} WHERE (${names}) IN (VALUES ${places})`
    found.push(...(await database.all(sql, values)))
  }
  for (const row of found) checkRow(table, row)
  return found
}

/**
 * At most `count` rows behind `after`, in the order in which the table is listed; `after`: what the last row
 * before them is listed by. Throws `store_corrupt`.
 */
export async function listRows(
  database: SqliteDatabase,
  table: SealedTable,
  after: readonly SqlValue[],
  count: number,
): Promise<readonly StoredRow[]> {
  const names = table.listedBy?.join(', ')
  const places = after.map(() => '?').join(', ')
  const rows = await database.all(
    `SELECT * FROM ${table.name} WHERE (${names}) > (${places}) ORDER BY ${names} LIMIT ?`,
    [...after, count],
  )
  for (const row of rows) checkRow(table, row)
  return rows
}

/** Rows under a beginning of their key, in the order of what follows it. */
export type RowRange = {
  readonly under: readonly SqlValue[]
  /** The value of the next column of the key behind which they start; absent: at the end of the order. */
  readonly after: SqlValue | undefined
  readonly count: number
  readonly order: 'ascending' | 'descending'
}

/** At most `count` rows of a range. Throws `store_corrupt`. */
export async function rowsOf(
  database: SqliteDatabase,
  table: SealedTable,
  { under, after, count, order }: RowRange,
): Promise<readonly StoredRow[]> {
  const names = keyColumns(table)
  const by = names[under.length]
  const is = names.slice(0, under.length).map((name) => `${name} = ?`)
  const [comparison, direction] = order === 'ascending' ? ['>', 'ASC'] : ['<', 'DESC']
  const where = [...is, ...(after === undefined ? [] : [`${by} ${comparison} ?`])].join(' AND ')
  const rows = await database.all(
    `SELECT * FROM ${table.name} WHERE ${where} ORDER BY ${by} ${direction} LIMIT ?`,
    [...under, ...(after === undefined ? [] : [after]), count],
  )
  for (const row of rows) checkRow(table, row)
  return rows
}

/** Puts rows in the place of those with their keys. */
export async function putRows(
  transaction: SqliteTransaction,
  { name, columns }: SealedTable,
  rows: readonly (readonly SqlValue[])[],
): Promise<void> {
  for (const { places, values } of chunksOf(rows, columns.length + 1)) {
    await transaction.run(`INSERT OR REPLACE INTO ${name} VALUES ${places}`, values)
  }
}

export async function removeRows(
  transaction: SqliteTransaction,
  table: SealedTable,
  keys: readonly (readonly SqlValue[])[],
): Promise<void> {
  const names = keyColumns(table).join(', ')
  for (const { places, values } of chunksOf(keys, table.keys)) {
    await transaction.run(
      `DELETE FROM ${table.name} WHERE (${names}) IN (VALUES ${places})`,
      values,
    )
  }
}

/** The name of a row among all rows of a database. */
export function rowName({ name }: SealedTable, key: readonly unknown[]): string {
  const parts = key.map((value) => (value instanceof Uint8Array ? toHex(value) : value))
  return `${name} ${parts.length === 1 ? parts[0] : JSON.stringify(parts)}`
}

/** The values of a row, in the order of the columns. */
export function valuesOf({ columns }: SealedTable, row: StoredRow): readonly unknown[] {
  return columns.map(({ name }) => row[name])
}

/** One statement for as many rows as it takes: a `run` per row costs ten times as much (docs/dependencies.md). */
function* chunksOf(rows: readonly (readonly SqlValue[])[], columns: number) {
  const rowsMax = Math.floor(VARIABLES_MAX / columns)
  const place = `(${Array(columns).fill('?').join(',')})`
  for (let from = 0; from < rows.length; from += rowsMax) {
    const chunk = rows.slice(from, from + rowsMax)
    yield { places: chunk.map(() => place).join(','), values: chunk.flat() }
  }
}

function checkRow(table: SealedTable, row: StoredRow): void {
  const { digest } = row
  const isWritten =
    digest instanceof Uint8Array &&
    toHex(rowDigest(table.name, valuesOf(table, row))) === toHex(digest)
  if (!isWritten) {
    throw new StoreFault('store_corrupt', `a row of ${table.name} is not what was written`)
  }
}

function keyColumns({ columns, keys }: Pick<SealedTable, 'columns' | 'keys'>): readonly string[] {
  return columns.slice(0, keys).map(({ name }) => name)
}
