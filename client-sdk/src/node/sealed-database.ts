import { existsSync } from 'node:fs'
import type { PublicKey } from '@tallystick/protocol'
import { LiveRows } from '../store/live-rows.js'
import type { SqlValue } from '../store/row-digest.js'
import { nextSeal, type Seal } from '../store/seal.js'
import { StoreFault } from '../store/store-fault.js'
import { CommitStatement } from './commit-statement.js'
import { isCutShort } from './cut-short.js'
import { MarkFile } from './high-water-mark.js'
import { newMark, openSeal, type Restored } from './open-seal.js'
import { changesOf, liveChangesOf, writeChanges, writtenOf } from './row-change.js'
import {
  listRows,
  lookupRows,
  type RowRange,
  type RowWrite,
  rowsOf,
  type SealedTable,
  type StoredRow,
  scanTable,
} from './sealed-table.js'
import { openDatabase, type SqliteDatabase } from './sqlite-database.js'

export type { Restored }

/** What would be right where a file is refused, in the words of the program that its owner uses. */
export type StoreAdvice = {
  /** It is whole, and not at its mark: how a restored copy is taken. */
  readonly copy: string
  /** It is damaged, and cannot be taken: what there is in its place. */
  readonly damage: string
}

export type SealedDatabaseOptions = {
  /** Of the database file; its mark lies beside it, with `.mark` behind the name. */
  readonly path: string
  /** Whose database it is; one of another is refused (`store_of_another_chain`). */
  readonly owner: string
  /** The public key that signs what it remembers, if one does; `store_of_another_key`. */
  readonly key?: PublicKey
  /** Number of the layout of its tables. */
  readonly format: number
  /** Formats before it whose tables mean the same: they are taken over. Absent: none. */
  readonly taken?: readonly number[]
  readonly tables: readonly SealedTable[]
  /** JRN-6: takes a copy that may be old as it is. Absent: such a copy is refused. */
  readonly restored?: Restored
  /** JRN-7: what it means that there is neither a file nor a mark: a new one is due, or it was lost. */
  readonly unmarked: 'made' | 'refused'
  readonly advice: StoreAdvice
  /** Hears all live rows as the start reads them; what it made of them counts once the file is open. */
  readonly onLive?: (table: SealedTable, rows: readonly StoredRow[]) => void
}

/** Rows of history that are checked at a time, if nothing else is said: commits wait for so many. */
const HISTORY_PAGE_ROWS = 512

/**
 * A SQLite file whose commits make a hash chain, with a mark outside of the file (JRN-1 to JRN-7).
 * After the first failed commit it refuses everything: the process must end, and what is on the disk
 * decides at the next start.
 */
export class SealedDatabase {
  readonly #database: SqliteDatabase
  readonly #mark: MarkFile
  readonly #live: LiveRows
  readonly #statement: CommitStatement
  readonly #options: SealedDatabaseOptions
  #seal: Seal
  #check: Promise<void> | undefined
  #isClosing = false
  #last: Promise<unknown> = Promise.resolve()
  #fault: unknown

  private constructor(
    { database, mark, live, statement, seal }: Opened,
    options: SealedDatabaseOptions,
  ) {
    this.#options = options
    this.#database = database
    this.#mark = mark
    this.#live = live
    this.#statement = statement
    this.#seal = seal
  }

  /**
   * Opens a file for this process alone, or makes it where there is nothing but a mark of no commit,
   * or not even that and `unmarked` says so.
   * Errors: `StoreFault`, of every code.
   */
  static async open(options: SealedDatabaseOptions): Promise<SealedDatabase> {
    // Before anything is written to it: closing a file that is short makes it longer.
    const isShort = await isCutShort(options.path)
    try {
      const database = await openDatabase(options.path)
      return new SealedDatabase(await openFiles(database, options), options)
    } catch (error) {
      throw advised(isShort ? cutShort(error) : error, options)
    }
  }

  /** Every row of a table, page by page, of `pageRows` each if it is given. Throws `store_corrupt`. */
  async *scan(table: SealedTable, pageRows?: number): AsyncIterable<readonly StoredRow[]> {
    const pages = scanTable(this.#database, table, pageRows)
    for (;;) {
      const { done, value: rows } = await this.#whole(pages.next())
      if (done) return
      this.#assertUsable()
      yield rows
    }
  }

  /** Those of the rows with these keys, or beginnings of keys, that there are. Throws `store_corrupt`. */
  async lookup(
    table: SealedTable,
    keys: readonly (readonly SqlValue[])[],
  ): Promise<readonly StoredRow[]> {
    this.#assertUsable()
    return keys.length === 0 ? [] : this.#whole(lookupRows(this.#database, table, keys))
  }

  /** A page of a table, in the order in which it is listed; `listRows`. Throws `store_corrupt`. */
  async list(
    table: SealedTable,
    after: readonly SqlValue[],
    count: number,
  ): Promise<readonly StoredRow[]> {
    this.#assertUsable()
    return this.#whole(listRows(this.#database, table, after, count))
  }

  /** Rows of a table under a beginning of their key, in order; `rowsOf`. Throws `store_corrupt`. */
  async page(table: SealedTable, range: RowRange): Promise<readonly StoredRow[]> {
    this.#assertUsable()
    return this.#whole(rowsOf(this.#database, table, range))
  }

  /**
   * One transaction of all writes; of several to one row the last counts. When the promise is kept,
   * the commit and its mark are on disk, and what depends on it may be shown (JRN-4).
   */
  commit(writes: readonly RowWrite[]): Promise<void> {
    const done = this.#last.then(() => this.#commit(writes))
    // Who asked is told; whoever comes after it finds the fault.
    this.#last = done.catch(() => undefined)
    return done
  }

  /**
   * Whether SQLite itself finds its pages whole: rows can vanish from a damaged one without any row being
   * changed. Takes time by the size of the file, in which nothing else is done. Throws `store_corrupt`.
   */
  async checkPages(): Promise<void> {
    this.#assertUsable()
    const [found] = await this.#database.all('PRAGMA quick_check(1)', [])
    if (found !== undefined && Object.values(found)[0] === 'ok') return
    const detail = 'SQLite finds a page of the database damaged'
    this.#fault ??= advised(new StoreFault('store_corrupt', detail), this.#options)
    throw this.#fault
  }

  /**
   * JRN-3 for history, which may be of any size and is not read at a start: reads every row once, `pageRows`
   * at a time with a `rest` after each, and ends early when the database is closed. What is found to be
   * damaged makes the database unusable. Throws `store_corrupt`.
   */
  checkHistory(rest: () => Promise<void>, pageRows = HISTORY_PAGE_ROWS): Promise<void> {
    this.#check ??= this.#checkHistory(rest, pageRows).catch((error) => {
      this.#fault ??= error
      throw this.#fault
    })
    return this.#check
  }

  /** JRN-3: what is damaged is noticed when it is read, and stops everything. */
  async #whole<T>(read: Promise<T>): Promise<T> {
    try {
      return await read
    } catch (error) {
      if (!(error instanceof StoreFault && error.code === 'store_corrupt')) throw error
      this.#fault ??= advised(error, this.#options)
      throw this.#fault
    }
  }

  async #checkHistory(rest: () => Promise<void>, pageRows: number): Promise<void> {
    for (const table of this.#options.tables) {
      if (table.kind === 'live') continue
      // Reading a row checks it.
      for await (const _ of this.scan(table, pageRows)) {
        await rest()
        if (this.#isClosing) return
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true
    await this.#check?.catch(() => undefined)
    await this.#last
    await this.#mark.close()
    await this.#database.close()
  }

  async #commit(writes: readonly RowWrite[]): Promise<void> {
    this.#assertUsable()
    const changes = changesOf(writes)
    const live = liveChangesOf(changes)
    const seal = nextSeal(this.#seal, {
      written: writtenOf(changes),
      live: this.#live.sumAfter(live),
    })
    try {
      if (this.#statement.takes(changes)) {
        await this.#statement.write(this.#database, changes, seal)
      } else await writeChanges(this.#database, changes, seal)
      await this.#mark.note(seal)
    } catch (fault) {
      this.#fault = fault
      throw fault
    }
    this.#seal = seal
    this.#live.apply(live)
  }

  #assertUsable(): void {
    if (this.#fault !== undefined) throw this.#fault
  }
}

/**
 * JRN-7: notes that a database of this path is going to be made, before what it will belong to is
 * there: from then on, one without its mark has been lost. Throws `store_failed`.
 */
export async function markNewDatabase(path: string): Promise<void> {
  if (!existsSync(markPathOf(path))) await newMark(markPathOf(path))
}

function markPathOf(path: string): string {
  return `${path}.mark`
}

type Opened = {
  readonly database: SqliteDatabase
  readonly mark: MarkFile
  readonly live: LiveRows
  readonly statement: CommitStatement
  readonly seal: Seal
}

async function openFiles(
  database: SqliteDatabase,
  options: SealedDatabaseOptions,
): Promise<Opened> {
  const live = new LiveRows()
  const markPath = markPathOf(options.path)
  try {
    const seal = await openSeal({ ...options, database, live, markPath })
    const statement = new CommitStatement(options.tables)
    for (const part of statement.schema) await database.all(part)
    return { database, mark: await MarkFile.create(markPath, seal), live, statement, seal }
  } catch (error) {
    await database.close()
    throw error
  }
}

/**
 * To SQLite, what is missing behind a file's end is a disk that fails. A checkpoint that was cut leaves
 * a short file that is whole with its log: other failures of one, as of a full disk, are what they are.
 */
export function cutShort(error: unknown): unknown {
  const cause = error instanceof StoreFault ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && cause.code === 'SQLITE_IOERR'
    ? new StoreFault('store_corrupt', 'the end of the database is missing', error)
    : error
}

/** Adds what would be right to faults that its owner can do something about. */
export function advised(
  error: unknown,
  { path, advice }: Pick<SealedDatabaseOptions, 'path' | 'advice'>,
): unknown {
  if (!(error instanceof StoreFault)) return error
  switch (error.code) {
    case 'store_in_use':
    case 'store_failed':
    case 'store_version':
    case 'store_of_another_chain':
    case 'store_of_another_key':
    case 'key_missing':
    case 'key_damaged':
    case 'key_readable':
      return error
    case 'store_corrupt':
      return new StoreFault(error.code, `${path}: ${error.message}; ${advice.damage}`, error)
    case 'store_rolled_back':
    case 'store_swapped':
    case 'mark_missing':
    case 'mark_damaged':
    case 'mark_rolled_back':
      return new StoreFault(error.code, `${path}: ${error.message}; ${advice.copy}`, error)
  }
}
