import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../settlement/data-folder.js'
import { HubProcess } from './hub-process.js'
import { LedgerProcess } from './ledger-process.js'
import { startLedger } from './start-ledger.js'

const HUB = fileURLToPath(new URL('../../../hub/dist/command/hub.js', import.meta.url))
const TOWER = fileURLToPath(
  new URL('../../../watchtower/dist/command/watchtower.js', import.meta.url),
)
const LEDGER = fileURLToPath(new URL('../../../settlement/dist/command/ledger.js', import.meta.url))

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
    for (const program of [HUB, TOWER, LEDGER]) {
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
      assert.match(
        stderr,
        new RegExp(`^usage: option '${option} .*argument '${value}' is invalid.*\\n$`),
      )
    }
  })

  test('hub and tower say in one line, by name, why they cannot do it', async (t) => {
    const data = temporaryFolder(t)
    const file = join(data, 'file')
    writeFileSync(file, '')
    const damaged = join(data, 'damaged')
    mkdirSync(damaged)
    for (const name of ['hub.key', 'watchtower.key'])
      writeFileSync(join(damaged, name), 'ab\n', { mode: 0o600 })
    const nowhere = 'http://127.0.0.1:1'
    for (const [program, expected, ...args] of [
      [HUB, /^usage: required option '--data <dir>' not specified$/, 'run'],
      [TOWER, /^usage: required option '--data <dir>' not specified$/, 'run'],
      [TOWER, /^usage: unknown command 'guard'$/, 'guard'],
      [HUB, /^file_unusable: .*file.* is no folder/, 'init', '--data', join(file, 'data')],
      [TOWER, /^file_unusable: .*file.* is no folder/, 'init', '--data', join(file, 'data')],
      [HUB, /^key_damaged: .*64 hex/, 'run', '--ledger', nowhere, '--data', damaged],
      [TOWER, /^key_damaged: .*64 hex/, 'run', '--ledger', nowhere, '--data', damaged],
      [TOWER, /^tower_unreachable: http.* does not answer/, 'status', '--tower', nowhere],
    ] as const) {
      const { code, stdout, stderr } = await run(program, ...args, '--json')
      assert.equal(code, 1, stderr)
      const [line = '', ...more] = stderr.split('\n')
      assert.match(line, expected)
      assert.deepEqual(more, [''])
      const { error } = JSON.parse(stdout)
      assert.equal(`${error.code}: ${error.detail}`, line)
    }
  })

  test('hub and tower name the port that another program has', async (t) => {
    const ledger = await startLedger(t)
    const { port } = new URL(ledger.url)
    for (const program of [HUB, TOWER]) {
      const data = temporaryFolder(t)
      assert.equal((await run(program, 'init', '--data', data)).code, 0)
      const options = ['--data', data, '--ledger', ledger.url, '--port', port]
      const { code, stderr } = await run(program, 'run', ...options)
      assert.equal(code, 1)
      const expected = `${port} is in use by another program: choose another --port\n`
      assert.ok(stderr.endsWith(`address_unusable: 127.0.0.1:${expected}`), stderr)
    }
  })

  test('API-7 a hub is ready while it hears the ledger, and not once that is gone', async (t) => {
    const dir = temporaryFolder(t)
    const asset = ['--asset', 'GBP:6:1000', '--dispute-window-min', '1']
    assert.equal((await run(LEDGER, 'init', '--data', dir, ...asset)).code, 0)
    const ledger = await LedgerProcess.start(dir, '--block-interval-ms', '5')
    t.after(() => ledger.kill())
    const dataDir = join(dir, 'hub')
    assert.equal((await run(HUB, 'init', '--data', dataDir)).code, 0)
    const hub = await HubProcess.start({ dataDir, ledgerUrl: ledger.url })
    t.after(() => hub.kill())
    const readiness = async () => (await fetch(`${hub.url}/readyz`)).status
    while ((await readiness()) !== 200);
    await ledger.kill()
    while ((await readiness()) !== 503);
    assert.equal((await fetch(`${hub.url}/livez`)).status, 200)
  })
})
