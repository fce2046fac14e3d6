import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { openSqliteStore } from '@tallystick/client-sdk/node'
import { deriveKeys, utf8 } from '@tallystick/protocol'
import { loadWallet } from '#client-sdk/wallet/load-wallet.js'
import { tamper, temporaryFolder } from '../settlement/data-folder.js'

const KEYS = deriveKeys(new Uint8Array(32).fill(7))

/** The file of a wallet whose next key index is stored as `index`. */
async function usedStore(context: TestContext, index: string): Promise<string> {
  const path = join(temporaryFolder(context), 'wallet.db')
  const stores = await openSqliteStore(path)
  const store = stores.wallet('one')
  await loadWallet(store, KEYS)
  await store.commit([{ kind: 'meta', key: 'nextKeyIndex', value: utf8(index) }])
  await stores.close()
  return path
}

async function loaded(context: TestContext, path: string) {
  const stores = await openSqliteStore(path)
  context.after(() => stores.close())
  return loadWallet(stores.wallet('one'), KEYS)
}

describe('the next key index of a wallet', () => {
  test('is the one that was stored, and none in a new store', async (context) => {
    const { nextKeyIndex } = await loaded(context, await usedStore(context, '2147483647'))
    assert.equal(nextKeyIndex, 2_147_483_647)
    const stores = await openSqliteStore(join(temporaryFolder(context), 'new.db'))
    context.after(() => stores.close())
    assert.equal((await loadWallet(stores.wallet('one'), KEYS)).nextKeyIndex, undefined)
  })

  for (const index of [
    '',
    '-1',
    '1.5',
    '07',
    '2147483648',
    '9'.repeat(30),
    'NaN',
    '\u0000\u0001',
  ]) {
    test(`INV-42 KEY-2 is refused by name when it is ${JSON.stringify(index)}`, async (context) => {
      const path = await usedStore(context, index)
      const fault = { name: 'StoreFault', code: 'store_corrupt' }
      await assert.rejects(loaded(context, path), fault)
    })
  }

  test('INV-42 is refused by name when the store holds a number in the place of bytes', async (context) => {
    const path = await usedStore(context, '3')
    await tamper(path, "UPDATE record SET value = 3 WHERE key = 'nextKeyIndex'")
    await assert.rejects(loaded(context, path), { name: 'StoreFault', code: 'store_corrupt' })
  })
})
