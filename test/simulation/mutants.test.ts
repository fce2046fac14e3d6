import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makePatchedBuild, placesOf } from '../mutation/patched-build.js'
import { MUTANTS } from './mutants.js'
import type { RunOrder, SeedReport } from './run.js'
import { huntMutants } from './run-mutants.js'

/** Found soon, and each by another observer; `npm run sim -- --mutants` tries all. */
const SAMPLE = [
  'hub-skips-the-fsync',
  'ledger-shows-the-tip-before-it-is-on-disk',
  'seal-acks-what-it-does-not-hold',
  'finalize-at-any-time',
  'ticks-far-from-the-anchor-are-not-checked',
  'hub-calls-letters-kept-before-they-are-on-disk',
]

test('the simulator notices deliberate defects', async () => {
  const chosen = MUTANTS.filter(({ name }) => SAMPLE.includes(name))
  assert.equal(chosen.length, SAMPLE.length)
  const reports = await huntMutants(chosen, () => undefined)
  for (const { name, caught } of reports) assert.notEqual(caught, null, name)
})

test('there are thirty deliberate defects at least, each with a name of its own and a rule', () => {
  assert.ok(MUTANTS.length >= 30)
  assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length)
  for (const { name, rule } of MUTANTS) assert.match(rule, /^[A-Z]+-[0-9.]+$/, name)
})

test('each is of one place that is there', () => {
  for (const { and, ...edit } of MUTANTS) {
    for (const one of and === undefined ? [edit] : [edit, and]) {
      assert.equal(placesOf(one), 1, edit.name)
    }
  }
})

test('a violation prints a short script that breaks the same rule again', async () => {
  const mutant = MUTANTS.find(({ name }) => name === 'hub-skips-the-fsync')
  assert.ok(mutant !== undefined)
  const folder = await mkdtemp(join(tmpdir(), 'tallystick-sim-'))
  const patched = makePatchedBuild([mutant])
  try {
    const order: RunOrder = {
      ...{ seed: 1, seeds: 1, steps: 3_000, json: true, realSignatures: false, shrink: true },
    }
    const inRun = async (more: Partial<RunOrder>) => {
      const { status, stdout } = await patched.run(
        'test/dist/simulation/run.js',
        [JSON.stringify({ ...order, ...more })],
        { timeoutMs: 120_000 },
      )
      assert.equal(status, 1, stdout)
      return (JSON.parse(stdout) as SeedReport).violation
    }
    const found = await inRun({})
    assert.equal(found?.invariant, 'INV-17')
    assert.ok(found.script.actions.length <= 4, JSON.stringify(found.script.actions))
    const file = join(folder, 'script.json')
    await writeFile(file, JSON.stringify(found.script))
    const again = await inRun({ replay: file, shrink: false })
    assert.equal(again?.invariant, 'INV-17')
    assert.equal(again.detail, found.detail)
  } finally {
    patched.remove()
    await rm(folder, { recursive: true })
  }
})
