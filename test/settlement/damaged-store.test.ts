import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { LedgerFault, startLedgerNode } from '@tallystick/settlement'
import { tamper, temporaryFolder } from './data-folder.js'
import { ask, included, initTestLedger, paymentOf, submit } from './node-on-disk.js'

const FAST = { blockIntervalMs: 5, heartbeatMs: 10_000 }

/** A folder with a ledger in which one payment was made, stopped. */
async function usedLedger(context: TestContext): Promise<{ dataDir: string; database: string }> {
  const dataDir = temporaryFolder(context)
  await initTestLedger(dataDir)
  const node = await startLedgerNode({ dataDir, ...FAST })
  const { id, hex } = paymentOf(node.chainId, 0)
  assert.equal((await submit(node.url, hex)).status, 202)
  await included(node, id)
  await node.stop()
  return { dataDir, database: join(dataDir, 'ledger.sqlite') }
}

async function refusedStart(dataDir: string): Promise<string> {
  const fault = await startLedgerNode({ dataDir, ...FAST }).then(
    async (node) => {
      await node.stop()
      return undefined
    },
    (error: unknown) => error,
  )
  assert.ok(fault instanceof LedgerFault, `the node does not start: ${fault}`)
  return fault.code
}

describe('INV-42 a node does not start, and says why, when', () => {
  const damages: readonly (readonly [what: string, sql: string])[] = [
    [
      'an entry has another value',
      "UPDATE entry SET value = CAST(x'00914e' || substr(value, 4) AS BLOB) WHERE kind = 2",
    ],
    [
      'an entry is gone',
      'DELETE FROM entry WHERE key = (SELECT min(key) FROM entry WHERE kind = 2)',
    ],
    ['an entry is of another kind', 'UPDATE entry SET kind = 3 WHERE kind = 2'],
    ['an entry is of no kind', 'UPDATE entry SET kind = 99 WHERE kind = 2'],
    ['an entry is of a kind above a byte', 'UPDATE entry SET kind = kind + 256 WHERE kind = 2'],
    ['an entry is of a part of a kind', 'UPDATE entry SET kind = kind + 0.5 WHERE kind = 2'],
    [
      'an entry names another coin',
      `UPDATE entry SET entry_key = (SELECT max(entry_key) FROM entry WHERE kind = 2) WHERE kind = 2`,
    ],
    ['an entry is text', `UPDATE entry SET value = 'x' WHERE kind = 2`],
    [
      'the newest block is gone',
      'DELETE FROM block WHERE height = (SELECT max(height) FROM block)',
    ],
    [
      'the newest block is cut',
      `UPDATE block SET bytes = substr(bytes, 1, 100) WHERE height = (SELECT max(height) FROM block)`,
    ],
    [
      'the newest block lost its signature',
      `UPDATE block SET bytes = CAST(substr(bytes, 1, length(bytes) - 40) || zeroblob(40) AS BLOB) WHERE height = (SELECT max(height) FROM block)`,
    ],
    ['a block below it is gone', 'DELETE FROM block WHERE height = 1'],
    [
      'a block below it is not what was written',
      `UPDATE block SET bytes = CAST(substr(bytes, 1, 60) || x'ff' || substr(bytes, 62) AS BLOB) WHERE height = 1`,
    ],
    [
      'a waiting transaction is malformed',
      `INSERT INTO mempool (id, bytes, arrived_ms) VALUES (zeroblob(32), x'00', 0)`,
    ],
  ]
  for (const [what, sql] of damages) {
    test(what, async (context) => {
      const { dataDir, database } = await usedLedger(context)
      await tamper(database, sql)
      assert.equal(await refusedStart(dataDir), 'store_corrupt')
    })
  }

  test('it is another chain that is stored', async (context) => {
    const { dataDir } = await usedLedger(context)
    const path = join(dataDir, 'genesis.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"10000"', '"10001"'))
    assert.equal(await refusedStart(dataDir), 'store_of_another_chain')
  })

  test('INV-50 another version wrote it', async (context) => {
    const { dataDir, database } = await usedLedger(context)
    await tamper(database, `UPDATE meta SET value = 99 WHERE name = 'format'`)
    assert.equal(await refusedStart(dataDir), 'store_version')
  })

  test('it is no database at all', async (context) => {
    const { dataDir, database } = await usedLedger(context)
    writeFileSync(database, 'not a database, whatever its name says'.repeat(100))
    assert.equal(await refusedStart(dataDir), 'store_corrupt')
  })

  test('an older copy was put in its place', async (context) => {
    const { dataDir, database } = await usedLedger(context)
    const copy = `${database}.copy`
    copyFileSync(database, copy)
    const node = await startLedgerNode({ dataDir, ...FAST })
    const { id, hex } = paymentOf(node.chainId, 1)
    await submit(node.url, hex)
    await included(node, id)
    await node.stop()
    copyFileSync(copy, database)
    assert.equal(await refusedStart(dataDir), 'store_rolled_back')
  })

  test('its key is not the one that the genesis names, or open to everybody', async (context) => {
    const { dataDir } = await usedLedger(context)
    const path = join(dataDir, 'validator.key')
    const original = readFileSync(path)
    writeFileSync(path, `${'11'.repeat(32)}\n`)
    assert.equal(await refusedStart(dataDir), 'not_a_validator')
    writeFileSync(path, 'no key')
    assert.equal(await refusedStart(dataDir), 'not_a_validator')
    writeFileSync(path, original)
    chmodSync(path, 0o644)
    assert.equal(await refusedStart(dataDir), 'not_a_validator')
  })
})

test('INV-42 a node stops, by name, when lists would not find a coin by its lock', async (context) => {
  const { dataDir } = await usedLedger(context)
  const unlisted =
    'UPDATE entry SET lock = zeroblob(32) WHERE key = (SELECT max(key) FROM entry WHERE kind = 2)'
  await tamper(join(dataDir, 'ledger.sqlite'), unlisted)
  let fail: (error: unknown) => void = () => {}
  const failed = new Promise<unknown>((resolve) => {
    fail = resolve
  })
  const node = await startLedgerNode({ dataDir, ...FAST, onFault: fail })
  context.after(() => node.stop())
  const error = await failed
  assert.ok(error instanceof LedgerFault && error.code === 'store_corrupt')
  assert.match(error.message, /lists do not find coin [0-9a-f]{64} by its owners/)
})

describe('a stopped node', () => {
  test('goes on where it was, and knows what it included', async (context) => {
    const { dataDir } = await usedLedger(context)
    const node = await startLedgerNode({ dataDir, ...FAST })
    context.after(() => node.stop())
    const { id, hex } = paymentOf(node.chainId, 0)
    const again = await submit(node.url, hex)
    assert.equal(again.status, 200)
    assert.deepEqual({ ...again.body, height: 0 }, { id, status: 'included', height: 0 })
    const { body } = await ask(node.url, `/v1/transactions/${id}`)
    assert.equal(body['status'], 'included')
    assert.equal(body['transaction'], hex)
    assert.equal(body['position'], 0)
  })

  test('INV-39 makes no block while its clock is behind ledger time, and says that it is not ready', async (context) => {
    const { dataDir } = await usedLedger(context)
    const stalls: string[] = []
    let offsetMs = -3_600_000
    const node = await startLedgerNode({
      ...{ dataDir, ...FAST, clock: () => Date.now() + offsetMs },
      onReport: (report) => stalls.push(report.kind),
    })
    context.after(() => node.stop())
    assert.deepEqual(stalls, ['stalled'])
    assert.equal((await ask(node.url, '/readyz')).body['code'], 'not_ready')
    assert.equal((await ask(node.url, '/livez')).status, 200)
    const { id, hex } = paymentOf(node.chainId, 2)
    assert.equal((await submit(node.url, hex)).status, 202)
    offsetMs = 0
    await included(node, id)
    assert.equal((await ask(node.url, '/readyz')).status, 200)
  })
})
