import assert from 'node:assert/strict'
import { chmodSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createSeedFile, loadSeedFile } from '@tallystick/client-sdk/node'
import { temporaryFolder } from '../settlement/data-folder.js'

describe('the key file of a server', () => {
  test('holds a seed of its own and is open to its owner alone', async (context) => {
    const dir = temporaryFolder(context)
    const [one, other] = [join(dir, 'one.key'), join(dir, 'other.key')]
    for (const path of [one, other]) await createSeedFile(path)
    assert.equal(statSync(one).mode & 0o777, 0o600)
    const seed = await loadSeedFile(one)
    assert.equal(seed.length, 32)
    assert.notDeepEqual(seed, await loadSeedFile(other))
  })

  test('INV-41 is made anew after one whose writing was cut', async (context) => {
    const dir = temporaryFolder(context)
    const path = join(dir, 'hub.key')
    writeFileSync(`${path}.part`, 'ab', { mode: 0o600 })
    await createSeedFile(path)
    assert.equal((await loadSeedFile(path)).length, 32)
    assert.deepEqual(readdirSync(dir), ['hub.key'])
  })

  test('is refused by name where others may read it', async (context) => {
    const path = join(temporaryFolder(context), 'hub.key')
    await createSeedFile(path)
    chmodSync(path, 0o640)
    const refused = { name: 'StoreFault', code: 'key_readable', message: /0600/ }
    await assert.rejects(loadSeedFile(path), refused)
  })

  test('is refused by name where it was cut, and not shown', async (context) => {
    const path = join(temporaryFolder(context), 'hub.key')
    await createSeedFile(path)
    truncateSync(path, 40)
    await assert.rejects(loadSeedFile(path), (error: Error) => {
      assert.match(error.message, /64 hex digits/)
      assert.doesNotMatch(error.message, /[0-9a-f]{16}/)
      return 'code' in error && error.code === 'key_damaged'
    })
  })
})
