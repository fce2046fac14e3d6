import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { CrashReport } from '#scripts/crash/run-crashes.js'

const CRASH = fileURLToPath(new URL('../../../scripts/dist/crash.js', import.meta.url))
/** Kills of one run; `npm run crash -- --kills 5000` does more. */
const KILLS = Number(process.env['TALLYSTICK_KILLS'] ?? 24)
const SEED = Number(process.env['TALLYSTICK_SEED'] ?? randomInt(1, 2 ** 31))

test(`INV-41 INV-16 INV-17 INV-26 ledger, hub, tower and wallets killed while they pay: nothing that was acknowledged is lost (seed ${SEED})`, {
  timeout: 600_000,
}, async (context) => {
  const args = ['--enable-source-maps', CRASH, '--json']
  const options = ['--kills', String(KILLS), '--seed', String(SEED)]
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [...args, ...options], (_error, stdout, stderr) => {
      resolve({ stdout, stderr })
    })
  })
  assert.notEqual(stdout, '', stderr)
  const report = JSON.parse(stdout) as CrashReport
  assert.deepEqual(report.wrong, [], stderr)
  const kills = Object.values(report.kills).reduce((sum, { serving, starting }) => {
    return sum + serving + starting
  }, 0)
  assert.ok(kills >= KILLS)
  assert.ok(report.payments.paid > 0)
  context.diagnostic(JSON.stringify(report))
})
