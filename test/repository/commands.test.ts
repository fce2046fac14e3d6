import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const COMMANDS = [
  ['hub', 'hub'],
  ['settlement', 'ledger'],
  ['watchtower', 'watchtower'],
  ['wallet', 'wallet'],
  ['merchant', 'tally-merchant'],
] as const

test('each command is a file of the clone, so that npm links it before anything is built', () => {
  for (const [folder, name] of COMMANDS) {
    const { bin, files } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'))
    assert.deepEqual(bin, { [name]: `./bin/${name}.js` })
    assert.deepEqual(files, ['bin', 'dist'])
    const command = join(ROOT, folder, 'bin', `${name}.js`)
    const help = execFileSync(process.execPath, [command, '--help'], { encoding: 'utf8' })
    assert.match(help, new RegExp(`^Usage: ${name} `))
    assert.match(help, /Exit codes: 0 .*; 1 /)
  }
})

test('a command that is not built yet says so', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick unbuilt '))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  mkdirSync(join(dir, 'bin'))
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }')
  for (const [folder, name] of COMMANDS) {
    const command = join(dir, 'bin', `${name}.js`)
    copyFileSync(join(ROOT, folder, 'bin', `${name}.js`), command)
    const { status, stderr } = spawnSync(process.execPath, [command], { encoding: 'utf8' })
    assert.equal(status, 1)
    assert.equal(
      stderr,
      `${name}: not built yet; run \`npm run build\` at the root of the clone first\n`,
    )
  }
})
