import { copyFileSync, existsSync, rmSync } from 'node:fs'
import { type Restored, SealedDatabase, type SealedTable } from '@tallystick/client-sdk/node'

/** A table of every kind. */
export const LIVE: SealedTable = {
  name: 'live_row',
  kind: 'live',
  columns: [
    { name: 'name', type: 'TEXT' },
    { name: 'value', type: 'BLOB' },
  ],
  keys: 1,
}
export const HISTORY: SealedTable = {
  name: 'history_row',
  kind: 'history',
  columns: [
    { name: 'name', type: 'TEXT' },
    { name: 'place', type: 'INTEGER' },
    { name: 'value', type: 'BLOB' },
  ],
  keys: 2,
}

/** Its rows lie as they were written. */
export const WRITTEN: SealedTable = {
  name: 'written_row',
  kind: 'history',
  columns: [
    { name: 'id', type: 'BLOB' },
    { name: 'value', type: 'INTEGER' },
  ],
  keys: 1,
  listedBy: ['value', 'id'],
  order: 'written',
}

export function openSealed(
  path: string,
  restored?: Restored,
  formats: { readonly format: number; readonly taken?: readonly number[] } = { format: 1 },
): Promise<SealedDatabase> {
  return SealedDatabase.open({
    ...formats,
    ...{
      path,
      owner: 'test',
      tables: [LIVE, HISTORY, WRITTEN],
      unmarked: 'made',
      advice: { copy: 'ask the operator', damage: 'look for a copy' },
    },
    ...(restored === undefined ? {} : { restored }),
  })
}

/** The state after commit `n` of a test: one live row that changes, one that stays, one of history. */
export async function commitNumber(database: SealedDatabase, n: number): Promise<void> {
  const value = Uint8Array.of(n)
  await database.commit([
    { kind: 'put', table: LIVE, values: ['counter', value] },
    { kind: 'put', table: LIVE, values: [`row ${n}`, new Uint8Array(3_000).fill(n)] },
    { kind: 'put', table: HISTORY, values: ['done', n, value] },
    { kind: 'put', table: WRITTEN, values: [writtenId(n), n] },
  ])
}

/** Key of the row of `WRITTEN` that commit `n` of a test puts; two in turn begin alike. */
export function writtenId(n: number): Uint8Array {
  const id = new Uint8Array(32).fill(0xa5)
  id[0] = n >> 1
  id[31] = n & 1
  return id
}

/** Number of the last commit that `commitNumber` made, and how many rows there are of it. */
export async function counted(database: SealedDatabase): Promise<readonly number[]> {
  let [counter, rows] = [0, 0]
  for await (const page of database.scan(LIVE)) {
    for (const { name, value } of page) {
      if (name !== 'counter') rows++
      else if (value instanceof Uint8Array) counter = value[0] ?? 0
    }
  }
  return [counter, rows]
}

const SUFFIXES = ['', '-wal', '.mark'] as const

/** Copies database, log and mark as they are, also while a process is at work on them. */
export function copySealed(from: string, to: string): void {
  for (const suffix of SUFFIXES) {
    rmSync(`${to}${suffix}`, { force: true })
    if (existsSync(`${from}${suffix}`)) copyFileSync(`${from}${suffix}`, `${to}${suffix}`)
  }
}
