import { invariant, toHex } from '@tallystick/protocol'
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
   * Absent: rows lie in the tree of their keys. `written`: one behind the other as they come, found by the first
   * bytes of their key, which is one BLOB. For rows of history with random keys: in the tree of those each new row
   * of 300 bytes is a page to be read and written. 128 of them beside a record of 60 kB, when there are 100,000:
   * 11 to 12 ms a commit, 7 as they are written, 3 to 4 without them (side by side).
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
  invariant(order === undefined || keys === 1, `rows of ${name} are found by one column`)
  const columnsText = columns.map((column) => `${column.name} ${column.type} NOT NULL`).join(', ')
  const key = keyColumns(table).join(', ')
  const body = `${columnsText}, digest BLOB NOT NULL`
  const list = `CREATE INDEX ${name}_list ON ${name} (${listedBy?.join(', ')})`
  return [
    ...(order === undefined
      ? [`CREATE TABLE ${name} (${body}, PRIMARY KEY (${key})) WITHOUT ROWID`]
      : [
          `CREATE TABLE ${name} (${body})`,
          `CREATE INDEX ${name}_key ON ${name} (${beginningOf(key)})`,
        ]),
    ...(listedBy === undefined ? [] : [list]),
  ]
}

/** The statements that put one row in the place of that with its key; `values` of its columns and its digest. */
export function putStatements(table: SealedTable, values: readonly string[]): readonly string[] {
  const { name, keys, order } = table
  const insert = `INTO main.${name} VALUES (${values.join(', ')})`
  if (order === undefined) return [`INSERT OR REPLACE ${insert}`]
  return [removeStatement(table, values.slice(0, keys)), `INSERT ${insert}`]
}

/** The statement that removes the row with a key. */
export function removeStatement(table: SealedTable, key: readonly string[]): string {
  const names = keyColumns(table).join(', ')
  const is = `(${names}) = (${key.join(', ')})`
  const where = table.order === undefined ? is : `${beginningIs(names, key.join(', '))} AND ${is}`
  return `DELETE FROM main.${table.name} WHERE ${where}`
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

/** Finds each row by its key as well, in the same statement: one that a lookup would miss is named. */
async function* scanAsWritten(
  database: SqliteDatabase,
  table: SealedTable,
  pageRows: number,
): AsyncGenerator<readonly StoredRow[], void> {
  const { name } = table
  const key = keyColumns(table).join(', ')
  const isFound = `EXISTS (SELECT 1 FROM ${name} AS known INDEXED BY ${name}_key
    WHERE ${beginningIs(`known.${key}`, `one.${key}`)} AND known.rowid = one.rowid)`
  for (let last = 0; ; ) {
    const rows = await database.all(
      `SELECT *, rowid AS written_as, ${isFound} AS is_found FROM ${name} AS one
        WHERE rowid > ? ORDER BY rowid LIMIT ${pageRows}`,
      [last],
    )
    for (const row of rows) {
      checkRow(table, row)
      if (row['is_found'] === 1) continue
      throw new StoreFault('store_corrupt', `a row of ${name} is not found by its key`)
    }
    const end = rows.at(-1)
    if (end === undefined) return
    yield rows
    last = Number(end['written_as'])
  }
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
    const sql = `SELECT * FROM ${table.name} WHERE ${isOneOf(table, names, places)}`
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
  table: SealedTable,
  rows: readonly (readonly SqlValue[])[],
): Promise<void> {
  const { name, columns, keys, order } = table
  if (order !== undefined) {
    await removeRows(
      transaction,
      table,
      rows.map((row) => row.slice(0, keys)),
    )
  }
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
      `DELETE FROM ${table.name} WHERE ${isOneOf(table, names, places)}`,
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

/** Bytes of a key that rows as they were written are found by. */
const BEGINNING_BYTES = 8

function beginningOf(key: string): string {
  return `substr(${key}, 1, ${BEGINNING_BYTES})`
}

function beginningIs(key: string, value: string): string {
  return `${beginningOf(key)} = ${beginningOf(value)}`
}

/** Whether the columns `names` of a row are one of the `places`. */
function isOneOf({ name, order }: SealedTable, names: string, places: string): string {
  if (order === undefined) return `(${names}) IN (VALUES ${places})`
  const is = `${beginningIs(`known.${names}`, 'asked.column1')} AND known.${names} = asked.column1`
  return `rowid IN (SELECT known.rowid FROM (VALUES ${places}) AS asked CROSS JOIN ${name} AS known ON ${is})`
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
