import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as after } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { randomFrom } from '#scripts/crash/random-from.js'

const REPLAY = new URL('../../../scripts/dist/replay.js', import.meta.url)
const ORDERS = new URL('../../../scripts/demo/orders-2010-12.csv', import.meta.url)
/** Kills of one run; more with TALLYSTICK_KILLS. */
const KILLS = Number(process.env['TALLYSTICK_KILLS'] ?? 12)
const SEED = Number(process.env['TALLYSTICK_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

test(`INV-41 INV-26 hub and ledger killed at random moments of a replay: it reconciles (seed ${SEED})`, {
  timeout: 300_000,
}, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-kills-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const random = randomFrom(SEED)
  const orders = join(dir, 'orders.csv')
  writeFileSync(orders, firstLines(400))
  const data = join(dir, 'data')
  let replay = startReplay(orders, data)
  let result = replay.result
  for (let kill = 0; kill < KILLS; kill++) {
    const ended = await Promise.race([
      after(100 + random() * 700, 'moment' as const),
      result.then(() => 'ended' as const),
    ])
    if (ended === 'ended') break
    const victim = random()
    if (victim < 0.45) killByPidFile(join(data, 'hub.pid'))
    else if (victim < 0.9) killByPidFile(join(data, 'ledger.pid'))
    else {
      // The customers' side dies, too: its hub and ledger notice, and a new start goes on.
      replay.child.kill('SIGKILL')
      await result
      replay = startReplay(orders, data)
      result = replay.result
    }
  }
  const { code, output, errors } = await result
  assert.equal(code, 0, `${errors}\n${output}`)
  const report = JSON.parse(output.trim().split('\n').at(-1) ?? '{}')
  assert.equal(report.reconciled, true)
  assert.equal(report.payments + report.refunds + report.skipped, 399)
})

function firstLines(count: number): string {
  return readFileSync(ORDERS, 'utf8').split('\n').slice(0, count).join('\n')
}

type Ended = { readonly code: number | null; readonly output: string; readonly errors: string }

function startReplay(
  orders: string,
  data: string,
): { child: ChildProcess; result: Promise<Ended> } {
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', fileURLToPath(REPLAY), '--orders', orders, '--data', data, '--json'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let [output, errors] = ['', '']
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const result = new Promise<Ended>((resolve) => {
    child.once('close', (code) => resolve({ code, output, errors }))
  })
  return { child, result }
}

/** A process that is starting, or has just ended, is missed: that too is a moment. */
function killByPidFile(file: string): void {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL')
  } catch (error) {
    const { code } = error as { code?: string }
    if (code !== 'ENOENT' && code !== 'ESRCH') throw error
  }
}
