import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type RunOrder, run, type SeedReport } from './run.js'
import { FIRST_NARROW_SEED } from './setup.js'
import { FIRST_SELLING_SEED, FIRST_TRADING_SEED } from './trade.js'

/** Seeds that every change has to hold for, every scheme among them, and the events of each before everybody leaves. */
const FIXED_SEEDS = 36
const RANDOM_SEEDS = 3
/** Seeds with trades, each of them sure once at least, and their events. */
const TRADING_SEEDS = 6
const TRADING_STEPS = 1_000
/** Seeds with holds, refunds and departures as well. */
const SELLING_SEEDS = 3
/** Every third of these has narrow lanes. */
const NARROW_SEEDS = 4
const STEPS = 3_000
const ORDER: RunOrder = {
  ...{ seed: 1, seeds: 1, steps: STEPS, json: true, realSignatures: false, shrink: true },
}

async function reportsOf(order: RunOrder): Promise<readonly SeedReport[]> {
  const lines: string[] = []
  await run(order, (line) => lines.push(line))
  return lines.map((line) => JSON.parse(line) as SeedReport)
}

function assertHeld(reports: readonly SeedReport[]): void {
  for (const { seed, violation } of reports) {
    assert.equal(violation, null, `seed ${seed}: ${JSON.stringify(violation)}`)
  }
}

/**
 * What the observers check in every run, each by its number: INV-1, INV-39 and INV-41 after every
 * block, INV-14 at every answer and payout, INV-16, INV-17 and INV-19 at every signed message, INV-6
 * and INV-20 at every proof that is taken, INV-8 before every commit of the hub; and, when everybody
 * has left, INV-4, INV-7, INV-9, INV-15, INV-25, INV-26 and INV-28 by what is on the ledger. The runs
 * crash processes (INV-18, INV-43), stop the ledger (INV-31), set its clock (INV-47), crash towers whose
 * owners are away (INV-49) and lose disks (INV-42).
 */
test('INV-4 INV-7 INV-16 INV-28 nobody honest loses a unit in the runs of fixed seeds', async () => {
  const reports = await reportsOf({ ...ORDER, seeds: FIXED_SEEDS })
  assertHeld(reports)
  assert.equal(reports.length, FIXED_SEEDS)
})

test('INV-4 INV-7 INV-24 INV-26 INV-32 nor by parts, streams, letters and withdrawals', async () => {
  const trading = { seed: FIRST_TRADING_SEED, seeds: TRADING_SEEDS, steps: TRADING_STEPS }
  const reports = await reportsOf({ ...ORDER, ...trading })
  assertHeld(reports)
  assert.equal(reports.length, TRADING_SEEDS)
})

test('INV-4 INV-25 INV-26 nor by holds, refunds and departures', async () => {
  const selling = { seed: FIRST_SELLING_SEED, seeds: SELLING_SEEDS, steps: TRADING_STEPS }
  const reports = await reportsOf({ ...ORDER, ...selling })
  assertHeld(reports)
  assert.equal(reports.length, SELLING_SEEDS)
})

test('INV-4 INV-7 INV-8 nor where lanes are full, and payments wait for a place (HUB-16)', async () => {
  const narrow = { seed: FIRST_NARROW_SEED, seeds: NARROW_SEEDS, steps: TRADING_STEPS }
  const reports = await reportsOf({ ...ORDER, ...narrow })
  assertHeld(reports)
  assert.equal(reports.length, NARROW_SEEDS)
})

test('INV-4 INV-7 INV-16 INV-28 nor in the runs of random seeds, which are printed', async (t) => {
  const seed = randomInt(2 ** 31 - RANDOM_SEEDS)
  t.diagnostic(`npm run sim -- --seed ${seed} --seeds ${RANDOM_SEEDS} --steps ${STEPS}`)
  assertHeld(await reportsOf({ ...ORDER, seed, seeds: RANDOM_SEEDS }))
})

test('the same seed is the same run, to the last byte that is sent', async () => {
  const [first, second] = [await reportsOf(ORDER), await reportsOf(ORDER)]
  assert.deepEqual(first, second)
  const [other] = await reportsOf({ ...ORDER, seed: 2 })
  assert.notEqual(first[0]?.trace, other?.trace)
})

test('INV-20 a run with real Ed25519 signatures takes the same course as one without', async () => {
  const script = fileURLToPath(new URL('./run.js', import.meta.url))
  const order = JSON.stringify({ ...ORDER, steps: 800, realSignatures: true })
  const { status, stdout } = spawnSync(process.execPath, [script, order], { encoding: 'utf8' })
  assert.equal(status, 0, stdout)
  const [symbolic] = await reportsOf({ ...ORDER, steps: 800 })
  const real = JSON.parse(stdout) as SeedReport
  assert.ok(symbolic !== undefined && real.violation === null)
  assert.ok(real.events > 800 && symbolic.events > 800)
})
