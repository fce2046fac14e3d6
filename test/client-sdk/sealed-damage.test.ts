import assert from 'node:assert/strict'
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { StoreFault } from '@tallystick/client-sdk'
import fc from 'fast-check'
import { temporaryFolder } from '../settlement/data-folder.js'
import {
  commitNumber,
  copySealed,
  counted,
  HISTORY,
  openSealed,
  WRITTEN,
  writtenId,
} from './sealed-file.js'

const COMMITS = 40
/** Those among them that are in the database file when the process is killed; the rest is in the log. */
const CHECKPOINTED = 36
/** Damaged copies that one property opens. */
const RUNS = 120

/** The files of a process that was killed: a part of the commits is in the log only. */
async function killedFile(context: TestContext): Promise<string> {
  const folder = temporaryFolder(context)
  const path = join(folder, 'work.db')
  let database = await openSealed(path)
  for (let n = 1; n <= CHECKPOINTED; n++) await commitNumber(database, n)
  await database.close()
  database = await openSealed(path)
  for (let n = CHECKPOINTED + 1; n <= COMMITS; n++) await commitNumber(database, n)
  const killed = join(folder, 'killed.db')
  copySealed(path, killed)
  await database.close()
  return killed
}

/** Opens what `spoil` made of a copy: it is refused by name, or all that was acked is there. */
async function namedOrWhole(path: string, spoil: (copy: string) => void): Promise<void> {
  const copy = `${path}.copy`
  copySealed(path, copy)
  spoil(copy)
  const database = await openSealed(copy).catch((error) => refusedBy(error, AT_START))
  if (database === undefined) return
  try {
    assert.deepEqual(await counted(database), [COMMITS, COMMITS])
    await commitNumber(database, COMMITS + 1)
    for (let n = 1; n <= COMMITS; n++) await lookedUp(database, n)
  } catch (error) {
    return refusedBy(error, AT_WORK)
  } finally {
    await database.close()
  }
  const again = await openSealed(copy)
  assert.deepEqual(await counted(again), [COMMITS + 1, COMMITS + 1])
  await again.close()
}

const AT_START = /^(?:store_(?:corrupt|rolled_back|swapped|version)|mark_(?:missing|damaged))$/
/** What is missing behind a file's end is to SQLite a disk that fails. */
const AT_WORK = /^store_(?:corrupt|failed)$/

function refusedBy(error: unknown, names: RegExp): undefined {
  if (!(error instanceof StoreFault)) throw error
  assert.match(error.code, names, error.message)
}

/** A finished row is what it was, or named, or not found (its place in the tree is damaged). */
async function lookedUp(database: Awaited<ReturnType<typeof openSealed>>, n: number) {
  for (const { place, value } of await database.lookup(HISTORY, [['done', n]])) {
    assert.deepEqual([place, value], [n, Buffer.of(n)])
  }
  for (const { id, value } of await database.lookup(WRITTEN, [[writtenId(n)]])) {
    assert.deepEqual([id, value], [Buffer.from(writtenId(n)), n])
  }
}

const file = fc.constantFrom('', '-wal', '.mark')
/** Where in a file, evenly: what is interesting about a place, no bias knows. */
const part = fc.noBias(fc.nat(2 ** 30 - 1)).map((place) => place / 2 ** 30)

test('INV-42 JRN-3 JRN-5 a bit flipped anywhere in any file is named, or changes nothing', async (context) => {
  const path = await killedFile(context)
  assert.ok(existsSync(`${path}-wal`))
  await fc.assert(
    fc.asyncProperty(file, part, fc.nat(7), async (suffix, at, bit) => {
      await namedOrWhole(path, (copy) => {
        const bytes = readFileSync(`${copy}${suffix}`)
        const place = Math.floor(at * bytes.length)
        bytes[place] = (bytes[place] ?? 0) ^ (1 << bit)
        writeFileSync(`${copy}${suffix}`, bytes)
      })
    }),
    { numRuns: RUNS },
  )
})

test('INV-42 JRN-5 a file cut at any byte is named, or changes nothing', async (context) => {
  const path = await killedFile(context)
  await fc.assert(
    fc.asyncProperty(file, part, async (suffix, at) => {
      await namedOrWhole(path, (copy) => {
        const bytes = readFileSync(`${copy}${suffix}`)
        writeFileSync(`${copy}${suffix}`, bytes.subarray(0, Math.floor(at * bytes.length)))
      })
    }),
    { numRuns: RUNS },
  )
})

test('INV-42 JRN-5 a file cut within its first hundred bytes is named', async (context) => {
  const path = await killedFile(context)
  for (const bytes of [1, 15, 17, 31, 99]) {
    await namedOrWhole(path, (copy) => truncateSync(copy, bytes))
  }
})

test('INV-42 JRN-3 a row that its key or its list no longer finds is named when history is read', async (context) => {
  const path = join(temporaryFolder(context), 'work.db')
  const database = await openSealed(path)
  for (let n = 1; n <= COMMITS; n++) await commitNumber(database, n)
  await database.close()
  const bytes = readFileSync(path)
  let named = 0
  for (const at of placesOf(bytes, Buffer.from(writtenId(COMMITS)))) {
    const copy = `${path}.copy`
    copySealed(path, copy)
    const damaged = Buffer.from(bytes)
    damaged[at + 7] = (damaged[at + 7] ?? 0) ^ 1
    writeFileSync(copy, damaged)
    const opened = await openSealed(copy)
    const check = opened.checkHistory(async () => undefined)
    await check.catch((error) => {
      named++
      refusedBy(error, /^store_corrupt$/)
    })
    await opened.close()
  }
  // In the row, in the tree of keys, and in the list; what a page has left over of before means nothing.
  assert.equal(named, 3)
})

function placesOf(bytes: Buffer, sought: Buffer): readonly number[] {
  const places: number[] = []
  for (let at = bytes.indexOf(sought); at !== -1; at = bytes.indexOf(sought, at + sought.length)) {
    places.push(at)
  }
  return places
}
