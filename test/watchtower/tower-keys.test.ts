import assert from 'node:assert/strict'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { ChainId, PublicKey } from '@tallystick/protocol'
import { openSqliteTowerStore } from '#watchtower/store/sqlite-tower-store.js'
import { initTowerKeys, loadTowerKeys } from '#watchtower/tower-keys.js'
import { temporaryFolder } from '../settlement/data-folder.js'

const CHAIN = 'c1'.repeat(32) as ChainId

describe('JRN-7 the key of a watchtower', () => {
  test('is made once, by init, and not by a tower that runs', async (context) => {
    const dir = temporaryFolder(context)
    const message = /run "watchtower init" first/
    await assert.rejects(loadTowerKeys(dir), { name: 'StoreFault', code: 'key_missing', message })
    assert.deepEqual(readdirSync(dir), [])
    const { guard } = await initTowerKeys(dir)
    assert.equal((await initTowerKeys(dir)).guard.publicKey, guard.publicKey)
    assert.equal((await loadTowerKeys(dir)).guard.publicKey, guard.publicKey)
  })

  test('INV-42 is refused as missing beside a store, and nothing is written', async (context) => {
    const dir = temporaryFolder(context)
    const { guard } = await initTowerKeys(dir)
    const path = join(dir, 'watchtower.db')
    const store = await openSqliteTowerStore(path, { chainId: CHAIN, tower: guard.publicKey })
    await store.close()
    for (const lost of ['watchtower.key', 'watchtower.db']) {
      rmSync(join(dir, lost))
      const before = readdirSync(dir)
      const message = /put watchtower\.key back/
      const missing = { name: 'StoreFault', code: 'key_missing', message }
      await assert.rejects(loadTowerKeys(dir), missing)
      await assert.rejects(initTowerKeys(dir), missing)
      assert.deepEqual(readdirSync(dir), before)
    }
  })

  test('INV-42 is the only one that the store of its tower is opened with', async (context) => {
    const path = join(temporaryFolder(context), 'watchtower.db')
    const tower = '0b'.repeat(32) as PublicKey
    await (await openSqliteTowerStore(path, { chainId: CHAIN, tower })).close()
    for (const [code, owner] of [
      ['store_of_another_key', { chainId: CHAIN, tower: '0c'.repeat(32) as PublicKey }],
      ['store_of_another_chain', { chainId: 'c2'.repeat(32) as ChainId, tower }],
    ] as const) {
      await assert.rejects(openSqliteTowerStore(path, owner), { name: 'StoreFault', code })
    }
  })
})
