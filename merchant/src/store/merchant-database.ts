import { StoreFault } from '@tallystick/client-sdk'
import { makePrivateFile } from '@tallystick/client-sdk/node'
import sqlite3 from 'sqlite3'

/** A row as the driver gives it. */
export type Row = Readonly<Record<string, unknown>>
export type SqlValue = string | number | null

/** What may be done while nothing else is on the connection. */
export type Statements = {
  all(sql: string, values?: readonly SqlValue[]): Promise<readonly Row[]>
  run(sql: string, values?: readonly SqlValue[]): Promise<void>
}

/** A refusal of ours, thrown inside of `write`: nothing of that piece of work is kept, and the store goes on. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: string

  constructor(code: string, detail: string) {
    super(detail)
    this.code = code
  }
}

/**
 * The server's own file: one connection, whose calls run off the main thread, one piece of work at a time. What is
 * checked and what is written in one piece stands together. After the first failed write everything fails, because
 * what SQLite has in memory then need not be what the disk holds.
 */
export class MerchantDatabase {
  readonly #handle: sqlite3.Database
  readonly #path: string
  readonly #onFault: (fault: StoreFault) => void
  #last: Promise<unknown> = Promise.resolve()
  #fault: StoreFault | undefined

  private constructor(
    handle: sqlite3.Database,
    path: string,
    onFault: (fault: StoreFault) => void,
  ) {
    this.#handle = handle
    this.#path = path
    this.#onFault = onFault
  }

  /** Opens a file for this process alone, and for its owner's eyes only. Throws `StoreFault`. */
  static async open(path: string, onFault: (fault: StoreFault) => void): Promise<MerchantDatabase> {
    await makePrivateFile(path)
    const handle = await new Promise<sqlite3.Database>((resolve, reject) => {
      const opened: sqlite3.Database = new sqlite3.Database(path, (error) =>
        error ? reject(faultOf(error, path)) : resolve(opened),
      )
    })
    const database = new MerchantDatabase(handle, path, onFault)
    try {
      // Exclusive mode keeps the lock from the first write on; taking it now names a second process.
      await database.#exec(
        'PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;' +
          'BEGIN IMMEDIATE; COMMIT',
      )
    } catch (error) {
      await database.close()
      throw error
    }
    return database
  }

  /** Runs a script of statements, before anybody else uses the file. */
  async prepare(script: string): Promise<void> {
    await this.#exec(script)
  }

  /** Runs `work` alone: what it reads is one state of the file. */
  read<T>(work: (statements: Statements) => Promise<T>): Promise<T> {
    return this.#alone(() => work(this.#statements))
  }

  /**
   * Runs `work` between BEGIN and COMMIT; kept when the commit is synced to disk. A `Refusal` that it throws undoes
   * it, and is thrown on.
   */
  write<T>(work: (statements: Statements) => Promise<T>): Promise<T> {
    return this.#alone(async () => {
      try {
        await this.#exec('BEGIN IMMEDIATE')
        const done = await work(this.#statements)
        await this.#exec('COMMIT')
        return done
      } catch (error) {
        if (error instanceof Refusal) {
          await this.#exec('ROLLBACK')
          throw error
        }
        const fault = error instanceof StoreFault ? error : faultOf(error as Error, this.#path)
        this.#fault = fault
        this.#onFault(fault)
        throw fault
      }
    })
  }

  /** Waits for the work that was asked for before. */
  close(): Promise<void> {
    const closed = this.#last.then(
      () =>
        new Promise<void>((resolve, reject) =>
          this.#handle.close((error) => (error ? reject(faultOf(error, this.#path)) : resolve())),
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

  #exec(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#handle.exec(sql, (error) => (error ? reject(faultOf(error, this.#path)) : resolve()))
    })
  }

  readonly #statements: Statements = {
    all: (sql, values = []) =>
      new Promise((resolve, reject) =>
        this.#handle.all<Row>(sql, values, (error, rows) =>
          error ? reject(faultOf(error, this.#path)) : resolve(rows),
        ),
      ),
    run: (sql, values = []) =>
      new Promise((resolve, reject) =>
        this.#handle.run(sql, values, (error: Error | null) =>
          error ? reject(faultOf(error, this.#path)) : resolve(),
        ),
      ),
  }
}

function faultOf(error: Error, path: string): StoreFault {
  if (error instanceof StoreFault) return error
  switch ('code' in error ? error.code : undefined) {
    case 'SQLITE_BUSY':
    case 'SQLITE_LOCKED':
      return new StoreFault('store_in_use', `another process holds ${path}`, error)
    case 'SQLITE_CORRUPT':
    case 'SQLITE_NOTADB':
      return new StoreFault('store_corrupt', `${path} is damaged: ${error.message}`, error)
    default:
      return new StoreFault('store_failed', `${path} failed: ${error.message}`, error)
  }
}
