import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../settlement/data-folder.js'

const HUB = fileURLToPath(new URL('../../../hub/dist/cli/hub.js', import.meta.url))
const LEDGER = fileURLToPath(new URL('../../../settlement/dist/cli/ledger.js', import.meta.url))

/** Runs a command to its end. */
function run(
  program: string,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

describe('the commands', () => {
  test('every one shows its help', async () => {
    for (const program of [HUB, LEDGER]) {
      const { code, stdout } = await run(program, '--help')
      assert.equal(code, 0)
      const commands = [...stdout.matchAll(/^ {2}([a-z]+) \[/gm)].map(([, name]) => name ?? '')
      assert.ok(commands.length >= 2, stdout)
      for (const command of commands) {
        const help = await run(program, command, '--help')
        assert.deepEqual([help.code, help.stderr], [0, ''], command)
        assert.match(help.stdout, /^Usage: /)
      }
    }
  })

  test('the hub refuses at once, by name, what it can never run with', async (t) => {
    const data = temporaryFolder(t)
    for (const [option, value] of [
      ['--port', '99999'],
      ['--ledger', 'nonsense'],
      ['--ledger', 'ftp://127.0.0.1'],
      ['--asset', '256'],
      ['--fee-ppm', '5000000'],
      ['--fee-base', '-1'],
      ['--inbound-max', '1.5'],
      ['--client-penalty-ppm', '0'],
      ['--dispute-window', '4294967296'],
      ['--gather-ms', '3600000'],
    ] as const) {
      const unused = ['--data', join(data, 'hub'), '--ledger', 'http://127.0.0.1:1']
      const { code, stderr } = await run(HUB, 'run', ...unused, option, value)
      assert.equal(code, 1, option)
      assert.match(stderr, new RegExp(`option '${option} .*argument '${value}' is invalid`))
    }
  })
})
