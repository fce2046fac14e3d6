import { access, constants } from 'node:fs/promises'
import { dirname } from 'node:path'
import sqlite3 from 'sqlite3'
import { StoreFault } from '../store/store-fault.js'
import { closeToOthers, makePrivateFile } from './private-file.js'
import { writeFault } from './write-fault.js'

type Row = Record<string, unknown>

/** What may be done inside a transaction. */
export type SqliteTransaction = {
  run(sql: string, values?: readonly unknown[]): Promise<void>
}

/**
 * Promises over one `sqlite3` handle, whose calls run off the main thread. One piece of work is on
 * the handle at a time, so that no lone statement slips into somebody else's transaction.
 */
export type SqliteDatabase = {
  all(sql: string, values?: readonly unknown[]): Promise<readonly Row[]>
  /** Runs `work` between BEGIN and COMMIT, and waits until the commit is synced to disk. */
  transaction(work: (transaction: SqliteTransaction) => Promise<void>): Promise<void>
  close(): Promise<void>
}

/** A database file that survives power loss, that no second process can open, and no other user read. */
export async function openDatabase(path: string): Promise<SqliteDatabase> {
  await makePrivate(path)
  const handle = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opened = new sqlite3.Database(path, (error) =>
      error ? reject(faultOf(error, path)) : resolve(opened),
    )
  })
  const settled =
    (resolve: () => void, reject: (fault: StoreFault) => void) => (error: Error | null) =>
      error ? reject(faultOf(error, path)) : resolve()
  const exec = (sql: string) =>
    new Promise<void>((resolve, reject) => handle.exec(sql, settled(resolve, reject)))
  const prepared = new PreparedStatements(handle)
  const run = async (sql: string, values: readonly unknown[] = []) => {
    await all(sql, values)
  }
  const all = (sql: string, values: readonly unknown[] = []) =>
    new Promise<readonly Row[]>((resolve, reject) => {
      const done = (error: Error | null, rows: unknown[]) =>
        error ? reject(faultOf(error, path)) : resolve(rows as Row[])
      prepared.find(sql, (error, statement) => {
        if (error !== null) done(error, [])
        else if (statement === undefined) handle.all(sql, values, done)
        else statement.all(values, done)
      })
    })
  let last: Promise<unknown> = Promise.resolve()
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work)
    // Whoever asked for the failed work is told; the ones behind it find the handle as it is.
    last = next.catch(() => undefined)
    return next
  }
  // Exclusive mode keeps the lock from the first write on; taking it now names a second process.
  try {
    await exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL')
    // What is private is written to no file but this one.
    await exec('PRAGMA temp_store=MEMORY')
    await exec('BEGIN IMMEDIATE; COMMIT')
  } catch (fault) {
    await new Promise<void>((resolve) => handle.close(() => resolve()))
    throw fault
  }
  return {
    all: (sql, values) => alone(() => all(sql, values)),
    transaction: (work) =>
      alone(async () => {
        await exec('BEGIN IMMEDIATE')
        await work({ run })
        await exec('COMMIT')
      }),
    close: () =>
      alone(async () => {
        await prepared.finalize()
        await new Promise<void>((resolve, reject) => handle.close(settled(resolve, reject)))
      }),
  }
}

/** Longer ones are made for so many rows as there are just then. */
const PREPARED_LENGTH_MAX = 400
/** Statements that are kept; of those beyond, the one that was made first is let go. */
const PREPARED_MAX = 64

/**
 * Statements that are used again and again: to prepare one each time is a third of what a commit of one
 * row takes on the main thread.
 */
class PreparedStatements {
  readonly #handle: sqlite3.Database
  readonly #kept = new Map<string, sqlite3.Statement>()
  /** Seen once; what comes back is worth to be kept. */
  #seen = new Set<string>()

  constructor(handle: sqlite3.Database) {
    this.#handle = handle
  }

  /** Finds the statement of a text that comes back; of another one there is none. */
  find(
    sql: string,
    found: (error: Error | null, statement: sqlite3.Statement | undefined) => void,
  ): void {
    const kept = this.#kept.get(sql)
    if (kept !== undefined || !this.#comesBack(sql)) return found(null, kept)
    // One that cannot be prepared would never answer.
    const statement = this.#handle.prepare(sql, (error?: Error | null) => {
      if (error) return found(error, undefined)
      this.#keep(sql, statement)
      found(null, statement)
    })
  }

  #comesBack(sql: string): boolean {
    if (sql.length > PREPARED_LENGTH_MAX) return false
    if (this.#seen.has(sql)) return true
    if (this.#seen.size > PREPARED_MAX) this.#seen = new Set()
    this.#seen.add(sql)
    return false
  }

  #keep(sql: string, statement: sqlite3.Statement): void {
    this.#kept.set(sql, statement)
    const [first] = this.#kept
    if (this.#kept.size <= PREPARED_MAX || first === undefined) return
    this.#kept.delete(first[0])
    first[1].finalize()
  }

  /** Lets all of them go: a database with statements cannot be closed. */
  async finalize(): Promise<void> {
    const all = [...this.#kept.values()]
    this.#kept.clear()
    await Promise.all(all.map((one) => new Promise<void>((done) => one.finalize(() => done()))))
  }
}

/**
 * SQLite gives its log the rights of the file; one that lies there has its own. What it may not write it would name
 * by whatever it fails at first: an error of the disk, for one.
 */
async function makePrivate(path: string): Promise<void> {
  try {
    await makePrivateFile(path)
    await access(path, constants.R_OK | constants.W_OK)
    await access(dirname(path), constants.W_OK | constants.X_OK)
    await closeToOthers(`${path}-wal`)
  } catch (cause) {
    throw writeFault(path, cause)
  }
}

function faultOf(error: Error, path: string): StoreFault {
  switch ('code' in error ? error.code : undefined) {
    case 'SQLITE_BUSY':
    case 'SQLITE_LOCKED':
      return new StoreFault('store_in_use', `another process holds ${path}`, error)
    case 'SQLITE_CORRUPT':
    case 'SQLITE_NOTADB':
      return new StoreFault('store_corrupt', `${path} is damaged: ${error.message}`, error)
    case 'SQLITE_FULL':
    case 'SQLITE_READONLY':
    case 'SQLITE_CANTOPEN':
      return writeFault(path, error)
  }
  return new StoreFault('store_failed', `${path} failed: ${error.message}`, error)
}
