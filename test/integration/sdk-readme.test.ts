import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openWallet } from '@tallystick/client-sdk/node'
import { createMnemonic, seedFromMnemonic } from '@tallystick/protocol'
import { ONE, startTestNetwork } from './test-network.js'

const README = new URL('../../../client-sdk/README.md', import.meta.url)
/** Inside the repository, so that the package names resolve as they do for a user. */
const HERE = fileURLToPath(new URL('.', import.meta.url))

test("the code of the SDK's README runs as it stands: paid, restored, refunded, closed, backed up", async (t) => {
  const network = await startTestNetwork(t, ['bank'])
  const dir = join(HERE, `readme-${process.pid}`)
  mkdirSync(dir, { recursive: true })
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  for (const [file, code] of examples()) writeFileSync(join(dir, file), code)
  const [shopWords, buyerWords] = [createMnemonic(randomEntropy()), createMnemonic(randomEntropy())]
  await fundBuyer(network, buyerWords)
  const common = { LEDGER: network.ledgerUrl, HUB: network.hubUrl }

  const shop = run(dir, 'shop.mjs', { ...common, WORDS: shopWords })
  const text = await shop.line((line) => line.startsWith('tally1'))
  const buyer = run(dir, 'buyer.mjs', { ...common, WORDS: buyerWords, INVOICE: text })
  assert.match(await buyer.line((line) => line.startsWith('paid')), /^paid 12500000, fee 13500$/)
  assert.equal(await shop.line((line) => line.startsWith('paid')), 'paid 12500000')
  await Promise.all([shop.ended, buyer.ended])

  const restored = run(dir, 'restore.mjs', { ...common, SHOP_WORDS: shopWords })
  assert.equal(await restored.line((line) => /^\d+n$/.test(line)), '12500000n')
  await restored.ended

  const refund = run(dir, 'refund.mjs', {
    ...common,
    SHOP_WORDS: shopWords,
    BUYER_WORDS: buyerWords,
    SALE: await anchorOf(text),
  })
  // 12.5 less the refund of 5 and the hub's fee on it of 0.006.
  assert.equal(await refund.line((line) => /^\d+n$/.test(line)), '7494000n')
  await refund.ended

  const backup = run(dir, 'backup.mjs', { ...common, WORDS: shopWords })
  assert.equal(await backup.line((line) => /^\d+$/.test(line)), '1')
  assert.equal(await backup.line((line) => !/^\d+$/.test(line)), 'restored')
  await backup.ended
})

function examples(): [file: string, code: string][] {
  const blocks = readFileSync(README, 'utf8').matchAll(/```js file=(\S+)\n([\s\S]*?)```/g)
  return [...blocks].map(([, file = '', code = '']) => [file, code])
}

async function fundBuyer(
  network: Awaited<ReturnType<typeof startTestNetwork>>,
  words: ReturnType<typeof createMnemonic>,
): Promise<void> {
  const bank = await network.wallet('bank')
  const { ledgerUrl, hubUrl } = network
  const file = join(network.dir, 'buyer-address.db')
  const buyer = await openWallet({ words: seedFromMnemonic(words, ''), file, ledgerUrl, hubUrl })
  await bank.wallet.send({ lock: buyer.wallet.payoutLock, value: 150n * ONE })
  await buyer.close()
}

async function anchorOf(text: string): Promise<string> {
  const { parseInvoice } = await import('@tallystick/protocol')
  const invoice = parseInvoice(text)
  assert.ok('anchor' in invoice)
  return invoice.anchor
}

function randomEntropy(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(16))
}

type Running = {
  line(accept: (line: string) => boolean): Promise<string>
  readonly ended: Promise<void>
}

/** Runs one example; a line that never comes fails with what it printed instead. */
function run(dir: string, file: string, env: Record<string, string>): Running {
  const lines: string[] = []
  const waiting: {
    accept: (line: string) => boolean
    done: (line: string) => void
    failed: (error: Error) => void
  }[] = []
  let over: Error | undefined
  const child = execFile(process.execPath, [file], { cwd: dir, env: { ...process.env, ...env } })
  let errors = ''
  child.stderr?.on('data', (chunk) => {
    errors += chunk
  })
  let rest = ''
  child.stdout?.on('data', (chunk) => {
    const parts = `${rest}${chunk}`.split('\n')
    rest = parts.pop() ?? ''
    for (const line of parts) {
      lines.push(line)
      for (const waiter of waiting) if (waiter.accept(line)) waiter.done(line)
    }
  })
  const ended = new Promise<void>((resolve, reject) => {
    child.once('close', (code) => {
      over = new Error(`${file} ended with ${code}: ${lines.join('\n')}\n${errors}`)
      for (const waiter of waiting) waiter.failed(over)
      if (code === 0) resolve()
      else reject(over)
    })
  })
  ended.catch(() => undefined)
  return {
    line: (accept) =>
      new Promise((done, failed) => {
        const found = lines.find(accept)
        if (found !== undefined) return done(found)
        if (over !== undefined) return failed(over)
        waiting.push({ accept, done, failed })
      }),
    ended,
  }
}
