import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { RowWrite, SealedDatabase } from '@tallystick/client-sdk/node'
import fc from 'fast-check'
import { temporaryFolder } from '../settlement/data-folder.js'
import { openSealed, WRITTEN, writtenId } from './sealed-file.js'

/** Rows of a commit that is more than one statement takes. */
const ROWS_OF_MANY = 12_000

const key = fc.nat(11)
const write = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), key, value: fc.nat(1_000) }),
  fc.record({ kind: fc.constant('remove' as const), key }),
)

test('JRN-3 a table whose rows lie as they were written holds what one in the order of its keys would', async (context) => {
  const folder = temporaryFolder(context)
  let files = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(write, { maxLength: 6 }), { maxLength: 8 }),
      async (commits) => {
        const path = join(folder, `${++files}.db`)
        const due = new Map<number, number>()
        let database = await openSealed(path)
        for (const commit of commits) {
          await database.commit(commit.map(rowWrite))
          for (const one of commit) {
            if (one.kind === 'put') due.set(one.key, one.value)
            else due.delete(one.key)
          }
          await assertHolds(database, due)
        }
        await database.close()
        database = await openSealed(path)
        await assertHolds(database, due)
        await database.close()
      },
    ),
    { numRuns: 40 },
  )
})

test('JRN-3 so it is where a commit is more than one statement takes', async (context) => {
  const database = await openSealed(join(temporaryFolder(context), 'work.db'))
  context.after(() => database.close())
  for (const value of [1, 2]) {
    await database.commit(Array.from({ length: ROWS_OF_MANY }, (_, n) => put(manyId(n), value)))
  }
  assert.equal((await scanned(database)).length, ROWS_OF_MANY)
  const ids = [0, 1, ROWS_OF_MANY - 1].map(manyId)
  const found = await database.lookup(
    WRITTEN,
    ids.map((id) => [id]),
  )
  assert.deepEqual(
    found.map(({ value }) => value),
    [2, 2, 2],
  )
})

function rowWrite(
  one: { kind: 'put'; key: number; value: number } | { kind: 'remove'; key: number },
): RowWrite {
  return one.kind === 'put'
    ? put(writtenId(one.key), one.value)
    : { kind: 'remove', table: WRITTEN, key: [writtenId(one.key)] }
}

function put(id: Uint8Array, value: number): RowWrite {
  return { kind: 'put', table: WRITTEN, values: [id, value] }
}

/** Keys in no order, every third with the beginning of another. */
function manyId(n: number): Uint8Array {
  const id = new Uint8Array(32)
  const view = new DataView(id.buffer)
  view.setUint32(0, Math.imul(n - (n % 3), 2_654_435_761))
  view.setUint32(28, n)
  return id
}

async function scanned(database: SealedDatabase): Promise<readonly (readonly [number, number])[]> {
  const rows: (readonly [number, number])[] = []
  for await (const page of database.scan(WRITTEN, 5)) {
    for (const { id, value } of page) rows.push([keyOf(id), Number(value)])
  }
  return rows
}

/** The key whose `writtenId` this is. */
function keyOf(id: unknown): number {
  assert.ok(id instanceof Uint8Array)
  return 2 * (id[0] ?? 0) + (id[31] ?? 0)
}

async function assertHolds(
  database: SealedDatabase,
  due: ReadonlyMap<number, number>,
): Promise<void> {
  const sorted = (rows: Iterable<readonly [number, number]>) => [...rows].sort(([a], [b]) => a - b)
  assert.deepEqual(sorted(await scanned(database)), sorted(due))
  const asked = Array.from({ length: 12 }, (_, n) => [writtenId(n)])
  const found = await database.lookup(WRITTEN, [...asked, ...asked])
  assert.deepEqual(sorted(found.map(({ id, value }) => [keyOf(id), Number(value)])), sorted(due))
}
