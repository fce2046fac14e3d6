import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { placesOf } from '../mutation/patched-build.js'
import { RULE_REMOVALS } from './rule-removals.js'

const COMMAND = fileURLToPath(new URL('../../../scripts/dist/explore.js', import.meta.url))
const TEN_MINUTES_MS = 600_000

function explore(...args: string[]) {
  const options = { encoding: 'utf8', timeout: TEN_MINUTES_MS } as const
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args], options)
  return { status, stdout, stderr }
}

/** Fewer states than these, and a world has lost what it was for. */
const STATES_LEAST: Readonly<Record<string, number>> = {
  payments: 400,
  'payments of a hub': 200,
  poor: 700,
  closing: 1_300,
  streams: 300,
  penalties: 400,
  guards: 70,
  crashes: 1_900,
  expiries: 180,
  'expiries of the peer': 200,
  withdrawals: 1_200,
  'withdrawals of a hub': 1_400,
  'close agreements': 700,
  'close agreements of a hub': 700,
  resumes: 1_300,
  'resumes of a hub': 1_200,
  'resumes and acks': 400,
  'resumes of a payee': 1_500,
  'resumes for nothing': 100,
  'denied resumes': 800,
  'denied resumes of a hub': 700,
  unsure: 1_100,
  routing: 300,
  'routing and expiries': 1_600,
}

test('INV-4 INV-5 INV-6 INV-7 INV-9 INV-12 INV-13 INV-14 INV-16 INV-19 INV-24 INV-30 hold in every state of the small scope', () => {
  const { status, stdout, stderr } = explore('--json')
  assert.equal(status, 0, `${stdout}${stderr}`)
  const { worlds } = JSON.parse(stdout) as {
    readonly worlds: readonly { readonly world: string; readonly states: number }[]
  }
  assert.deepEqual(
    worlds.map(({ world }) => world),
    Object.keys(STATES_LEAST),
  )
  for (const { world, states } of worlds) {
    assert.ok(states >= (STATES_LEAST[world] ?? 0), `${world}: ${states} states`)
  }
})

test('INV-4 INV-9 INV-19 the explorer misses rules that are taken out of the code', () => {
  const names = [
    'an ack names what was sent',
    'only the payee cancels',
    'a newer proof is stale evidence',
    'a window lasts',
  ]
  const { status, stdout, stderr } = explore('--removal', ...names)
  assert.equal(status, 0, `${stdout}${stderr}`)
  assert.match(stdout, /^4 of 4 caught$/m)
})

test('every removal is of one place that is there', () => {
  for (const { name, edits } of RULE_REMOVALS) {
    for (const edit of edits) assert.equal(placesOf(edit), 1, name)
  }
})

test('a scope, a world or a removal that there is not is wrong use', () => {
  assert.equal(explore('--scope', 'huge').status, 2)
  assert.equal(explore('--world', 'of gold').status, 2)
  assert.equal(explore('--removal', 'gravity').status, 2)
  for (const args of [
    ['--scope', 'huge'],
    ['--world', 'of gold'],
    ['--removal', 'gravity'],
  ]) {
    assert.equal(JSON.parse(explore(...args, '--json').stdout).error.code, 'usage')
  }
  assert.equal(explore('--help').status, 0)
})
