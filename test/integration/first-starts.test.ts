import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { randomFrom } from '#scripts/crash/random-from.js'
import { temporaryFolder } from '../settlement/data-folder.js'
import { type Kind, spawnKind, startKind, UsedFiles } from './used-files.js'

const SEED = Number(process.env['TALLYSTICK_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
/** How often each kind is made and started for the first time; more with TALLYSTICK_KILLS. */
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
  let turns = Math.floor(400 * random() ** 2)
  while (isRunning() && (!existsSync(file) || turns-- > 0)) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  child.kill('SIGKILL')
  await ended
}

test(`INV-41 JRN-7 a hub and a tower whose making, or first start, was killed are made again, and start (seed ${SEED})`, async (context) => {
  const random = randomFrom(SEED)
  const used = new UsedFiles(context)
  await used.startLedger()
  for (let round = 0; round < ROUNDS; round++) {
    for (const kind of ['hub', 'tower'] as const) {
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
  }
})
