import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import {
  LedgerFault,
  type LedgerReport,
  type RunningLedgerNode,
  startFollower,
  startLedgerNode,
} from '@tallystick/settlement'
import { tamper, temporaryFolder } from '../settlement/data-folder.js'
import {
  afterBlock,
  ask,
  included,
  initTestLedger,
  paymentOf,
  submit,
} from '../settlement/node-on-disk.js'

const FAST = { blockIntervalMs: 5, heartbeatMs: 10_000 }

/** A folder with a payment in a block that is too old for a start to look at. */
async function oldPayment(context: TestContext) {
  const dataDir = temporaryFolder(context)
  await initTestLedger(dataDir)
  const node = await startLedgerNode({ dataDir, blockIntervalMs: 1, heartbeatMs: 1 })
  const { id, hex } = paymentOf(node.chainId, 0)
  await submit(node.url, hex)
  const height = await included(node, id)
  await afterBlock(node.url, async () => {
    const { body } = await ask(node.url, '/v1/status')
    return Number(body['height']) > height + 70
  })
  await node.stop()
  return { dataDir, database: join(dataDir, 'ledger.sqlite'), id, height, chainId: node.chainId }
}

/** Something that happens once, later. */
function later<T>(): { readonly happened: Promise<T>; readonly happen: (value: T) => void } {
  let happen: (value: T) => void = () => undefined
  const happened = new Promise<T>((resolve) => {
    happen = resolve
  })
  return { happened, happen: (value) => happen(value) }
}

type Damaged = Extract<LedgerReport, { kind: 'blockDamaged' }>

/** A node over a folder, and the first damaged block that it reports. */
async function startDamaged(context: TestContext, dataDir: string) {
  const { happened, happen } = later<Damaged>()
  const onReport = (report: LedgerReport) => {
    if (report.kind === 'blockDamaged') happen(report)
  }
  const node = await startLedgerNode({ dataDir, ...FAST, onReport })
  context.after(() => node.stop())
  return { node, damaged: happened }
}

async function heightsFrom({ url }: RunningLedgerNode, from: number) {
  const { body } = await ask(url, `/v1/blocks?from=${from}&limit=5`)
  const blocks = body['data'] as { height: number }[]
  return [blocks.map(({ height }) => height), body['has_more'], body['next']]
}

describe('INV-42 an old block that is damaged or gone', () => {
  const damages: readonly (readonly [what: string, sql: string, named: RegExp])[] = [
    [
      'is damaged',
      'UPDATE block SET bytes = zeroblob(length(bytes)) WHERE height = 4',
      /^block 4 is not what was written/,
    ],
    ['is gone', 'DELETE FROM block WHERE height = 4', /^block 4 is missing/],
  ]
  for (const [what, sql, named] of damages) {
    test(`${what}: it is found beside work, named, and all but it is served`, async (context) => {
      const { dataDir, database } = await oldPayment(context)
      await tamper(database, sql)
      const { node, damaged } = await startDamaged(context, dataDir)
      const { height, why } = await damaged
      assert.equal(height, 4)
      assert.match(why, named)
      for (const path of ['/v1/blocks/4', '/v1/headers/4', '/v1/blocks/4/transactions']) {
        const { status, body } = await ask(node.url, path)
        assert.deepEqual([status, body['code'], body['retryable']], [500, 'block_damaged', false])
        assert.match(String(body['detail']), named)
      }
      const ready = await ask(node.url, '/readyz')
      assert.deepEqual([ready.status, ready.body['code']], [503, 'not_ready'])
      assert.match(String(ready.body['detail']), named)
      assert.deepEqual(await heightsFrom(node, 2), [[2, 3], true, 4])
      assert.equal((await ask(node.url, '/v1/blocks?from=4')).body['code'], 'block_damaged')
      assert.deepEqual(await heightsFrom(node, 5), [[5, 6, 7, 8, 9], true, 10])
      const down = await ask(node.url, '/v1/blocks?cursor=7')
      assert.deepEqual(
        (down.body['data'] as { height: number }[]).map(({ height: at }) => at),
        [6, 5],
      )
      // It makes blocks as before.
      const { id, hex } = paymentOf(node.chainId, 1)
      await submit(node.url, hex)
      await included(node, id)
    })
  }

  test('API-10 is named by a follower, which keeps what is before it', async (context) => {
    const { dataDir, database } = await oldPayment(context)
    await tamper(database, 'DELETE FROM block WHERE height = 4')
    const { node } = await startDamaged(context, dataDir)
    const refusals: string[] = []
    const { happened, happen } = later<void>()
    const follower = await startFollower({
      ...{ dataDir: temporaryFolder(context), upstream: node.url },
      onReport: (report) => {
        if (report.kind !== 'blockRefused') return
        if (refusals.push(`${report.height} ${report.code}: ${report.detail}`) === 2) happen()
      },
    })
    context.after(() => follower.stop())
    await happened
    for (const refusal of refusals) {
      assert.match(refusal, /^4 upstream_damaged: .*block_damaged: block 4 is missing$/)
    }
    const { body } = await ask(follower.url, '/v1/status')
    const refused = body['refused_block'] as { height: number; code: string }
    assert.deepEqual(
      [body['height'], body['upstream_link'], refused.height, refused.code],
      [3, 'refused', 4, 'upstream_damaged'],
    )
  })
})

describe('INV-42 a damaged index of transactions', () => {
  test('never makes a wrong answer, and ends the node by its name', async (context) => {
    const { dataDir, database, height, id, chainId } = await oldPayment(context)
    const coin = chainId.slice(0, 32)
    await tamper(
      database,
      `UPDATE transaction_index SET position = 1 WHERE height = ${height};
        INSERT INTO transaction_index VALUES (${height}, 0, zeroblob(32));
        INSERT INTO coin_spend VALUES (x'${coin}', 9, ${height}, 0);
        INSERT INTO channel_use VALUES (0, ${height}, 0)`,
    )
    const said: string[] = []
    const { happened, happen } = later<unknown>()
    const node = await startLedgerNode({
      ...{ dataDir, ...FAST, onFault: happen },
      onReport: (report) => {
        if (report.kind === 'requestFailed') said.push(String(report.error))
      },
    })
    context.after(() => node.stop())
    const asked: readonly (readonly [path: string, why: RegExp])[] = [
      [`/v1/transactions/${id}`, /transaction 1 of block \d+ is none$/],
      [`/v1/transactions/${'00'.repeat(32)}`, /transaction 0 of block \d+ is not 0{64}$/],
      [`/v1/coins/${chainId}/9/transactions`, /transaction 0 of block \d+ does not spend \w+:9$/],
    ]
    for (const [path, why] of asked) {
      const { status } = await ask(node.url, path)
      assert.equal(status, 500, path)
      assert.match(said.at(-1) ?? 'nothing', why)
    }
    // The state says that there never was such a channel: the index is not asked.
    assert.equal((await ask(node.url, '/v1/channels/0/transactions')).status, 404)
    // What a block had is read from the block itself.
    const { body } = await ask(node.url, `/v1/blocks/${height}/transactions`)
    assert.deepEqual(body['data'], [{ id, height, position: 0 }])
    const fault = await happened
    assert.ok(fault instanceof LedgerFault && fault.code === 'store_corrupt')
  })

  const lost: readonly (readonly [table: string, why: RegExp])[] = [
    ['transaction_index', /does not find transaction [0-9a-f]{64} in block \d+$/],
    ['coin_spend', /does not find who spent coin [0-9a-f]{64}:0 in block \d+$/],
  ]
  for (const [table, why] of lost) {
    test(`that lost a row of ${table} is found beside work, and the node stops`, async (context) => {
      const { dataDir, database } = await oldPayment(context)
      await tamper(database, `DELETE FROM ${table}`)
      const { happened, happen } = later<unknown>()
      const node = await startLedgerNode({ dataDir, ...FAST, onFault: happen })
      context.after(() => node.stop())
      const fault = await happened
      assert.ok(fault instanceof LedgerFault && fault.code === 'store_corrupt')
      assert.match(fault.message, why)
    })
  }
})
