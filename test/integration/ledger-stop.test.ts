import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { encode, TIMESTAMP_MAX, timestamp, transactionCodec } from '@tallystick/protocol'
import { startLedgerNode } from '@tallystick/settlement'
import { WebSocket } from 'ws'
import { temporaryFolder } from '../settlement/data-folder.js'
import { ask, initTestLedger } from '../settlement/node-on-disk.js'

/** Far below the 30 s for which a library would wait. */
const IN_TIME = { timeout: 15_000 }

async function startNode(context: TestContext) {
  const dataDir = temporaryFolder(context)
  await initTestLedger(dataDir)
  return startLedgerNode({ dataDir, blockIntervalMs: 5 })
}

/** Four million hash steps that nobody pays for: seconds of work. */
function longReveal(): Uint8Array<ArrayBuffer> {
  const body = {
    ...{ validFrom: timestamp(0), validUntil: TIMESTAMP_MAX },
    ...{ inputs: [], operations: [], outputs: [], memo: new Uint8Array() },
    reveals: Array.from({ length: 60 }, (_, i) => {
      return { index: 65_536, link: new Uint8Array(32).fill(i) }
    }),
  }
  return new Uint8Array(encode(transactionCodec, { body, witnesses: [], signers: [] }))
}

describe('INV-45 a node that stops', () => {
  test(
    'tells who waits for a long hash chain, and does not finish it',
    IN_TIME,
    async (context) => {
      const node = await startNode(context)
      const headers = { 'content-type': 'application/octet-stream' }
      const submitting = ask(node.url, '/v1/transactions', {
        ...{ method: 'POST', headers, body: longReveal() },
      })
      // Answered behind it: the chain is being followed.
      assert.equal((await ask(node.url, '/v1/status')).status, 200)
      await node.stop()
      const { status, body } = await submitting
      assert.deepEqual([status, body['code']], [503, 'node_busy'])
    },
  )

  test('waits for no goodbye of who follows its feed', IN_TIME, async (context) => {
    const node = await startNode(context)
    const { hostname, port } = new URL(node.url)
    const follower = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    context.after(() => follower.destroy())
    follower.write(
      'GET /v1/feed HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    )
    await once(follower, 'data')
    await node.stop()
  })
})

describe('INV-45 a node', () => {
  for (const [kind, frame, code] of [
    ['a reserved bit', Uint8Array.of(0xf2, 0x81, 0, 0, 0, 0, 0), 1002],
    ['a frame of 2^40 bytes', Uint8Array.of(0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0), 1009],
  ] as const) {
    test(`hangs up at once on a follower that sends ${kind}`, IN_TIME, async (context) => {
      const node = await startNode(context)
      const follower = new WebSocket(`${node.url.replace('http', 'ws')}/v1/feed`)
      const upgraded = once(follower, 'upgrade')
      await once(follower, 'open')
      const [{ socket }] = await upgraded
      socket.write(frame)
      const [closed] = await once(follower, 'close')
      assert.equal(closed, code)
      await node.stop()
    })
  }
})
