import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../settlement/data-folder.js'

const SIM = fileURLToPath(new URL('../../../scripts/dist/sim.js', import.meta.url))

test('the simulator ends with 2 and a sentence when it is used wrongly', (t) => {
  const file = join(temporaryFolder(t), 'script')
  const refused = (...args: readonly string[]) => {
    const { status, stderr } = spawnSync(process.execPath, [SIM, ...args], { encoding: 'utf8' })
    assert.equal(status, 2, stderr)
    return stderr
  }
  assert.match(refused('--replay', file), /script is no file with a script/)
  for (const text of ['garbage', 'null', '{"setup":{"seed":1}}', '{"actions":[]}']) {
    writeFileSync(file, text)
    assert.match(refused('--replay', file), /^\S+script is no file with a script.*\n$/)
  }
  for (const args of [
    ['--mutants', 'nosuch'],
    ['--steps', '0'],
  ]) {
    const { status, stdout } = spawnSync(process.execPath, [SIM, ...args, '--json'])
    assert.equal(status, 2)
    assert.equal(JSON.parse(`${stdout}`).error.code, 'usage')
  }
  assert.match(refused('--steps', '0'), /a whole number of 1 to 1000000000 is due/)
  assert.match(refused('--seeds', '0'), /a whole number of 1 to 1000000000 is due/)
})
