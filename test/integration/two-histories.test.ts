import assert from 'node:assert/strict'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  type BlockHeader,
  blockHeaderCodec,
  blockId,
  type Certificate,
  certificateCodec,
  checkCertificate,
  decodeTrusted,
  fromHex,
} from '@tallystick/protocol'
import { LedgerFault, startFollower, startLedgerNode } from '@tallystick/settlement'
import { temporaryFolder } from '../settlement/data-folder.js'
import { ask, included, initTestLedger, paymentOf, submit } from '../settlement/node-on-disk.js'
import { LedgerProcess } from './ledger-process.js'

const TIMING = { blockIntervalMs: 5, heartbeatMs: 100_000 }

test('BLK-4 a follower to whom two final blocks of one height were shown names both, keeps the evidence and stops', async (context) => {
  const [first, second, copy] = [0, 1, 2].map(() => temporaryFolder(context))
  assert.ok(first !== undefined && second !== undefined && copy !== undefined)
  const { genesis } = await initTestLedger(first)
  // One key, two machines: what must never be.
  cpSync(first, second, { recursive: true })
  const nodes = await Promise.all(
    [first, second].map(async (dataDir, coin) => {
      const node = await startLedgerNode({ dataDir, ...TIMING })
      context.after(() => node.stop())
      const { id, hex } = paymentOf(node.chainId, coin)
      await submit(node.url, hex)
      assert.equal(await included(node, id), 2)
      return { node, id }
    }),
  )
  const [one, other] = nodes
  assert.ok(one !== undefined && other !== undefined)
  const follower = await LedgerProcess.follow(copy, one.node.url)
  context.after(() => follower.kill())
  await included(follower, one.id)
  assert.equal(await follower.stop(), 0)

  const fault = await new Promise<unknown>((resolve, reject) => {
    startFollower({ dataDir: copy, upstream: other.node.url, onFault: resolve }).then(
      (node) => context.after(() => node.stop()),
      reject,
    )
  })
  assert.ok(fault instanceof LedgerFault && fault.code === 'conflicting_block', String(fault))
  const shown = await Promise.all(
    nodes.map(async ({ node }) => String((await ask(node.url, '/v1/status')).body['block_id'])),
  )
  assert.match(fault.message, /^the validators certified two blocks at height 2: /)
  for (const id of shown) assert.ok(fault.message.includes(id))

  const evidence = JSON.parse(readFileSync(join(copy, 'conflict-2.json'), 'utf8')) as {
    chain_id: string
    height: number
    blocks: { block_id: string; header: string; certificate: string }[]
  }
  assert.deepEqual([evidence.chain_id, evidence.height], [one.node.chainId, 2])
  assert.deepEqual(
    evidence.blocks.map(({ block_id }) => block_id),
    shown,
  )
  for (const { block_id, header, certificate } of evidence.blocks) {
    const decoded = decodeTrusted<BlockHeader>(blockHeaderCodec, fromHex(header))
    assert.equal(blockId(decoded), block_id)
    const signed = decodeTrusted<Certificate>(certificateCodec, fromHex(certificate))
    assert.equal(checkCertificate(decoded, signed, genesis.parameters), undefined)
  }
})

test('BLK-4 a follower of a node with an older history of the same blocks finds no conflict', async (context) => {
  const [dataDir, copy, old] = [0, 1, 2].map(() => temporaryFolder(context))
  assert.ok(dataDir !== undefined && copy !== undefined && old !== undefined)
  await initTestLedger(dataDir)
  const node = await startLedgerNode({ dataDir, ...TIMING })
  const behind = await startFollower({ dataDir: old, upstream: node.url })
  const { id, hex } = paymentOf(node.chainId, 0)
  await submit(node.url, hex)
  await included(behind, id)
  await behind.stop()
  const follower = await startFollower({ dataDir: copy, upstream: node.url })
  const next = paymentOf(node.chainId, 1)
  await submit(node.url, next.hex)
  await included(follower, next.id)
  await follower.stop()
  // Who stands still at block 2 is followed from block 3.
  await node.stop()
  const still = await startFollower({ dataDir: old, upstream: node.url })
  context.after(() => still.stop())
  const again = await startFollower({ dataDir: copy, upstream: still.url })
  context.after(() => again.stop())
  for (;;) {
    const { body } = await ask(again.url, '/v1/status')
    assert.equal(body['refused_block'], null)
    if (body['upstream_link'] === 'following') break
  }
  assert.equal((await ask(again.url, '/v1/status')).body['height'], 3)
})
