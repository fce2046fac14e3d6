import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { HAS_FULL_DEVICE } from '../client-sdk/full-disk.js'
import { temporaryFolder } from '../settlement/data-folder.js'

const LEDGER = fileURLToPath(new URL('../../../settlement/dist/command/ledger.js', import.meta.url))

/** Makes keys, which is all that the command prints; `stdout`: where to. */
function makeKeys(t: TestContext, stdout: 'pipe' | number): ChildProcess {
  const args = [LEDGER, 'keys', join(temporaryFolder(t), 'new.words'), '--make']
  return spawn(process.execPath, args, { stdio: ['ignore', stdout, 'pipe'] })
}

async function endOf(command: ChildProcess): Promise<{ code: number; said: string }> {
  const { stderr } = command
  assert.ok(stderr !== null)
  const [said, [code]] = await Promise.all([text(stderr), once(command, 'exit')])
  return { code, said }
}

test('a command whose output nobody reads goes on to its end, and says nothing of it', async (t) => {
  const command = makeKeys(t, 'pipe')
  command.stdout?.destroy()
  assert.deepEqual(await endOf(command), { code: 0, said: '' })
})

test('a command whose output finds no room says so by name', {
  skip: !HAS_FULL_DEVICE,
}, async (t) => {
  const full = openSync('/dev/full', 'w')
  t.after(() => closeSync(full))
  assert.deepEqual(await endOf(makeKeys(t, full)), {
    code: 1,
    said: 'output_failed: standard output takes nothing (ENOSPC)\n',
  })
})
