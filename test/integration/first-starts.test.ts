import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as after } from 'node:timers/promises'
import { randomFrom } from '#scripts/crash/random-from.js'
import { temporaryFolder } from '../settlement/data-folder.js'
import { type Kind, spawnKind, startKind, UsedFiles } from './used-files.js'

const SEED = Number(process.env['TALLYSTICK_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
/** How often one of the two is made and started for the first time; more with TALLYSTICK_KILLS. */
const ROUNDS = Number(process.env['TALLYSTICK_KILLS'] ?? 1)
/** What each makes first, by command; ledgers are tried in `lost-disk`. */
const FIRST = {
  hub: { init: 'hub.db.mark', run: 'hub.db' },
  tower: { init: 'watchtower.db.mark', run: 'watchtower.db' },
} as const

/** Kills a command at a random moment after a file is there, if it does not end before. */
async function killedStart(
  { kind, args, file }: { kind: Kind; args: readonly string[]; file: string },
  random: () => number,
): Promise<void> {
  const child = spawnKind(kind, args)
  const ended = once(child, 'exit')
  const isRunning = () => child.exitCode === null && child.signalCode === null
  while (isRunning() && !existsSync(file)) await after(1)
  const turns = 400 * random() ** 2
  for (let turn = 0; turn < turns && isRunning(); turn++) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  child.kill('SIGKILL')
  await ended
}

test(`INV-41 JRN-7 a hub or a tower whose making, or first start, was killed is made again, and starts (seed ${SEED})`, async (context) => {
  const random = randomFrom(SEED)
  const used = new UsedFiles(context)
  await used.startLedger()
  for (let round = 0; round < ROUNDS; round++) {
    const kind = random() < 0.5 ? 'hub' : 'tower'
    const dir = temporaryFolder(context)
    const init = ['init', '--data', join(dir, kind)]
    const run = used.argsOf(kind, dir)
    const path = (file: string) => join(dir, kind, file)
    await killedStart({ kind, args: init, file: path(FIRST[kind].init) }, random)
    const made = await startKind(kind, init)
    assert.equal(made.said.error, undefined, JSON.stringify(made.said))
    await killedStart({ kind, args: run, file: path(FIRST[kind].run) }, random)
    const started = await startKind(kind, run)
    assert.ok(started.said.url !== undefined, JSON.stringify(started.said))
    await started.kill()
  }
})
