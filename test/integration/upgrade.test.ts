import assert from 'node:assert/strict'
import { createReadStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import {
  issueTransaction,
  LedgerClient,
  type OwnedCoin,
  parametersProposal,
} from '@tallystick/client-sdk'
import { openWsSocket } from '@tallystick/client-sdk/node'
import {
  amount,
  blockDigest,
  type ChainId,
  encode,
  type Genesis,
  isRejection,
  keyLock,
  type Operation,
  type Parameters,
  type Signer,
  TIMESTAMP_MAX,
  timestamp,
  toHex,
  transactionCodec,
} from '@tallystick/protocol'
import {
  initLedger,
  LedgerFault,
  type LedgerReport,
  startFollower,
  startLedgerNode,
} from '@tallystick/settlement'
import { readRecordFile } from '#settlement/history/record-file.js'
import { openSnapshot, snapshotRecords } from '#settlement/history/snapshot.js'
import { readValidatorKey } from '#settlement/validator-key.js'
import { temporaryFolder } from '../settlement/data-folder.js'
import { afterBlock, ask, submit } from '../settlement/node-on-disk.js'
import { ALICE, BOB, keyLockOf, testSigner } from '../settlement/test-ledger.js'
import { LedgerProcess, ledgerCommand } from './ledger-process.js'

/** Blocks come as fast as they can be made, so that an activation is never far. */
const FAST = { blockIntervalMs: 10, heartbeatMs: 10 } as const
/** Blocks between asking for a height and the activation: the proposal is included long before. */
const LEAD_BLOCKS = 150

type World = { readonly dataDir: string; readonly genesis: Genesis; readonly validator: Signer }

/** A ledger of version `protocolVersion` on which Alice has ten coins. */
async function newLedger(context: TestContext, protocolVersion: number): Promise<World> {
  const dataDir = temporaryFolder(context)
  const { genesis } = await initLedger({
    ...{ dataDir, kind: 'new', network: 'test', protocolVersion },
    assets: [{ code: 'GBP', decimals: 2, feePerKiloCost: 1 }],
    allocations: Array.from({ length: 10 }, () => {
      return { asset: 0, amount: amount(10_000n), lock: keyLockOf(ALICE.publicKey) }
    }),
  })
  return { dataDir, genesis, validator: await readValidatorKey(`${dataDir}/validator.key`) }
}

/** A node in this process; `failed` is kept with what it dies of. */
async function startNode(dataDir: string, versions?: ReadonlySet<number>) {
  const reports: LedgerReport[] = []
  let fail: (error: unknown) => void = () => {}
  const failed = new Promise<unknown>((resolve) => {
    fail = resolve
  })
  const node = await startLedgerNode({
    ...{ dataDir, ...FAST, ...(versions && { versions }) },
    onReport: (report) => reports.push(report),
    onFault: fail,
  })
  return { ...node, reports, failed }
}

/** A follower in this process, like `startNode`. */
async function follow(dataDir: string, upstream: string, versions?: ReadonlySet<number>) {
  let fail: (error: unknown) => void = () => {}
  const failed = new Promise<unknown>((resolve) => {
    fail = resolve
  })
  const settings = { dataDir, upstream, onFault: fail }
  const node = await startFollower({ ...settings, ...(versions && { versions }) })
  return { ...node, failed }
}

async function* nothing(): AsyncGenerator<never> {}

function planOf(chainId: ChainId, coin: number, signers: readonly Signer[]) {
  const lock = keyLock(ALICE.publicKey)
  const owned: OwnedCoin = {
    outpoint: { txId: chainId as never, index: coin },
    coin: {
      ...{ asset: 0, amount: amount(10_000n), createdTime: timestamp(0) },
      lock: keyLockOf(ALICE.publicKey),
    },
    ...{ lock, alternative: 0, signers: [ALICE] },
  }
  return {
    ...{ chainId, coins: [owned], signers },
    fee: { asset: 0, feePerKiloCost: 1 },
    changeLock: keyLockOf(ALICE.publicKey),
    validFrom: timestamp(0),
    validUntil: TIMESTAMP_MAX,
  }
}

/** Has a change of the parameters scheduled on the ledger at `url`: the height of its activation. */
async function scheduleChange(
  url: string,
  { genesis, validator }: World,
  chainId: ChainId,
  change: Partial<Parameters>,
): Promise<number> {
  const status = await ask(url, '/v1/status')
  const activationHeight = Number(status.body['height']) + LEAD_BLOCKS
  const parameters = { ...genesis.parameters, revision: 1, ...change }
  const plan = planOf(chainId, 0, [validator])
  const built = parametersProposal(plan, { activationHeight, parameters }, [validator.publicKey])
  if (isRejection(built)) assert.fail(built.detail)
  const sent = await submit(url, toHex(encode(transactionCodec, built.transaction)))
  assert.equal(sent.status, 202, JSON.stringify(sent.body))
  return activationHeight
}

function issueOf(chainId: ChainId): string {
  const terms = { code: 'OIL', decimals: 0, issuer: undefined }
  const issue = { asset: 1, terms, supply: amount(5n), lock: keyLockOf(BOB.publicKey) }
  const built = issueTransaction(planOf(chainId, 1, []), issue)
  if (isRejection(built)) assert.fail(built.detail)
  const operation: Operation | undefined = built.transaction.body.operations[0]
  assert.equal(operation?.kind, 'issue')
  return toHex(encode(transactionCodec, built.transaction))
}

function clientOf(url: string, chainId: ChainId): Promise<LedgerClient> {
  return LedgerClient.connect({ url, chainId, openSocket: openWsSocket })
}

function assertFault(error: unknown, code: string, message: RegExp): void {
  assert.ok(error instanceof LedgerFault, String(error))
  assert.equal(error.code, code)
  assert.match(error.message, message)
}

describe('an upgrade of the rules', () => {
  test('UPG-3 leaves an old node behind, which says so before, and a new one goes on', async (context) => {
    const world = await newLedger(context, 1)
    const old = await startNode(world.dataDir, new Set([1]))
    const { chainId } = old
    const follower = await follow(temporaryFolder(context), old.url, new Set([1]))
    const early = await submit(old.url, issueOf(chainId))
    assert.equal(early.body['code'], 'not_in_force')
    const height = await scheduleChange(old.url, world, chainId, { protocolVersion: 2 })

    // UPG-4: announced as soon as the change is in a block.
    let announced: unknown = null
    await afterBlock(old.url, async () => {
      announced = (await ask(old.url, '/v1/status')).body['upgrade_pending']
      return announced !== null
    })
    assert.deepEqual(announced, { version: 2, activation_height: height, supported: false })

    const before = await clientOf(old.url, chainId)
    const { value: scheduled } = await before.scheduledChange()
    assert.equal(await before.assetCount(), 1)

    const stopped = new RegExp(`block ${height} .* version 2 .* supports 1:`)
    assertFault(await old.failed, 'version_unsupported', stopped)
    assert.deepEqual(old.reports, [
      { kind: 'upgradeUnsupported', version: 2, activationHeight: height, isSupported: false },
    ])
    assert.equal(scheduled?.activationHeight, height)
    const left = (await ask(old.url, '/v1/status')).body
    assert.deepEqual([left['height'], left['protocol_version']], [height - 1, 1])
    assert.equal((await ask(old.url, '/readyz')).status, 503)
    // So does who follows it, with its last block.
    assertFault(await follower.failed, 'version_unsupported', stopped)
    assert.equal((await ask(follower.url, '/v1/status')).body['height'], height - 1)
    await follower.stop()
    await old.stop()

    // Started again it stops at once, and nothing on disk has changed.
    await assert.rejects(startNode(world.dataDir, new Set([1])), (error) => {
      assertFault(error, 'version_unsupported', stopped)
      return true
    })
    const node = await startNode(world.dataDir)
    context.after(() => node.stop())
    const ledger = await clientOf(node.url, chainId)
    const tip = await ledger.refresh()
    assert.ok(tip.height >= height)
    assert.deepEqual([tip.version, tip.revision], [2, 1])
    assert.equal(ledger.parameters.protocolVersion, 2)
    assert.equal((await submit(node.url, issueOf(chainId))).status, 202)
    await afterBlock(node.url, async () => (await ledger.asset(1)).value !== undefined)
    const changes = (await ask(node.url, '/v1/parameter-changes?from=1')).body
    assert.equal((changes['data'] as unknown[]).length, 1)
    const later = (await ask(node.url, `/v1/parameter-changes?from=${height + 1}`)).body
    assert.deepEqual(later, { data: [], has_more: false, next: null })
    const next = await follow(temporaryFolder(context), node.url)
    context.after(() => next.stop())
    await afterBlock(next.url, async () => {
      return (await ask(next.url, '/v1/status')).body['protocol_version'] === 2
    })
  })

  test('UPG-3 a process ends with the name and the height, to rules that it has never heard of', async (context) => {
    const world = await newLedger(context, 2)
    const fast = ['--block-interval-ms', '10', '--heartbeat-ms', '10'] as const
    const process = await LedgerProcess.start(world.dataDir, ...fast)
    context.after(() => process.kill())
    const height = await scheduleChange(process.url, world, process.chainId, { protocolVersion: 3 })
    assert.equal(await process.ended(), 1)
    const stopped = new RegExp(`version_unsupported: from block ${height} .* version 3 `)
    await assert.rejects(LedgerProcess.start(world.dataDir, ...fast), stopped)
  })
})

describe('a change of the validators', () => {
  test('INV-40 stops the node of the old key, and clients follow the new one', async (context) => {
    const world = await newLedger(context, 2)
    const old = await startNode(world.dataDir)
    const { chainId } = old
    const ledger = await clientOf(old.url, chainId)
    await ledger.refresh()
    const heir = testSigner(210)
    const validators = [heir.publicKey]
    const height = await scheduleChange(old.url, world, chainId, { validators })
    assertFault(await old.failed, 'not_a_validator', /this node signs as/)
    assert.equal((await ask(old.url, '/v1/status')).body['height'], height - 1)
    await old.stop()
    writeFileSync(`${world.dataDir}/validator.key`, `${'d2'.repeat(32)}\n`)
    const node = await startNode(world.dataDir)
    context.after(() => node.stop())
    const fresh = await clientOf(node.url, chainId)
    const tip = await fresh.refresh()
    assert.ok(tip.height >= height)
    assert.deepEqual(fresh.parameters.validators, validators)
    const stop = new AbortController()
    const heights: number[] = []
    await fresh.follow({
      from: height - 2,
      signal: stop.signal,
      onError: (error) => assert.fail(error),
      onBlock: ({ header }) => {
        heights.push(header.height)
        if (header.height >= height + 2) stop.abort()
      },
    })
    assert.deepEqual(heights, [height - 2, height - 1, height, height + 1, height + 2])

    const follower = await follow(temporaryFolder(context), node.url)
    context.after(() => follower.stop())
    await afterBlock(follower.url, async () => {
      return Number((await ask(follower.url, '/v1/status')).body['height']) > height
    })
    const path = '/v1/parameter-changes'
    assert.deepEqual((await ask(follower.url, path)).body, (await ask(node.url, path)).body)
  })

  test('HIST-4 a snapshot leads to the validators of its block by handovers, or is refused', async (context) => {
    const world = await newLedger(context, 2)
    const old = await startNode(world.dataDir)
    const { chainId } = old
    await scheduleChange(old.url, world, chainId, { validators: [testSigner(210).publicKey] })
    await old.failed
    await old.stop()
    writeFileSync(`${world.dataDir}/validator.key`, `${'d2'.repeat(32)}\n`)
    const node = await startNode(world.dataDir)
    await node.stop()
    const folder = temporaryFolder(context)
    const [file, copy] = [join(folder, 'tip.snapshot.gz'), join(folder, 'copy')]
    // What takes more than a second tells how far it is.
    const run = async (...args: string[]) => {
      const { code, stderr } = await ledgerCommand(...args, '--json')
      assert.equal(code, 0, stderr)
    }
    await run('snapshot', 'export', '--data', world.dataDir, '--out', file)
    await run('snapshot', 'import', file, '--data', copy, '--chain-id', chainId)
    await run('verify', '--data', copy)

    const open = () => openSnapshot(readRecordFile(createReadStream(file), file, undefined), file)
    const [handover] = (await open()).handovers
    assert.ok(handover !== undefined)
    const stranger = [{ validator: 0, signature: ALICE.sign(blockDigest(handover.header)) }]
    for (const [handovers, why] of [
      [[], /do not lead to block/],
      [[handover, handover], /wrong_revision/],
      [[{ ...handover, certificate: stranger }], /bad_certificate/],
    ] as const) {
      const { genesis, block, entries } = await open()
      const records = snapshotRecords({ genesis, block, handovers, entries }, nothing())
      await assert.rejects(openSnapshot(records, 'here'), why)
    }
  })
})
