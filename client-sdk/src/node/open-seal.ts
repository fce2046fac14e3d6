import { randomBytes } from 'node:crypto'
import { type PublicKey, toHex } from '@tallystick/protocol'
import type { LiveRows } from '../store/live-rows.js'
import type { SqlValue } from '../store/row-digest.js'
import { FIRST_HEAD, headOf, type Seal } from '../store/seal.js'
import { StoreFault } from '../store/store-fault.js'
import { type HighWaterMark, MarkFile, readHighWaterMark } from './high-water-mark.js'
import { mismatchOf } from './mark-mismatch.js'
import { changesOf, liveChangesOf, writeChanges, writtenOf } from './row-change.js'
import {
  lookupRows,
  type RowWrite,
  rowName,
  type SealedTable,
  type StoredRow,
  scanTable,
  tableSchema,
  valuesOf,
} from './sealed-table.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { storedBytes } from './stored-column.js'
import { findSeal, ownerText, SEAL_SCHEMA } from './stored-seal.js'

/** What a restored copy says about its age from then on, whatever happens. */
export type Restored = {
  /** What a live row becomes, in the order of the columns; `undefined`: it stays. */
  readonly row: (table: SealedTable, row: StoredRow) => readonly SqlValue[] | undefined
  /**
   * What is written beside, also where the copy holds nothing at all; asked for once all live rows were
   * heard.
   */
  readonly writes?: (lookUp: LookUp) => Promise<readonly RowWrite[]>
}
/** Finds rows by their keys while a copy is taken. */
type LookUp = (
  table: SealedTable,
  keys: readonly (readonly SqlValue[])[],
) => Promise<readonly StoredRow[]>

type SealToOpen = {
  readonly database: SqliteDatabase
  readonly path: string
  readonly markPath: string
  readonly owner: string
  readonly key?: PublicKey
  readonly format: number
  readonly taken?: readonly number[]
  readonly tables: readonly SealedTable[]
  readonly restored?: Restored
  readonly unmarked: 'made' | 'refused'
  /** Filled with what is found. */
  readonly live: LiveRows
  /** Hears every live row once, checked for itself; that none is missing is known when all is opened. */
  readonly onLive?: (table: SealedTable, rows: readonly StoredRow[]) => void
}

/**
 * The seal that a database goes on from: checked against all its live rows (JRN-3) and the mark
 * (JRN-5), of a restored copy (JRN-6), or of a database that was made just now (JRN-7).
 */
export async function openSeal(options: SealToOpen): Promise<Seal> {
  const { restored, markPath } = options
  const found = await readSeal(options)
  if (found === undefined) return createDatabase(options)
  if (restored !== undefined) return acceptRestored(options, found, restored)
  await checkMark(found, markPath)
  return found
}

/** The seal that is stored, checked against all live rows (JRN-3); `undefined` where nothing is. */
export async function readSeal(
  options: Pick<
    SealToOpen,
    'database' | 'path' | 'owner' | 'key' | 'format' | 'taken' | 'tables' | 'live' | 'onLive'
  >,
): Promise<Seal | undefined> {
  const { database, tables, live } = options
  const found = await findSeal(database, options)
  if (found === undefined) return undefined
  for (const table of tables) {
    if (table.kind === 'history') continue
    for await (const rows of scanTable(database, table)) {
      noteLive(table, rows, live)
      options.onLive?.(table, rows)
    }
  }
  if (live.sum !== found.live) {
    throw new StoreFault('store_corrupt', 'rows are missing, or older than the newest commit')
  }
  return found
}

/** JRN-5. Throws what `mismatchOf` finds, `mark_missing` and `mark_damaged`. */
export async function checkMark(found: Seal, markPath: string): Promise<void> {
  const mismatch = mismatchOf(found, await readHighWaterMark(markPath))
  if (mismatch !== undefined) throw new StoreFault(mismatch.code, mismatch.detail)
}

function noteLive(table: SealedTable, rows: readonly StoredRow[], live: LiveRows): void {
  live.apply(
    rows.map((row) => {
      const name = rowName(table, valuesOf(table, row).slice(0, table.keys))
      return { name, digest: storedBytes(row, 'digest') }
    }),
  )
}

/** JRN-7: the mark is there before the database, so that a database without one has lost it. */
async function createDatabase(options: SealToOpen): Promise<Seal> {
  const { database, tables, live, markPath, format, restored } = options
  const mark = restored === undefined ? await foundMark(options) : undefined
  if (mark !== undefined && mark.sequence > 0) {
    const detail = `the database is empty, and commit ${mark.sequence} was acted upon`
    throw new StoreFault('store_rolled_back', detail)
  }
  const changes = changesOf((await restored?.writes?.(async () => [])) ?? [])
  live.apply(liveChangesOf(changes))
  const body = {
    ...{
      owner: ownerText(options),
      format,
      id: mark?.id ?? (await newMark(markPath)),
      sequence: 1,
    },
    ...{ previous: FIRST_HEAD, written: writtenOf(changes), live: live.sum },
  }
  const seal = { ...body, head: headOf(body) }
  await writeChanges(database, changes, seal, [...tables.flatMap(tableSchema), SEAL_SCHEMA])
  return seal
}

async function foundMark({ markPath, unmarked }: SealToOpen): Promise<HighWaterMark | undefined> {
  return unmarked === 'made' ? findMark(markPath) : readHighWaterMark(markPath)
}

/** What a mark says; `undefined` where there is none. Throws `mark_damaged`. */
export async function findMark(markPath: string): Promise<HighWaterMark | undefined> {
  try {
    return await readHighWaterMark(markPath)
  } catch (error) {
    if (error instanceof StoreFault && error.code === 'mark_missing') return undefined
    throw error
  }
}

/** Notes that nothing was committed yet, in a database of a new id, which is the answer. */
export async function newMark(markPath: string): Promise<string> {
  const id = newId()
  const mark = await MarkFile.create(markPath, {
    ...{ id, sequence: 0, previous: FIRST_HEAD, head: FIRST_HEAD },
  })
  await mark.close()
  return id
}

/**
 * JRN-6: what the rows have to say about their age and the new id are one commit, and the mark comes
 * after it: until it is there, and whatever happens, the copy is refused without `restored`. The new
 * id keeps the file that this one was a copy of from ever being taken for it.
 */
async function acceptRestored(
  { database, tables, live, markPath }: SealToOpen,
  found: Seal,
  restored: Restored,
): Promise<Seal> {
  const lookUp: LookUp = (table, keys) => lookupRows(database, table, keys)
  const writes = [...((await restored.writes?.(lookUp)) ?? [])]
  for (const table of tables) {
    if (table.kind === 'history') continue
    for await (const rows of scanTable(database, table)) {
      for (const row of rows) {
        const values = restored.row(table, row)
        if (values !== undefined) writes.push({ kind: 'put', table, values })
      }
    }
  }
  const changes = changesOf(writes)
  const liveChanges = liveChangesOf(changes)
  const body = {
    ...{ owner: found.owner, format: found.format, id: newId(), previous: found.head },
    sequence: 1 + Math.max(found.sequence, await sequenceOf(markPath)),
    ...{ written: writtenOf(changes), live: live.sumAfter(liveChanges) },
  }
  const seal = { ...body, head: headOf(body) }
  await writeChanges(database, changes, seal)
  live.apply(liveChanges)
  return seal
}

/** How far a mark says that its database came, whichever that was; 0 where there is none to be read. */
async function sequenceOf(markPath: string): Promise<number> {
  try {
    return (await readHighWaterMark(markPath)).sequence
  } catch (error) {
    // What is wrong with the mark is why the copy has to be accepted.
    if (error instanceof StoreFault && error.code !== 'store_failed') return 0
    throw error
  }
}

function newId(): string {
  return toHex(randomBytes(16))
}
