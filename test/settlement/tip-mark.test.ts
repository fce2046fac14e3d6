import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { BlockId } from '@tallystick/protocol'
import { initLedger, LedgerFault, startLedgerNode } from '@tallystick/settlement'
import { acceptTip } from '#settlement/accept-tip.js'
import { readTipMark, TipMark, writeTipMark } from '#settlement/store/tip-mark.js'
import { temporaryFolder } from './data-folder.js'
import { included, initTestLedger, paymentOf, submit } from './node-on-disk.js'

const TIMING = { blockIntervalMs: 5, heartbeatMs: 10_000 }

/** A folder whose validator made two blocks, and stopped. */
async function usedFolder(context: TestContext): Promise<string> {
  const dataDir = temporaryFolder(context)
  await initTestLedger(dataDir)
  const node = await startLedgerNode({ dataDir, ...TIMING })
  const { id, hex } = paymentOf(node.chainId, 0)
  await submit(node.url, hex)
  assert.equal(await included(node, id), 2)
  await node.stop()
  return dataDir
}

async function faultOf(work: Promise<unknown>): Promise<string> {
  const fault = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  assert.ok(fault instanceof LedgerFault, String(fault))
  return fault.code
}

async function startFault(dataDir: string): Promise<string> {
  return faultOf(startLedgerNode({ dataDir, ...TIMING }).then((node) => node.stop()))
}

describe('INV-42 a tip mark', () => {
  const whole = { height: 7, id: 'ab'.repeat(32) as BlockId, part: 'validator' } as const

  test('says what was noted last, and by whom', async (context) => {
    const path = join(temporaryFolder(context), 'tip.mark')
    await writeTipMark(path, { ...whole, part: 'follower' })
    const mark = await TipMark.open(path, 'validator')
    assert.deepEqual(mark.found, { ...whole, part: 'follower' })
    await mark.note({ height: 8, id: 'cd'.repeat(32) as BlockId })
    await mark.close()
    assert.deepEqual(await readTipMark(path), {
      ...{ height: 8, id: 'cd'.repeat(32), part: 'validator' },
    })
  })

  test('is refused when it is cut at any byte, longer, or has any bit of it wrong', async (context) => {
    const path = join(temporaryFolder(context), 'tip.mark')
    await writeTipMark(path, whole)
    const good = readFileSync(path)
    assert.equal(good.length, 101)
    const refused = async (bytes: Uint8Array) => {
      writeFileSync(path, bytes)
      assert.equal(await faultOf(readTipMark(path)), 'tip_mark_unusable')
    }
    for (let length = 0; length < good.length; length++) await refused(good.subarray(0, length))
    await refused(Buffer.concat([good, Buffer.of(10)]))
    for (let at = 0; at < good.length; at++) {
      const wrong = Buffer.from(good)
      wrong[at] = (wrong[at] ?? 0) ^ 1
      await refused(wrong)
    }
  })
})

describe('INV-42 a validator does not start, and says why, when', () => {
  test('its mark is missing, empty or damaged', async (context) => {
    const dataDir = await usedFolder(context)
    const path = join(dataDir, 'tip.mark')
    const damaged = readFileSync(path, 'latin1').replace(' v ', ' f ')
    for (const text of ['', damaged, 'not a mark']) {
      writeFileSync(path, text)
      assert.equal(await startFault(dataDir), 'tip_mark_unusable')
    }
    rmSync(path)
    assert.equal(await startFault(dataDir), 'tip_mark_unusable')
  })

  test('its store is gone, and it makes no second genesis', async (context) => {
    const dataDir = await usedFolder(context)
    for (const name of readdirSync(dataDir)) {
      if (name.startsWith('ledger.sqlite')) rmSync(join(dataDir, name))
    }
    assert.equal(await startFault(dataDir), 'store_missing')
    // What a hand that means well would put there.
    writeFileSync(join(dataDir, 'ledger.sqlite'), '')
    assert.equal(await startFault(dataDir), 'store_missing')
    rmSync(join(dataDir, 'ledger.sqlite'))
    writeFileSync(join(dataDir, 'tip.mark'), '')
    assert.equal(await startFault(dataDir), 'store_missing')
    rmSync(join(dataDir, 'tip.mark'))
    assert.equal(await startFault(dataDir), 'store_missing')
    const accepted = acceptTip(dataDir, { atLeast: 0, seenAt: [] })
    assert.equal(await faultOf(accepted), 'store_missing')
    assert.ok(!existsSync(join(dataDir, 'ledger.sqlite')), 'no store was made')
  })

  test('its key and its genesis both come from elsewhere, until its operator answers for it', async (context) => {
    const [first, second] = [temporaryFolder(context), temporaryFolder(context)]
    await initTestLedger(first)
    const key = readFileSync(join(first, 'validator.key'))
    writeFileSync(join(second, 'validator.key'), key, { mode: 0o600 })
    const genesisFile = join(first, 'genesis.json')
    await initLedger({ dataDir: second, kind: 'file', genesisFile })
    assert.equal(await startFault(second), 'tip_unconfirmed')
  })

  test('its genesis comes from elsewhere, and its key was put in the place of the one it made', async (context) => {
    const [first, second] = [temporaryFolder(context), temporaryFolder(context)]
    await initTestLedger(first)
    const genesisFile = join(first, 'genesis.json')
    await initLedger({ dataDir: second, kind: 'file', genesisFile })
    const key = readFileSync(join(first, 'validator.key'))
    writeFileSync(join(second, 'validator.key'), key, { mode: 0o600 })
    assert.equal(await startFault(second), 'tip_unconfirmed')
  })
})

test('INV-42 a folder that was made for one genesis begins over no other', async (context) => {
  const [first, second] = [temporaryFolder(context), temporaryFolder(context)]
  await initTestLedger(first)
  await initLedger({
    ...{ dataDir: second, kind: 'new', network: 'other' },
    assets: [{ code: 'GBP', decimals: 2, feePerKiloCost: 1 }],
    allocations: [],
  })
  for (const name of ['validator.key', 'genesis.json']) {
    writeFileSync(join(second, name), readFileSync(join(first, name)))
  }
  assert.equal(await startFault(second), 'store_of_another_chain')
  assert.equal(await startFault(second), 'store_of_another_chain')
})

describe('init', () => {
  test('INV-42 does not begin a chain over what is left of another', async (context) => {
    const dataDir = await usedFolder(context)
    rmSync(join(dataDir, 'genesis.json'))
    assert.equal(await faultOf(initTestLedger(dataDir)), 'already_initialized')
    rmSync(join(dataDir, 'ledger.sqlite'))
    assert.equal(await faultOf(initTestLedger(dataDir)), 'already_initialized')
  })

  test('INV-41 is started again after it was killed between its files', async (context) => {
    const dataDir = temporaryFolder(context)
    await initTestLedger(dataDir)
    rmSync(join(dataDir, 'genesis.json'))
    await initTestLedger(dataDir)
    const node = await startLedgerNode({ dataDir, ...TIMING })
    await node.stop()
  })
})
