import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { tamper, temporaryFolder } from '../settlement/data-folder.js'
import { ask, included, initTestLedger, paymentOf, submit } from '../settlement/node-on-disk.js'
import { killedCommand, LedgerProcess, ledgerCommand } from './ledger-process.js'

const FAST = ['--block-interval-ms', '5', '--heartbeat-ms', '100000'] as const

async function tipOf({ url }: LedgerProcess): Promise<{ height: number; id: string }> {
  const { body } = await ask(url, '/v1/status')
  return { height: Number(body['height']), id: String(body['block_id']) }
}

/** Pays with coin `coin` and waits until every node has it. */
async function pay(coin: number, at: LedgerProcess, ...nodes: LedgerProcess[]): Promise<void> {
  const { id, hex } = paymentOf(at.chainId, coin)
  assert.equal((await submit(at.url, hex)).status, 202)
  for (const node of nodes) await included(node, id)
}

async function started(context: TestContext, node: Promise<LedgerProcess>): Promise<LedgerProcess> {
  const running = await node
  context.after(() => running.kill())
  return running
}

async function fails(why: RegExp, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await ledgerCommand(...args)
  assert.match(stderr, why)
  assert.equal(code, 1)
}

test('INV-42 a validator that lost its disk comes back at the newest block that was ever shown, and signs no second history', async (context) => {
  const [old, copy, backup] = [0, 1, 2].map(() => temporaryFolder(context))
  assert.ok(old !== undefined && copy !== undefined && backup !== undefined)
  await initTestLedger(old)
  for (const name of ['validator.key', 'genesis.json']) {
    copyFileSync(join(old, name), join(backup, name))
  }
  const validator = await started(context, LedgerProcess.start(old, ...FAST))
  const follower = await started(context, LedgerProcess.follow(copy, validator.url))
  const snapshot = join(temporaryFolder(context), 'tip.snapshot.gz')
  await pay(0, validator, validator, follower)
  await pay(1, validator, validator, follower)
  const shown = await tipOf(follower)
  await validator.kill()
  rmSync(old, { recursive: true })

  // Key and genesis are all that a backup holds: nothing may begin with them.
  await assert.rejects(LedgerProcess.start(backup), /^Error: store_missing/)
  await fails(/^store_missing/, 'verify', '--data', backup)
  assert.ok(!existsSync(join(backup, 'ledger.sqlite')))

  // From another node, as far as that is; an old snapshot would not be far enough.
  const home = join(temporaryFolder(context), 'home')
  const made = await ledgerCommand('snapshot', 'export', '--data', copy, '--out', snapshot)
  assert.match(made.stderr, /^store_in_use/)
  const restoring = await LedgerProcess.follow(home, follower.url, '--chain-id', follower.chainId)
  context.after(() => restoring.kill())
  await included(restoring, paymentOf(follower.chainId, 1).id)
  assert.deepEqual(await tipOf(restoring), shown)
  assert.equal(await restoring.stop(), 0)
  copyFileSync(join(backup, 'validator.key'), join(home, 'validator.key'))
  await assert.rejects(LedgerProcess.start(home), /^Error: tip_unconfirmed/)
  const accept = ['accept-tip', '--data', home] as const
  await fails(/^usage: --at-least or --seen-at is due/, ...accept)
  await fails(/^store_rolled_back/, ...accept, '--at-least', String(shown.height + 1))
  const accepted = await ledgerCommand(...accept, '--seen-at', follower.url, '--json')
  assert.equal(accepted.code, 0, accepted.stderr)
  const { height, id } = shown
  assert.deepEqual(JSON.parse(accepted.stdout), { height, block_id: id, part: 'validator' })

  const again = await started(context, LedgerProcess.start(home, ...FAST))
  await follower.stop()
  const next = await started(context, LedgerProcess.follow(copy, again.url))
  await pay(2, again, again, next)
  assert.deepEqual(await tipOf(next), await tipOf(again))
  const { body } = await ask(next.url, `/v1/headers/${height + 1}`)
  assert.ok(String(body['header']).includes(id), 'it goes on over what was shown')
  assert.equal((await ask(next.url, '/v1/status')).body['refused_block'], null)
})

describe('INV-42 accept-tip', () => {
  async function usedFolder(context: TestContext): Promise<string> {
    const dataDir = temporaryFolder(context)
    await initTestLedger(dataDir)
    const node = await started(context, LedgerProcess.start(dataDir, ...FAST))
    await pay(0, node, node)
    await node.stop()
    return dataDir
  }

  test('is the way on from a damaged mark, which verify names', async (context) => {
    const dataDir = await usedFolder(context)
    writeFileSync(join(dataDir, 'tip.mark'), '')
    const { code, stdout } = await ledgerCommand('verify', '--data', dataDir)
    assert.equal(code, 1)
    assert.match(stdout, /tip\.mark is empty/)
    await assert.rejects(LedgerProcess.start(dataDir), /^Error: tip_mark_unusable.*accept-tip/)
    const accepted = await ledgerCommand('accept-tip', '--data', dataDir, '--at-least', '2')
    assert.equal(accepted.code, 0, accepted.stderr)
    assert.equal((await ledgerCommand('verify', '--data', dataDir)).code, 0)
    const node = await started(context, LedgerProcess.start(dataDir))
    assert.equal(await node.stop(), 0)
  })

  test('accepts no store that a mark says was rolled back, nor one that is damaged', async (context) => {
    const dataDir = await usedFolder(context)
    const accept = ['accept-tip', '--data', dataDir, '--at-least', '0'] as const
    const database = join(dataDir, 'ledger.sqlite')
    copyFileSync(database, `${database}.old`)
    const node = await started(context, LedgerProcess.start(dataDir, ...FAST))
    await pay(1, node, node)
    await node.stop()
    const newest = readFileSync(database)
    copyFileSync(`${database}.old`, database)
    await fails(/^store_rolled_back/, ...accept)
    writeFileSync(database, newest)
    await tamper(database, 'DELETE FROM block WHERE height = 1')
    await fails(/^store_corrupt/, ...accept)
  })

  test('lets a key that never signed anything begin a chain of a shared genesis', async (context) => {
    const [first, second] = [temporaryFolder(context), temporaryFolder(context)]
    await initTestLedger(first)
    const key = join(second, 'validator.key')
    copyFileSync(join(first, 'validator.key'), key)
    const made = await ledgerCommand(
      ...['init', '--data', second, '--genesis', join(first, 'genesis.json')],
    )
    assert.equal(made.code, 0, made.stderr)
    await assert.rejects(LedgerProcess.start(second), /^Error: tip_unconfirmed/)
    const accept = ['accept-tip', '--data', second, '--at-least'] as const
    await fails(/^store_rolled_back/, ...accept, '1')
    assert.equal((await ledgerCommand(...accept, '0')).code, 0)
    const node = await started(context, LedgerProcess.start(second))
    assert.equal(await node.stop(), 0)
  })
})

test('INV-41 a folder whose making or first start was killed is made again, or starts', async (context) => {
  for (let round = 0; round < 4; round++) {
    const dataDir = temporaryFolder(context)
    const init = ['init', '--data', dataDir, '--asset', 'GBP:2:1'] as const
    const killedOnce = async (args: readonly string[], file: string, turnsMax: number) => {
      let turns = randomInt(0, turnsMax)
      await killedCommand(args, () => existsSync(join(dataDir, file)) && turns-- < 0)
    }
    await killedOnce(init, 'validator.key.part', 20)
    if (!existsSync(join(dataDir, 'genesis.json'))) {
      const again = await ledgerCommand(...init)
      assert.equal(again.code, 0, again.stderr)
    }
    await killedOnce(['run', '--data', dataDir, '--port', '0'], 'ledger.sqlite', 500)
    const node = await started(context, LedgerProcess.start(dataDir, ...FAST))
    assert.equal(await node.stop(), 0)
  }
})
