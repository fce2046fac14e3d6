import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import {
  type Block,
  type BlockHeader,
  blockCodec,
  blockDigest,
  decodeTrusted,
  encode,
  fromHex,
  type Signer,
  signerFromSeed,
} from '@tallystick/protocol'
import {
  type LedgerReport,
  type RunningLedgerNode,
  startFollower,
  startLedgerNode,
} from '@tallystick/settlement'
import { WebSocket } from 'ws'
import { temporaryFolder } from '../settlement/data-folder.js'
import {
  afterBlock,
  ask,
  included,
  initTestLedger,
  paymentOf,
  submit,
} from '../settlement/node-on-disk.js'
import { LedgerProcess, ledgerCommand } from './ledger-process.js'
import { LyingUpstream } from './lying-upstream.js'

const FAST = ['--block-interval-ms', '5', '--heartbeat-ms', '50'] as const
const TIMING = { blockIntervalMs: 5, heartbeatMs: 10_000 }

async function heightOf(url: string): Promise<number> {
  return Number((await ask(url, '/v1/status')).body['height'])
}

/** Resolves when a follower has the block of a height. */
async function caughtUp(url: string, height: number): Promise<void> {
  await afterBlock(url, async () => (await heightOf(url)) >= height)
}

describe('a follower', () => {
  test('API-10 executes what its upstream has, serves the same, and hands transactions on', async (context) => {
    const [dataDir, copyDir] = [temporaryFolder(context), join(temporaryFolder(context), 'new')]
    await initTestLedger(dataDir)
    const node = await LedgerProcess.start(dataDir, ...FAST)
    context.after(() => node.kill())
    const first = paymentOf(node.chainId, 0)
    await submit(node.url, first.hex)
    await included(node, first.id)

    const follower = await LedgerProcess.follow(copyDir, node.url, '--chain-id', node.chainId)
    context.after(() => follower.kill())
    const { id, hex } = paymentOf(node.chainId, 1)
    assert.deepEqual(await submit(follower.url, hex), {
      status: 202,
      body: { id, status: 'pending' },
    })
    const height = await included(follower, id)
    for (const path of [
      `/v1/blocks/${height}`,
      `/v1/headers/${height}`,
      `/v1/transactions/${id}`,
      `/v1/transactions/${first.id}`,
    ]) {
      assert.deepEqual(await ask(follower.url, path), await ask(node.url, path), path)
    }
    const again = await submit(follower.url, hex)
    assert.deepEqual([again.status, again.body['status']], [200, 'included'])
    const { hex: spent } = paymentOf(node.chainId, 1, { value: 9_000n })
    assert.equal((await submit(follower.url, spent)).body['code'], 'coin_missing')
    assert.equal((await submit(follower.url, '00')).body['code'], 'malformed')
    const { body } = await ask(follower.url, '/v1/status')
    assert.deepEqual([body['role'], body['upstream']], ['follower', node.url])
    const { stdout } = await ledgerCommand('status', '--url', follower.url)
    assert.match(stdout, /\nrole {5}follower of http/)

    assert.equal(await node.stop(), 0)
    const away = await submit(follower.url, paymentOf(node.chainId, 2).hex)
    assert.equal(away.status, 502)
    assert.deepEqual([away.body['code'], away.body['retryable']], ['upstream_unreachable', true])
    assert.equal((await ask(follower.url, `/v1/blocks/${height}`)).status, 200)
    assert.equal(await follower.stop(), 0)
  })

  test('INV-41 is killed, again and again, goes on where it was, and has the same blocks in the end', async (context) => {
    const [dataDir, copyDir] = [temporaryFolder(context), temporaryFolder(context)]
    await initTestLedger(dataDir, 200)
    const node = await LedgerProcess.start(dataDir, ...FAST)
    context.after(() => node.kill())
    let coin = 0
    for (let round = 0; round < 4; round++) {
      const follower = await LedgerProcess.follow(copyDir, node.url)
      context.after(() => follower.kill())
      for (let count = 0; count < 25; count++) {
        assert.equal((await submit(node.url, paymentOf(node.chainId, coin++).hex)).status, 202)
      }
      await caughtUp(follower.url, (await heightOf(node.url)) - 2)
      await follower.kill()
    }
    assert.equal(await node.stop(), 0)
    const restarted = await LedgerProcess.start(dataDir, '--heartbeat-ms', '10000')
    context.after(() => restarted.kill())
    const follower = await LedgerProcess.follow(copyDir, restarted.url)
    context.after(() => follower.kill())
    const height = await heightOf(restarted.url)
    await caughtUp(follower.url, height)
    const [theirs, ours] = await Promise.all(
      [restarted, follower].map(({ url }) => ask(url, '/v1/parameters')),
    )
    assert.deepEqual(ours, theirs)
    for (let at = 1; at <= height; at += 7) {
      const path = `/v1/blocks/${at}`
      assert.deepEqual(await ask(follower.url, path), await ask(restarted.url, path))
    }
    assert.equal(await follower.stop(), 0)
  })

  test('is refused, by name, another chain than the one that is meant', async (context) => {
    const [dataDir, otherDir, copyDir] = [0, 1, 2].map(() => temporaryFolder(context))
    assert.ok(dataDir !== undefined && otherDir !== undefined && copyDir !== undefined)
    await initTestLedger(dataDir, 1)
    await initTestLedger(otherDir, 2)
    const node = await startLedgerNode({ dataDir, ...TIMING })
    context.after(() => node.stop())
    await assert.rejects(
      LedgerProcess.follow(copyDir, node.url, '--chain-id', 'ab'.repeat(32)),
      /^Error: store_of_another_chain/,
    )
    const refusal = await firstRefusal(context, otherDir, node.url)
    assert.equal(refusal.code, 'upstream_unusable')
    assert.match(refusal.detail, /is of chain/)
  })
})

type Refused = Extract<LedgerReport, { kind: 'blockRefused' }>

/** Follows until the first refusal; the follower still serves then. */
async function firstRefusal(
  context: TestContext,
  dataDir: string,
  upstream: string,
  look: (follower: RunningLedgerNode) => Promise<void> = async () => undefined,
): Promise<Refused> {
  let refused: (report: Refused) => void = () => undefined
  const refusal = new Promise<Refused>((resolve) => {
    refused = resolve
  })
  const follower = await startFollower({
    ...{ dataDir, upstream },
    onReport: (report) => {
      if (report.kind === 'blockRefused') refused(report)
    },
  })
  context.after(() => follower.stop())
  const report = await refusal
  await look(follower)
  return report
}

describe('API-10 a follower refuses a block, says which and why, and keeps its tip, when', () => {
  /** A node with a payment in its second block, its blocks, and the key of its validator. */
  async function truth(context: TestContext) {
    const dataDir = temporaryFolder(context)
    await initTestLedger(dataDir)
    const node = await startLedgerNode({ dataDir, ...TIMING })
    context.after(() => node.stop())
    const { id, hex } = paymentOf(node.chainId, 0)
    await submit(node.url, hex)
    assert.equal(await included(node, id), 2)
    const blocks = await Promise.all(
      [1, 2].map(async (height) => {
        const { body } = await ask(node.url, `/v1/blocks/${height}`)
        return decodeTrusted<Block>(blockCodec, fromHex(String(body['block'])))
      }),
    )
    const seed = fromHex(readFileSync(join(dataDir, 'validator.key'), 'utf8').trim())
    const [first, second] = blocks
    assert.ok(first !== undefined && second !== undefined)
    return { node, first, second, validator: signerFromSeed(seed) }
  }

  function resigned(block: Block, change: Partial<BlockHeader>, signer: Signer): Block {
    const header = { ...block.header, ...change }
    const certificate = [{ validator: 0, signature: signer.sign(blockDigest(header)) }]
    return { ...block, header, certificate }
  }

  const wrong = new Uint8Array(32).fill(1)
  const lies: readonly (readonly [
    code: string,
    what: string,
    lie: (second: Block, validator: Signer) => Block,
  ])[] = [
    [
      'wrong_state_root',
      'its certified header names another state',
      (second, validator) => resigned(second, { stateRoot: wrong }, validator),
    ],
    [
      'wrong_transaction_root',
      'its transactions are not those of the header',
      (second) => ({ ...second, transactions: [] }),
    ],
    [
      'bad_certificate',
      'a stranger signed it',
      (second) => resigned(second, {}, signerFromSeed(new Uint8Array(32).fill(7))),
    ],
    [
      'wrong_parent',
      'it follows another block',
      (second, validator) =>
        resigned(second, { parent: '11'.repeat(32) as BlockHeader['parent'] }, validator),
    ],
  ]
  for (const [code, what, lie] of lies) {
    test(`${code}: ${what}`, async (context) => {
      const { node, first, second, validator } = await truth(context)
      const sent = [first, lie(second, validator)].map((block) => encode(blockCodec, block))
      const liar = await LyingUpstream.start(context, node.url, sent)
      const dataDir = temporaryFolder(context)
      const refusal = await firstRefusal(context, dataDir, liar.url, async ({ url }) => {
        const { body } = await ask(url, '/v1/status')
        assert.deepEqual([body['height'], body['upstream_link']], [1, 'refused'])
        assert.deepEqual((body['refused_block'] as { code: string }).code, code)
        assert.equal((await ask(url, '/readyz')).body['code'], 'not_ready')
        assert.equal((await ask(url, '/v1/blocks/2')).status, 404)
      })
      assert.deepEqual([refusal.height, refusal.code], [2, code])
    })
  }

  test('upstream_unusable: its feed is refused with an answer that breaks off, again and again', async (context) => {
    const { node } = await truth(context)
    const liar = await LyingUpstream.breakingOff(context, node.url)
    const refusals: string[] = []
    let second = () => {}
    const isSecond = new Promise<void>((resolve) => {
      second = resolve
    })
    const follower = await startFollower({
      ...{ dataDir: temporaryFolder(context), upstream: liar.url },
      onReport: (report) => {
        if (report.kind !== 'blockRefused' && report.kind !== 'upstreamUnreachable') return
        if (refusals.push(report.kind) === 2) second()
      },
    })
    await isSecond
    await follower.stop()
  })

  test('malformed: it is no block at all, and takes the right one afterwards', async (context) => {
    const { node, first, second } = await truth(context)
    const sent = [encode(blockCodec, first), Uint8Array.of(1, 2, 3)]
    const liar = await LyingUpstream.start(context, node.url, sent)
    const dataDir = temporaryFolder(context)
    const refusal = await firstRefusal(context, dataDir, liar.url, async ({ url }) => {
      sent[1] = encode(blockCodec, second)
      const feed = new WebSocket(`${url.replace('http', 'ws')}/v1/feed?from=2`)
      await once(feed, 'message')
      feed.close()
      assert.equal((await ask(url, '/v1/status')).body['refused_block'], null)
    })
    assert.deepEqual([refusal.height, refusal.code], [2, 'malformed'])
  })
})
