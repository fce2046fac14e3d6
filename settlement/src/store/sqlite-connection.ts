import sqlite3 from 'sqlite3'
import { LedgerFault } from '../ledger-fault.js'

/** A row as the driver gives it; BLOBs are Buffers. */
export type SqliteRow = Readonly<Record<string, unknown>>
export type SqliteValue = Uint8Array | string | number | null

/** What may be done while nothing else is on the connection. */
export type SqliteWork = {
  exec(sql: string): Promise<void>
  run(sql: string, values: readonly SqliteValue[]): Promise<void>
  all(sql: string, values?: readonly SqliteValue[]): Promise<readonly SqliteRow[]>
}

/**
 * One connection to one file, whose calls run off the main thread, one piece of work at a time: a
 * reader never sees half a change, nor one that is not on disk yet. After the first failed write
 * everything fails, because what SQLite has in memory then need not be what the disk holds.
 */
export class SqliteConnection {
  readonly #database: sqlite3.Database
  readonly #path: string
  #last: Promise<unknown> = Promise.resolve()
  #fault: LedgerFault | undefined

  private constructor(database: sqlite3.Database, path: string) {
    this.#database = database
    this.#path = path
  }

  /**
   * Opens a file for this process alone. Throws `store_in_use` when another one has it. `scratch`:
   * nobody needs the file after a power loss, so nothing waits for the disk.
   */
  static async open(path: string, use: 'durable' | 'scratch'): Promise<SqliteConnection> {
    const database = await new Promise<sqlite3.Database>((resolve, reject) => {
      const opened: sqlite3.Database = new sqlite3.Database(path, (error) =>
        error ? reject(faultOf(error, path)) : resolve(opened),
      )
    })
    const connection = new SqliteConnection(database, path)
    try {
      // Exclusive mode keeps the lock from the first write on; taking it now names a second process.
      await connection.#work.exec(
        'PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;' +
          `PRAGMA synchronous=${use === 'durable' ? 'FULL' : 'OFF'};` +
          'BEGIN IMMEDIATE; COMMIT',
      )
    } catch (error) {
      await connection.close()
      throw error
    }
    return connection
  }

  /** Runs `work` alone: what it reads is one state of the file. */
  read<T>(work: (sqlite: SqliteWork) => Promise<T>): Promise<T> {
    return this.#alone(() => work(this.#work))
  }

  /** Runs `work` between BEGIN and COMMIT; kept when the commit is synced to disk. */
  write(work: (sqlite: SqliteWork) => Promise<void>): Promise<void> {
    return this.#alone(async () => {
      try {
        await this.#work.exec('BEGIN IMMEDIATE')
        await work(this.#work)
        await this.#work.exec('COMMIT')
      } catch (error) {
        this.#fault = error instanceof LedgerFault ? error : faultOf(error as Error, this.#path)
        throw this.#fault
      }
    })
  }

  /** Waits for the work that was asked for before. */
  close(): Promise<void> {
    const closed = this.#last.then(
      () =>
        new Promise<void>((resolve, reject) =>
          this.#database.close((error) => (error ? reject(faultOf(error, this.#path)) : resolve())),
        ),
    )
    this.#last = closed.catch(() => undefined)
    return closed
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(() => {
      if (this.#fault !== undefined) throw this.#fault
      return work()
    })
    // Whoever asked for the failed work is told; those behind it are told by `#fault`.
    this.#last = next.catch(() => undefined)
    return next
  }

  readonly #work: SqliteWork = {
    exec: (sql) =>
      new Promise((resolve, reject) => this.#database.exec(sql, this.#settled(resolve, reject))),
    run: (sql, values) =>
      new Promise((resolve, reject) =>
        this.#database.run(sql, values, this.#settled(resolve, reject)),
      ),
    all: (sql, values = []) =>
      new Promise((resolve, reject) =>
        this.#database.all(sql, values, (error, rows) =>
          error ? reject(faultOf(error, this.#path)) : resolve(rows as SqliteRow[]),
        ),
      ),
  }

  #settled(resolve: () => void, reject: (fault: LedgerFault) => void) {
    return (error: Error | null) => (error ? reject(faultOf(error, this.#path)) : resolve())
  }
}

function faultOf(error: Error, path: string): LedgerFault {
  const code = 'code' in error ? error.code : undefined
  switch (code) {
    case 'SQLITE_BUSY':
    case 'SQLITE_LOCKED':
      return new LedgerFault('store_in_use', `another process has ${path} open`, error)
    case 'SQLITE_CORRUPT':
    case 'SQLITE_NOTADB':
      return new LedgerFault('store_corrupt', `${path}: ${error.message}`, error)
    default:
      return new LedgerFault('store_failed', `${path}: ${error.message}`, error)
  }
}
