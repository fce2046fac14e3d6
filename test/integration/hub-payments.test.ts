import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ONE, startTestNetwork, type TestNetwork } from './test-network.js'

const HUB = fileURLToPath(new URL('../../../hub/dist/command/hub.js', import.meta.url))

function httpOf({ hubUrl }: TestNetwork): string {
  return new URL('/', hubUrl.replace(/^ws/, 'http')).href
}

/** The lines of `hub payments --json`, and what it ends with. */
function listed(network: TestNetwork, ...args: readonly string[]) {
  const hub = ['--data', join(network.dir, 'hub'), '--hub', httpOf(network)]
  return new Promise<{ readonly code: number; readonly lines: readonly Record<string, unknown>[] }>(
    (resolve) => {
      const all = [HUB, 'payments', ...hub, '--json', ...args]
      execFile(process.execPath, all, (error, stdout) => {
        const lines = stdout.trim().split('\n')
        const code = error === null ? 0 : Number(error.code)
        resolve({ code, lines: lines.map((line) => JSON.parse(line)) })
      })
    },
  )
}

/** What comes of looking again and again. */
async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
  }
}

test('HUB-12 an operator lists what was paid, page by page, and nobody else does', async (t) => {
  const network = await startTestNetwork(t, ['ann'])
  const ann = await network.wallet('ann')
  const shop = await network.wallet('shop')
  await ann.wallet.openChannel({ deposit: 50n * ONE })
  for (const key of ['first', 'second', 'third']) {
    const sale = await shop.wallet.createInvoice({ value: ONE })
    await ann.wallet.pay(sale.text, { key })
  }
  // Of the newest ledger second more may come: it is over with a block of a later one.
  const { code, lines } = await eventually(async () => {
    await ann.wallet.openChannel({ deposit: 5n * ONE })
    const answer = await listed(network)
    return answer.lines.length > 3 ? answer : undefined
  })
  assert.equal(code, 0)
  const [first, second, third, end] = lines
  const values = [first, second, third].map((line) => [line?.['status'], line?.['amount']])
  assert.deepEqual(values, Array(3).fill(['settled', String(ONE)]))
  assert.equal(end?.['event'], 'listed')
  // The last one may be settled by the proof of the next payment only.
  const page = await listed(network, '--limit', '2')
  assert.deepEqual(page.lines.slice(0, 2), [first, second])
  const rest = await listed(network, '--after', String(page.lines[2]?.['next']))
  assert.deepEqual(rest.lines[0], third)
  const wrong = await listed(network, '--after', 'yesterday')
  assert.deepEqual(
    [wrong.code, wrong.lines[0]?.['error']],
    [1, { code: 'bad_request', detail: 'after is the next of another answer' }],
  )

  const address = new URL('/v1/payments', httpOf(network))
  for (const authorization of [
    '',
    'Bearer',
    `Bearer ${'0'.repeat(64)}`,
    `Basic ${'0'.repeat(64)}`,
  ]) {
    const answer = await fetch(address, { headers: { authorization } })
    assert.equal(answer.status, 401, authorization)
    assert.equal(((await answer.json()) as { code: string }).code, 'not_authorized')
  }
  assert.equal(statSync(join(network.dir, 'hub', 'operator.token')).mode & 0o077, 0)
})
