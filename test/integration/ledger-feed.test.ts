import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, type TestContext, test } from 'node:test'
import { type Block, blockCodec, blockId, decode, isRejection } from '@tallystick/protocol'
import { WebSocket } from 'ws'
import { temporaryFolder } from '../settlement/data-folder.js'
import { afterBlock, ask, initTestLedger, paymentOf, submit } from '../settlement/node-on-disk.js'
import { LedgerProcess } from './ledger-process.js'

async function startLedger(context: TestContext): Promise<LedgerProcess> {
  const dataDir = temporaryFolder(context)
  await initTestLedger(dataDir)
  const node = await LedgerProcess.start(
    dataDir,
    '--block-interval-ms',
    '5',
    '--heartbeat-ms',
    '20',
  )
  context.after(() => node.kill())
  return node
}

/** Reads `count` blocks of a feed, which must follow each other. */
async function read(node: LedgerProcess, query: string, count: number): Promise<Block[]> {
  const feed = new WebSocket(`${node.url.replace('http', 'ws')}/v1/feed${query}`)
  const blocks: Block[] = []
  await new Promise<void>((resolve, reject) => {
    feed.on('error', reject)
    feed.on('close', () => reject(new Error('the feed was closed')))
    feed.on('message', (frame: Buffer, isBinary) => {
      const block = decode<Block>(blockCodec, new Uint8Array(frame))
      if (!isBinary || isRejection(block)) reject(new Error('a frame is no block'))
      else blocks.push(block as Block)
      if (blocks.length === count) resolve()
    })
  })
  feed.terminate()
  blocks.slice(1).forEach((block, i) => {
    const before = blocks[i]
    assert.ok(before !== undefined)
    assert.equal(block.header.height, before.header.height + 1)
    assert.equal(block.header.parent, blockId(before.header))
  })
  return blocks
}

const heightOf = async (node: LedgerProcess) =>
  Number((await ask(node.url, '/v1/status')).body['height'])

describe('the feed', () => {
  test('sends the backlog from a height on and goes over into what is new without a gap', async (context) => {
    const node = await startLedger(context)
    await afterBlock(node.url, async () => (await heightOf(node)) >= 150)
    const height = await heightOf(node)
    const blocks = await read(node, '?from=1', height + 20)
    assert.equal(blocks[0]?.header.height, 1)
    assert.equal(blocks.at(-1)?.header.height, height + 20)
  })

  test('without a height it sends what is new only; ahead of the tip it waits', async (context) => {
    const node = await startLedger(context)
    const before = await heightOf(node)
    const [first] = await read(node, '', 1)
    assert.ok((first?.header.height ?? 0) > before)
    const later = (await heightOf(node)) + 10
    const [due] = await read(node, `?from=${later}`, 1)
    assert.equal(due?.header.height, later)
  })

  test('shows a transaction only once it is durable, with the same bytes that were handed in', async (context) => {
    const node = await startLedger(context)
    const from = (await heightOf(node)) + 1
    const { id, hex } = paymentOf(node.chainId, 0)
    assert.equal((await submit(node.url, hex)).status, 202)
    const reading = read(node, `?from=${from}`, 10)
    const blocks = await reading
    const holding = blocks.find(({ transactions }) => transactions.length > 0)
    const { body } = await ask(node.url, `/v1/transactions/${id}`)
    assert.equal(body['status'], 'included')
    assert.equal(body['height'], holding?.header.height)
    assert.deepEqual(
      holding?.transactions.map((bytes) => Buffer.from(bytes).toString('hex')),
      [hex],
    )
  })

  test('INV-45 hangs up on whoever talks to it, and refuses by name what it cannot read', async (context) => {
    const node = await startLedger(context)
    const talker = new WebSocket(`${node.url.replace('http', 'ws')}/v1/feed`)
    await once(talker, 'open')
    talker.send('hello')
    const [code] = (await once(talker, 'close')) as [number]
    assert.equal(code, 1008)
    const shouter = new WebSocket(`${node.url.replace('http', 'ws')}/v1/feed`)
    await once(shouter, 'open')
    shouter.send(new Uint8Array(1_000_000))
    const [tooBig] = (await once(shouter, 'close')) as [number]
    assert.equal(tooBig, 1009)
    for (const [path, status] of [
      ['/v1/feed?from=x', 400],
      ['/v1/feed?from=-1', 400],
      ['/v1/feed?to=1', 400],
      ['/v1/other', 404],
      ['//', 404],
    ] as const) {
      const refused = new WebSocket(node.url.replace('http', 'ws') + path)
      const [, response] = (await once(refused, 'unexpected-response')) as [
        unknown,
        { statusCode: number },
      ]
      assert.equal(response.statusCode, status, path)
      refused.on('error', () => {})
      refused.terminate()
    }
    await read(node, '?from=1', 5)
  })

  test('INV-46 a follower that reads nothing costs nobody else a block', async (context) => {
    const node = await startLedger(context)
    const silent = new WebSocket(`${node.url.replace('http', 'ws')}/v1/feed?from=1`)
    await once(silent, 'open')
    silent.pause()
    const blocks = await read(node, '?from=1', 50)
    assert.equal(blocks.length, 50)
    silent.terminate()
  })

  test('INV-45 takes so many followers of one address, and a next one when one has left', async (context) => {
    const node = await startLedger(context)
    const url = `${node.url.replace('http', 'ws')}/v1/feed`
    const followers = Array.from({ length: 128 }, () => new WebSocket(url))
    await Promise.all(followers.map((follower) => once(follower, 'open')))
    const refused = new WebSocket(url)
    refused.on('error', () => {})
    const [, response] = (await once(refused, 'unexpected-response')) as [
      unknown,
      { statusCode: number },
    ]
    assert.equal(response.statusCode, 429)
    refused.terminate()
    const [first] = followers
    assert.ok(first !== undefined)
    first.close()
    await once(first, 'close')
    await read(node, '', 1)
    for (const follower of followers) follower.terminate()
  })
})
