import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openWallet } from '@tallystick/client-sdk/node'

const START = new URL('../../../scripts/dist/start.js', import.meta.url)
const ONE = 1_000_000n

type Running = { readonly child: ChildProcess; readonly ledger: string; readonly hub: string }

async function start(t: TestContext, data: string): Promise<Running> {
  const args = ['--data', data, '--ledger-port', '0', '--hub-port', '0', '--json']
  const child = spawn(process.execPath, [fileURLToPath(START), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // Where the test ends early.
  t.after(() => child.kill())
  const { stdout } = child
  assert.ok(stdout !== null)
  const line = await new Promise<string>((resolve) =>
    createInterface({ input: stdout }).once('line', resolve),
  )
  return { child, ...JSON.parse(line) }
}

/** A start that does not come to serve: its exit code and what it said on standard error. */
async function refusedStart(data: string): Promise<readonly [code: number | null, said: string]> {
  const args = ['--data', data, '--ledger-port', '0', '--hub-port', '0']
  const child = spawn(process.execPath, [fileURLToPath(START), ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit')
  const said = await text(child.stderr)
  await ended
  return [child.exitCode, said]
}

function interrupt({ child }: Running): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  child.kill('SIGINT')
  return ended
}

test('npm start takes no folder twice, stops cleanly on Ctrl-C and comes back with all channels', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-start-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const data = join(dir, 'data')
  const first = await start(t, data)
  const pids = () =>
    ['ledger', 'hub'].map((name) => readFileSync(join(data, `${name}.pid`), 'utf8'))
  const own = pids()
  const [code, said] = await refusedStart(data)
  assert.equal(code, 1)
  assert.match(
    said,
    /^start: the ledger cannot start \(code 1\): store_in_use: another process.*\n$/m,
  )
  assert.doesNotMatch(said, /^ {2,}at /m)
  assert.deepEqual(pids(), own)
  const words = readFileSync(join(data, 'bank.words'), 'utf8').trim()
  const shopSeed = new Uint8Array(32).fill(7)
  const open = async ({ ledger, hub }: Running) => {
    const parts = { ledgerUrl: ledger, hubUrl: hub }
    const bank = await openWallet({ ...parts, words, file: join(dir, 'bank.db') })
    t.after(() => bank.close())
    const shop = await openWallet({ ...parts, words: shopSeed, file: join(dir, 'shop.db') })
    t.after(() => shop.close())
    return { bank, shop }
  }
  const before = await open(first)
  await before.bank.wallet.openChannel({ deposit: 50n * ONE })
  const sale = await before.shop.wallet.createInvoice({ value: 10n * ONE })
  await before.bank.wallet.pay(sale.text, { key: sale.text })
  const ids = before.bank.wallet.channels().map(({ party }) => party.ledger.id)
  await before.bank.close()
  await before.shop.close()
  assert.equal(await interrupt(first), 0)

  const second = await start(t, data)
  const after = await open(second)
  assert.deepEqual(
    after.bank.wallet.channels().map(({ party }) => party.ledger.id),
    ids,
  )
  const again = await after.shop.wallet.createInvoice({ value: 5n * ONE })
  await after.bank.wallet.pay(again.text, { key: again.text })
  // Its payer hears of it first, at times.
  await after.shop.wallet.paid(again.anchor)
  assert.equal((await after.shop.wallet.balance()).inChannels, 15n * ONE)
  await after.bank.close()
  await after.shop.close()
  assert.equal(await interrupt(second), 0)
})
