import assert from 'node:assert/strict'
import { createHash, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type ClientRequest, createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import {
  amount,
  type Block,
  type BlockId,
  blockCodec,
  type ChainId,
  decodeTrusted,
  encode,
  fromHex,
  keyLock,
  lockWitness,
  signTransaction,
  TIMESTAMP_MAX,
  type TxId,
  timestamp,
  toHex,
  transactionCodec,
  transactionId,
} from '@tallystick/protocol'
import { startLedgerNode } from '@tallystick/settlement'
import { WebSocket } from 'ws'
import { writeTipMark } from '#settlement/store/tip-mark.js'
import { tamper, temporaryFolder } from '../settlement/data-folder.js'
import { ask, included, initTestLedger, paymentOf, submit } from '../settlement/node-on-disk.js'
import { ALICE, BOB, keyLockOf } from '../settlement/test-ledger.js'
import { killedCommand, LedgerProcess, ledgerCommand } from './ledger-process.js'

const TIMING = { blockIntervalMs: 1, heartbeatMs: 100_000 }
const SMALL = ['--file-blocks', '4', '--checkpoint-blocks', '5'] as const
/** The first block is empty; each after it holds one payment. */
const BLOCKS = 11

type Past = {
  readonly dataDir: string
  readonly chainId: string
  /** By height; 0 is absent. */
  readonly blocks: readonly (Block | undefined)[]
}

/** Adds blocks to a folder's ledger until it has so many, one payment each. */
async function grow(dataDir: string, height: number): Promise<Past> {
  const node = await startLedgerNode({ dataDir, ...TIMING })
  try {
    const status = await ask(node.url, '/v1/status')
    let tip = Number(status.body['height'])
    while (tip < height) {
      const { id, hex } = paymentOf(node.chainId, tip)
      assert.equal((await submit(node.url, hex)).status, 202)
      tip = await included(node, id)
    }
    const blocks: (Block | undefined)[] = [undefined]
    const { body } = await ask(node.url, '/v1/blocks?from=1&limit=100')
    for (const { block } of body['data'] as { block: string }[]) {
      blocks.push(decodeTrusted<Block>(blockCodec, fromHex(block)))
    }
    return { dataDir, chainId: node.chainId, blocks }
  } finally {
    await node.stop()
  }
}

async function ledgerOf(context: TestContext, height = BLOCKS): Promise<Past> {
  const dataDir = temporaryFolder(context)
  await initTestLedger(dataDir, 40)
  return grow(dataDir, height)
}

function rootOf({ blocks }: Past, height: number): string {
  const block = blocks[height]
  assert.ok(block !== undefined, `there is a block ${height}`)
  return toHex(block.header.stateRoot)
}

async function succeeds(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await ledgerCommand(...args, '--json')
  assert.equal(code, 0, stderr + stdout)
  return JSON.parse(stdout) as Record<string, unknown>
}

async function fails(why: RegExp, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await ledgerCommand(...args)
  // Before it, a slow machine shows how far it came.
  assert.match(stderr.trimEnd().split('\n').at(-1) ?? '', why)
  assert.equal(code, 1)
}

/**
 * Changes one bit in what a gzip file holds, at a place counted from its end; an index beside it
 * names the file as it is then, which may be longer or shorter by a byte.
 */
function flipInside(path: string, fromEnd: number): void {
  const bytes = gunzipSync(readFileSync(path))
  const at = bytes.length - fromEnd
  bytes[at] = (bytes[at] ?? 0) ^ 1
  const zipped = gzipSync(bytes)
  writeFileSync(path, zipped)
  const indexPath = join(dirname(path), 'archive.json')
  if (!existsSync(indexPath)) return
  const index = JSON.parse(readFileSync(indexPath, 'utf8')) as {
    files: { name: string; bytes: number; sha256: string }[]
    checkpoints: { name: string; bytes: number; sha256: string }[]
  }
  const sha256 = createHash('sha256').update(zipped).digest('hex')
  for (const entry of [...index.files, ...index.checkpoints]) {
    if (entry.name === basename(path)) Object.assign(entry, { bytes: zipped.length, sha256 })
  }
  writeFileSync(indexPath, JSON.stringify(index))
}

function flipOutside(path: string): void {
  const bytes = readFileSync(path)
  const at = Math.floor(bytes.length / 2)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
}

describe('an archive', () => {
  test('HIST-1 grows by files that do not change once they are full, and recreates every height', async (context) => {
    const past = await ledgerOf(context)
    const out = join(temporaryFolder(context), 'archive')
    const archive = () => succeeds('archive', '--data', past.dataDir, '--out', out, ...SMALL)
    assert.deepEqual(await archive(), {
      ...{ chain_id: past.chainId, height: 11, files: 3, checkpoints: [5, 10] },
    })
    assert.deepEqual(readdirSync(out).sort(), [
      '0000000001-0000000004.blocks.gz',
      '0000000005-0000000008.blocks.gz',
      '0000000005.snapshot.gz',
      '0000000009-0000000011.blocks.gz',
      '0000000010.snapshot.gz',
      'archive.json',
      'archive.lock',
    ])
    const full = readFileSync(join(out, '0000000005-0000000008.blocks.gz'))
    const index = readFileSync(join(out, 'archive.json'))
    await archive()
    assert.deepEqual(readFileSync(join(out, 'archive.json')), index, 'nothing was new')

    const longer = await grow(past.dataDir, 16)
    const grown = await archive()
    assert.deepEqual([grown['height'], grown['checkpoints']], [16, [5, 10, 15]])
    assert.deepEqual(readFileSync(join(out, '0000000005-0000000008.blocks.gz')), full)
    assert.ok(!existsSync(join(out, '0000000009-0000000011.blocks.gz')), 'it was not full')

    for (const height of [1, 4, 5, 9, 16]) {
      const replayed = await succeeds('replay', '--archive', out, '--height', String(height))
      assert.equal(replayed['state_root'], rootOf(longer, height), `height ${height}`)
    }
    const whole = await succeeds('replay', '--archive', out, '--height', '16', '--from-genesis')
    assert.equal(whole['state_root'], rootOf(longer, 16))
    await fails(/^history_refused.*ends with block 16/, ...replayArgs(out, 17))
  })

  test('HIST-5 is taken from a node that runs, lies on any file server, and becomes a folder that follows', async (context) => {
    const past = await ledgerOf(context)
    const out = temporaryFolder(context)
    const node = await LedgerProcess.start(past.dataDir, '--block-interval-ms', '5')
    context.after(() => node.kill())
    const made = await succeeds('archive', '--from', node.url, '--out', out, ...SMALL)
    assert.ok(Number(made['height']) >= BLOCKS)

    const server = createServer((request, response) => {
      response.end(readFileSync(join(out, (request.url ?? '').replace('/past/', ''))))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    context.after(() => server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/past`
    const dataDir = join(temporaryFolder(context), 'data')
    const replay = ['replay', '--archive', url, '--height', '9', '--data', dataDir] as const
    const replayed = await succeeds(...replay, '--chain-id', node.chainId)
    assert.equal(replayed['state_root'], rootOf(past, 9))
    await fails(/^already_initialized/, ...replay)
    await fails(/^store_of_another_chain/, ...replay, '--chain-id', 'ab'.repeat(32))

    const follower = await LedgerProcess.follow(dataDir, node.url)
    context.after(() => follower.kill())
    const { id, hex } = paymentOf(node.chainId, 30)
    await submit(node.url, hex)
    await included(follower, id)
    // The checkpoint of height 5 is where this folder begins.
    const { status, body } = await ask(follower.url, '/v1/blocks/4')
    assert.deepEqual([status, body['code'], body['retryable']], [410, 'pruned', false])

    // The same in one step, from the end of the archive.
    const direct = await LedgerProcess.follow(
      ...[join(temporaryFolder(context), 'data'), node.url, '--archive', url],
      ...['--chain-id', node.chainId],
    )
    context.after(() => direct.kill())
    const first = Number((await ask(direct.url, '/v1/status')).body['first_block'])
    assert.equal(first, Math.floor(Number(made['height']) / 5) * 5)
    await included(direct, id)
  })

  test('INV-41 is replayed into a folder by whatever is started again after a kill', async (context) => {
    const past = await ledgerOf(context, 30)
    const out = temporaryFolder(context)
    await succeeds('archive', '--data', past.dataDir, '--out', out, ...SMALL)
    for (const start of [[], ['--from-genesis']]) {
      const dataDir = join(temporaryFolder(context), 'data')
      const replay = [...replayArgs(out, 29), '--data', dataDir, ...start]
      for (let round = 0; round < 3; round++) {
        let turns = randomInt(0, 3_000)
        await killedCommand(replay, () => existsSync(join(dataDir, 'ledger.sqlite')) && turns-- < 0)
      }
      if (!existsSync(join(dataDir, 'genesis.json'))) {
        assert.equal((await succeeds(...replay))['state_root'], rootOf(past, 29))
      }
      const { damages, height } = await succeeds('verify', '--data', dataDir)
      assert.deepEqual([damages, height], [[], 29])
    }
  })

  test('INV-42 is refused by name, with the file or the block, when a bit of it is wrong', async (context) => {
    const past = await ledgerOf(context)
    const fresh = async () => {
      const out = temporaryFolder(context)
      await succeeds('archive', '--data', past.dataDir, '--out', out, ...SMALL)
      return out
    }
    const second = '0000000005-0000000008.blocks.gz'
    const outside = await fresh()
    flipOutside(join(outside, second))
    await fails(/^history_corrupt: .*0000000005-/, ...replayArgs(outside, 8), '--from-genesis')
    // What lies before the damage is there as it was; so is what a checkpoint leads to.
    await succeeds(...replayArgs(outside, 4))
    const certificate = await fresh()
    // The last bytes of a file's last block are those of its one transaction.
    flipInside(join(certificate, second), 3)
    const why = /^history_(refused: block 8: wrong_transaction_root|corrupt)/
    await fails(why, ...replayArgs(certificate, 8), '--from-genesis')
    const checkpoint = await fresh()
    flipInside(join(checkpoint, '0000000005.snapshot.gz'), 3)
    const named = /^(history_corrupt|snapshot_refused): .*0000000005.snapshot/
    await fails(named, ...replayArgs(checkpoint, 8))
    assert.equal(
      (await succeeds(...replayArgs(checkpoint, 8), '--from-genesis'))['state_root'],
      rootOf(past, 8),
    )
    const cut = await fresh()
    writeFileSync(join(cut, second), readFileSync(join(cut, second)).subarray(0, 100))
    await fails(/^history_corrupt: .*0000000005-/, ...replayArgs(cut, 8), '--from-genesis')
    const index = await fresh()
    const json = readFileSync(join(index, 'archive.json'), 'utf8')
    writeFileSync(join(index, 'archive.json'), json.replace(/"first": 5/, '"first": 6'))
    await fails(/^history_corrupt: .*archive.json/, ...replayArgs(index, 8))
    await fails(/^history_corrupt/, ...replayArgs(temporaryFolder(context), 8))
  })
})

describe('ledger trace --archive', () => {
  test('API-9 runs a transaction where it is: on the state before it, behind those before it', async (context) => {
    const dataDir = temporaryFolder(context)
    await initTestLedger(dataDir, 40)
    const slow = await startLedgerNode({ dataDir, blockIntervalMs: 100_000, heartbeatMs: 100_000 })
    // Both wait for one block: the second spends what the first creates.
    const first = paymentOf(slow.chainId, 0)
    const second = spendsBobs(slow.chainId, first.id)
    for (const { hex } of [first, second]) {
      assert.equal((await submit(slow.url, hex)).status, 202)
    }
    await slow.stop()
    await grow(dataDir, 8)
    const archive = temporaryFolder(context)
    await succeeds('archive', '--data', dataDir, '--out', archive, ...SMALL)
    const trace = (name: string, ...more: string[]) =>
      succeeds('trace', name, '--archive', archive, ...more)
    const traced = await trace(second.id)
    const { height } = traced['included'] as { height: number }
    assert.deepEqual(traced['included'], { height, position: 1 })
    assert.deepEqual(
      ['id', 'status', 'outcome', 'burnt'].map((name) => traced[name]),
      [second.id, 'included', 'passed', [{ asset: 0, amount: '90' }]],
    )
    assert.equal((traced['tip'] as { height: number }).height, height - 1)
    const steps = traced['steps'] as { outcome: string; cost: number }[]
    assert.ok(steps.every(({ outcome }) => outcome === 'passed'))
    assert.equal(
      steps.reduce((sum, { cost }) => sum + cost, 0),
      traced['cost'],
    )
    // By its bytes, or in the block that is named, it is the same.
    assert.deepEqual(await trace(second.hex), traced)
    assert.deepEqual(await trace(second.id, '--height', String(height)), traced)
    const args = ['trace', second.id, '--archive', archive] as const
    await fails(/^not_found: block 6 of .* does not hold transaction/, ...args, '--height', '6')
    await fails(/^not_found/, ...args, '--height', '99')
    await fails(/^not_found: .* does not hold/, 'trace', 'ab'.repeat(32), '--archive', archive)
    await fails(/^store_of_another_chain/, ...args, '--chain-id', 'ab'.repeat(32))
    // The last bytes of the first file are the signature of the payment in block 4.
    flipInside(join(archive, '0000000001-0000000004.blocks.gz'), 3)
    const damaged = ['trace', paymentOf(slow.chainId, 3).id, '--archive', archive] as const
    await fails(/^history_refused: block 4: wrong_transaction_root/, ...damaged)
  })
})

/** Bob spends what Alice's payment of 9,990 has created. */
function spendsBobs(chainId: ChainId, txId: TxId) {
  const body = {
    ...{ validFrom: timestamp(0), validUntil: TIMESTAMP_MAX, inputs: [{ txId, index: 0 }] },
    ...{ operations: [], reveals: [], memo: new Uint8Array() },
    outputs: [{ asset: 0, amount: amount(9_900n), lock: keyLockOf(ALICE.publicKey) }],
  }
  const witnesses = [lockWitness(keyLock(BOB.publicKey), 0)]
  const transaction = signTransaction(chainId, body, witnesses, [BOB])
  const hex = toHex(encode(transactionCodec, transaction))
  return { id: transactionId(chainId, body), hex }
}

function replayArgs(archive: string, height: number): readonly string[] {
  return ['replay', '--archive', archive, '--height', String(height)]
}

describe('a snapshot', () => {
  test('HIST-3 is a ledger at its newest block, from which a follower goes on', async (context) => {
    const past = await ledgerOf(context)
    const folder = temporaryFolder(context)
    const file = join(folder, 'tip.snapshot.gz')
    const made = await succeeds('snapshot', 'export', '--data', past.dataDir, '--out', file)
    assert.deepEqual([made['height'], made['state_root']], [BLOCKS, rootOf(past, BLOCKS)])
    const [copy, other] = [join(folder, 'copy'), join(folder, 'other')]
    const read = await succeeds('snapshot', 'import', file, '--data', copy)
    assert.deepEqual([read['height'], read['state_root']], [BLOCKS, rootOf(past, BLOCKS)])
    const again = join(folder, 'again.snapshot.gz')
    const twice = await succeeds('snapshot', 'export', '--data', copy, '--out', again)
    assert.equal(twice['sha256'], made['sha256'])
    assert.deepEqual((await succeeds('verify', '--data', copy))['damages'], [])
    await fails(/^already_initialized/, 'snapshot', 'import', file, '--data', copy)
    const wrong = ['--data', other, '--chain-id', 'ab'.repeat(32)]
    await fails(/^store_of_another_chain/, 'snapshot', 'import', file, ...wrong)

    const node = await LedgerProcess.start(past.dataDir, '--block-interval-ms', '5')
    context.after(() => node.kill())
    const follower = await LedgerProcess.follow(other, node.url, '--snapshot', file)
    context.after(() => follower.kill())
    const { id, hex } = paymentOf(node.chainId, 30)
    await submit(follower.url, hex)
    await included(follower, id)
    assert.equal((await ask(follower.url, '/v1/status')).body['first_block'], BLOCKS)
  })

  test('HIST-4 is refused, and nothing of it kept, when an entry or the certificate is wrong', async (context) => {
    const past = await ledgerOf(context)
    const file = join(temporaryFolder(context), 'tip.snapshot.gz')
    await succeeds('snapshot', 'export', '--data', past.dataDir, '--out', file)
    const good = readFileSync(file)
    const dataDir = join(temporaryFolder(context), 'data')
    const importing = ['snapshot', 'import', file, '--data', dataDir] as const
    // The last entry's value; the length of the last record; somewhere in the compressed bytes.
    flipInside(file, 1)
    await fails(/^snapshot_refused: .*(wrong_state_root|entry)/, ...importing)
    assert.deepEqual(readdirSync(dataDir), [])
    writeFileSync(file, good)
    const whole = gunzipSync(good)
    writeFileSync(file, gzipSync(whole.subarray(0, whole.length - 5)))
    await fails(/^history_corrupt: .*ends inside a record/, ...importing)
    writeFileSync(file, good)
    flipOutside(file)
    await fails(/^(history_corrupt|snapshot_refused)/, ...importing)
    writeFileSync(file, good)
    const certificate = past.blocks[BLOCKS]?.certificate[0]?.signature
    assert.ok(certificate !== undefined)
    const at = whole.indexOf(certificate)
    whole[at + 40] = (whole[at + 40] ?? 0) ^ 1
    writeFileSync(file, gzipSync(whole))
    await fails(/^snapshot_refused: .*bad_certificate/, ...importing)
    assert.ok(!existsSync(join(dataDir, 'genesis.json')))
    writeFileSync(file, good)
    await succeeds(...importing)
  })
})

describe('a pruned ledger', () => {
  test('API-11 says what it does not keep, with its horizon, and goes on', async (context) => {
    const past = await ledgerOf(context)
    const { dataDir } = past
    const pruned = await succeeds('prune', '--data', dataDir, '--keep-blocks', '3')
    assert.deepEqual(pruned, { height: 11, first_block: 9, removed_blocks: 8 })
    const none = await succeeds('prune', '--data', dataDir, '--keep-blocks', '100')
    assert.equal(none['removed_blocks'], 0)
    assert.deepEqual((await succeeds('verify', '--data', dataDir))['damages'], [])
    const out = temporaryFolder(context)
    await fails(/^history_pruned/, 'archive', '--data', dataDir, '--out', out)

    // After power loss the mark may name a block that was pruned since.
    const old = { height: 2, id: 'ab'.repeat(32) as BlockId, part: 'validator' } as const
    await writeTipMark(join(dataDir, 'tip.mark'), old)
    const node = await LedgerProcess.start(dataDir)
    context.after(() => node.kill())
    for (const path of ['/v1/blocks/8', '/v1/headers/8', '/v1/blocks?from=8']) {
      const { status, body } = await ask(node.url, path)
      assert.deepEqual([status, body['code']], [410, 'pruned'], path)
      assert.match(String(body['detail']), /below 9/)
    }
    assert.equal((await ask(node.url, '/v1/headers/0')).status, 200)
    assert.equal((await ask(node.url, '/v1/blocks/9')).status, 200)
    const feed = new WebSocket(`${node.url.replace('http', 'ws')}/v1/feed?from=8`)
    const [request, answer] = (await once(feed, 'unexpected-response')) as [
      ClientRequest,
      IncomingMessage,
    ]
    assert.equal(answer.statusCode, 410)
    request.destroy()
    await fails(/^history_pruned/, 'archive', '--from', node.url, '--out', out)

    const copyDir = temporaryFolder(context)
    const follower = await LedgerProcess.follow(copyDir, node.url)
    context.after(() => follower.kill())
    for (;;) {
      const { body } = await ask(follower.url, '/v1/status')
      const refused = body['refused_block'] as
        | (Record<'code' | 'detail', string> & { height: number })
        | null
      if (refused === null) continue
      assert.deepEqual([refused.height, refused.code], [1, 'history_pruned'])
      assert.match(refused.detail, /begin a new folder with --archive or --snapshot$/)
      break
    }
  })

  test('API-11 prunes while it runs, and never what it promised to keep', async (context) => {
    const dataDir = temporaryFolder(context)
    await initTestLedger(dataDir)
    const fast = ['--block-interval-ms', '1', '--heartbeat-ms', '1']
    const node = await LedgerProcess.start(dataDir, ...fast, '--keep-blocks', '5')
    context.after(() => node.kill())
    for (;;) {
      const { body } = await ask(node.url, '/v1/status')
      const [height, first] = [Number(body['height']), Number(body['first_block'])]
      assert.ok(first === 1 || height - first + 1 >= 5)
      if (first > 1) break
    }
    await node.kill()
    assert.deepEqual((await succeeds('verify', '--data', dataDir))['damages'], [])
  })
})

describe('INV-42 verify finds, and a node never serves,', () => {
  const damages: readonly (readonly [what: string, sql: string, named: RegExp])[] = [
    [
      'a bit of an old block',
      `UPDATE block SET bytes = CAST(substr(bytes, 1, 60) || x'ff' || substr(bytes, 62) AS BLOB) WHERE height = 2`,
      /^block 2 is not what was written$/,
    ],
    ['a block that is gone', 'DELETE FROM block WHERE height = 2', /^block 2 is missing$/],
    [
      'a block under another id',
      `UPDATE block SET id = zeroblob(32) WHERE height = 2`,
      /^block 2 is not what was written$/,
    ],
    [
      'a transaction at another position',
      'UPDATE transaction_index SET position = 1 WHERE height = 2',
      /^the index does not find transaction [0-9a-f]{64} in block 2$/,
    ],
    [
      'a transaction that the index lost',
      'DELETE FROM transaction_index WHERE height = 2',
      /^the index does not find transaction [0-9a-f]{64} in block 2$/,
    ],
    [
      'a transaction of no block',
      'INSERT INTO transaction_index VALUES (2, 1, zeroblob(32))',
      /^the index knows 3 transactions, the blocks hold 2$/,
    ],
    [
      'a spent coin that the index lost',
      'DELETE FROM coin_spend WHERE height = 2',
      /^the index does not find who spent coin [0-9a-f]{64}:\d+ in block 2$/,
    ],
    [
      'a coin that nobody spent',
      'INSERT INTO coin_spend VALUES (zeroblob(16), 0, 2, 0)',
      /^the index knows 3 spent coins, the blocks hold 2$/,
    ],
    [
      'a channel that nobody used',
      'INSERT INTO channel_use VALUES (0, 2, 0)',
      /^the index names other channels for block 2 than it used$/,
    ],
    [
      'a handover that never was',
      "INSERT INTO handover VALUES (3, x'00')",
      /^the handover to height 3 is damaged/,
    ],
    [
      'a coin that lists would find under another lock',
      'UPDATE entry SET lock = zeroblob(32) WHERE key = (SELECT min(key) FROM entry WHERE kind = 2)',
      /^lists do not find coin [0-9a-f]{64} by its owners$/,
    ],
    [
      'an entry of the state',
      "UPDATE entry SET value = CAST(x'00914e' || substr(value, 4) AS BLOB) WHERE kind = 2",
      /^the entries hash to/,
    ],
  ]
  for (const [what, sql, named] of damages) {
    test(what, async (context) => {
      const { dataDir } = await ledgerOf(context, 3)
      assert.deepEqual((await succeeds('verify', '--data', dataDir))['damages'], [])
      await tamper(join(dataDir, 'ledger.sqlite'), sql)
      const { code, stdout } = await ledgerCommand('verify', '--data', dataDir, '--json')
      assert.equal(code, 1)
      const { damages: found } = JSON.parse(stdout) as { damages: string[] }
      assert.match(found[0] ?? 'nothing', named)
    })
  }
})
