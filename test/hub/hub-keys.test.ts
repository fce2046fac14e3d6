import assert from 'node:assert/strict'
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { initHubKeys, loadHubKeys } from '@tallystick/hub'
import type { ChainId } from '@tallystick/protocol'
import { AuditLog } from '#hub/audit/audit-log.js'
import { openSqliteJournal } from '#hub/store/sqlite-journal.js'
import { temporaryFolder } from '../settlement/data-folder.js'

const CHAIN = 'c1'.repeat(32) as ChainId

/** The folder of a hub that has run; its key file is gone. */
async function folderWithoutKey(context: TestContext): Promise<string> {
  const dir = temporaryFolder(context)
  const { signer } = await initHubKeys(dir)
  const owner = { chainId: CHAIN, hub: signer.publicKey }
  await (await openSqliteJournal(join(dir, 'hub.db'), owner)).close()
  const audit = await AuditLog.open(join(dir, 'audit.log'), () => new Date(0))
  await audit.append('started', {})
  await audit.close()
  rmSync(join(dir, 'hub.key'))
  return dir
}

/** Every file of a folder with what is in it. */
function contentOf(dir: string): readonly (readonly [name: string, content: string])[] {
  return readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), 'hex')])
}

describe('JRN-7 the key of a hub', () => {
  test('is made once, by init, readable by its owner alone', async (context) => {
    const dir = temporaryFolder(context)
    const { signer } = await initHubKeys(dir)
    assert.equal(statSync(join(dir, 'hub.key')).mode & 0o777, 0o600)
    assert.equal((await initHubKeys(dir)).signer.publicKey, signer.publicKey)
    assert.equal((await loadHubKeys(dir)).signer.publicKey, signer.publicKey)
  })

  test('is not made by a hub that runs', async (context) => {
    const dir = temporaryFolder(context)
    const message = /run "hub init" first/
    await assert.rejects(loadHubKeys(dir), { name: 'StoreFault', code: 'key_missing', message })
    assert.deepEqual(readdirSync(dir), [])
  })

  for (const left of [
    ...['hub.db', 'hub.db.mark', 'audit.log', 'audit.log.mark'],
    ...['backups.db', 'mail.db'],
  ]) {
    test(`INV-42 is refused as missing beside ${left}, and nothing is written`, async (context) => {
      const dir = await folderWithoutKey(context)
      if (['backups.db', 'mail.db'].includes(left)) writeFileSync(join(dir, left), '')
      for (const name of readdirSync(dir)) if (name !== left) rmSync(join(dir, name))
      const before = contentOf(dir)
      const message = /put hub\.key back/
      const missing = { name: 'StoreFault', code: 'key_missing', message }
      await assert.rejects(loadHubKeys(dir), missing)
      await assert.rejects(initHubKeys(dir), missing)
      assert.deepEqual(contentOf(dir), before)
    })
  }

  test('INV-41 is made where init was cut before it', async (context) => {
    const dir = temporaryFolder(context)
    await initHubKeys(dir)
    rmSync(join(dir, 'hub.key'))
    const { signer } = await initHubKeys(dir)
    const owner = { chainId: CHAIN, hub: signer.publicKey }
    await (await openSqliteJournal(join(dir, 'hub.db'), owner, { unmarked: 'refused' })).close()
  })

  test('is refused when others can read it', async (context) => {
    const dir = temporaryFolder(context)
    await initHubKeys(dir)
    chmodSync(join(dir, 'hub.key'), 0o640)
    await assert.rejects(loadHubKeys(dir), /must be readable by its owner alone \(0600\)/)
  })
})
