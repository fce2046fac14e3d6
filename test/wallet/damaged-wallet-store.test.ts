import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { openSqliteStore } from '@tallystick/client-sdk/node'
import { deriveKeys, newParty, utf8 } from '@tallystick/protocol'
import { loadWallet } from '#client-sdk/wallet/load-wallet.js'
import { decodeWalletChannel, encodeWalletChannel } from '#client-sdk/wallet/wallet-records.js'
import { CHAIN, OTHER_CHAIN, testChannel } from '../protocol/test-channel.js'
import { tamper, temporaryFolder } from '../settlement/data-folder.js'

const KEYS = deriveKeys(new Uint8Array(32).fill(7))

/** The file of a wallet whose next key index is stored as `index`. */
async function usedStore(context: TestContext, index: string): Promise<string> {
  const path = join(temporaryFolder(context), 'wallet.db')
  const stores = await openSqliteStore(path)
  const store = stores.wallet('one')
  await loadWallet(store, KEYS, CHAIN)
  await store.commit([{ kind: 'meta', key: 'nextKeyIndex', value: utf8(index) }])
  await stores.close()
  return path
}

async function loaded(context: TestContext, path: string) {
  const stores = await openSqliteStore(path)
  context.after(() => stores.close())
  return loadWallet(stores.wallet('one'), KEYS, CHAIN)
}

describe('the next key index of a wallet', () => {
  test('is the one that was stored, and none in a new store', async (context) => {
    const { nextKeyIndex } = await loaded(context, await usedStore(context, '2147483647'))
    assert.equal(nextKeyIndex, 2_147_483_647)
    const stores = await openSqliteStore(join(temporaryFolder(context), 'new.db'))
    context.after(() => stores.close())
    assert.equal((await loadWallet(stores.wallet('one'), KEYS, CHAIN)).nextKeyIndex, undefined)
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

test('INV-42 a store is of one ledger: another one leaves it as it is', async (context) => {
  const path = await usedStore(context, '1')
  const stores = await openSqliteStore(path)
  context.after(() => stores.close())
  const store = stores.wallet('one')
  await assert.rejects(loadWallet(store, KEYS, OTHER_CHAIN), { code: 'store_of_another_chain' })
  assert.equal((await loadWallet(store, KEYS, CHAIN)).nextKeyIndex, 1)
})

describe('a file of wallets', () => {
  const channel = {
    party: newParty('client', testChannel()),
    keyIndex: 3,
    books: 'whole' as const,
    end: undefined,
  }

  /** The file of a wallet with one channel, and a copy of it from before a record was written. */
  async function oldAndNew(context: TestContext) {
    const path = await usedStore(context, '7')
    const put = async (key: string) => {
      const stores = await openSqliteStore(path)
      const value = encodeWalletChannel(channel)
      await stores.wallet('one').commit([{ kind: 'channel', key, value }])
      await stores.close()
    }
    await put('a')
    copyFileSync(path, `${path}.old`)
    await put('b')
    return path
  }

  test('INV-42 JRN-5 is refused by name when it is old, cut, swapped, or without its mark', async (context) => {
    const path = await oldAndNew(context)
    const other = await usedStore(context, '7')
    const [newest, mark] = [readFileSync(path), readFileSync(`${path}.mark`)]
    for (const [code, spoil] of [
      ['store_rolled_back', () => copyFileSync(`${path}.old`, path)],
      ['store_rolled_back', () => rmSync(path)],
      ['store_corrupt', () => truncateSync(path, 5_000)],
      ['store_swapped', () => copyFileSync(other, path)],
      ['store_swapped', () => copyFileSync(`${other}.mark`, `${path}.mark`)],
      ['mark_missing', () => rmSync(`${path}.mark`)],
      ['mark_damaged', () => truncateSync(`${path}.mark`, 7)],
    ] as const) {
      spoil()
      const message =
        code === 'store_corrupt'
          ? /put the newest copy back, or open a new file/
          : /put the newest copy back, or open it with "restored: true"/
      await assert.rejects(openSqliteStore(path), { name: 'StoreFault', code, message })
      writeFileSync(path, newest)
      writeFileSync(`${path}.mark`, mark)
      rmSync(`${path}-wal`, { force: true })
    }
    await (await openSqliteStore(path)).close()
  })

  test('JRN-6 CH-18 has lost the books of all its channels, for good, once it was taken as a restored copy', async (context) => {
    const path = await oldAndNew(context)
    copyFileSync(`${path}.old`, path)
    await (await openSqliteStore(path, { restored: true })).close()
    const stores = await openSqliteStore(path)
    context.after(() => stores.close())
    const records = await stores.wallet('one').list('channel')
    assert.deepEqual(
      records.map(({ key, value }) => [key, decodeWalletChannel(value)]),
      [['a', { ...channel, books: 'lost' }]],
    )
    assert.deepEqual(await stores.wallet('one').get('meta', 'nextKeyIndex'), utf8('7'))
  })
})

describe('what is finished in a store, one bit of whose key was flipped', () => {
  async function damaged(context: TestContext) {
    const path = join(temporaryFolder(context), 'wallet.db')
    const made = await openSqliteStore(path)
    const done = (key: string) =>
      ({ kind: 'donePayment', key, value: utf8(`payment ${key}`) }) as const
    await made.wallet('one').commit([done('order 4711'), done('order 4712')])
    await made.close()
    await tamper(path, "UPDATE done_record SET key = 'order 471q' WHERE key = 'order 4711'")
    const stores = await openSqliteStore(path)
    context.after(() => stores.close())
    return stores.wallet('one')
  }

  test('INV-26 INV-42 JRN-3 is not taken for something that was never there', async (context) => {
    const store = await damaged(context)
    await assert.rejects(store.get('donePayment', 'order 4711'), { code: 'store_corrupt' })
  })

  test('INV-42 JRN-3 lets nothing more be signed once it was found', async (context) => {
    const store = await damaged(context)
    await assert.rejects(store.get('donePayment', 'order 4711'))
    const write = { kind: 'meta', key: 'nextKeyIndex', value: utf8('3') } as const
    await assert.rejects(store.commit([write]), { code: 'store_corrupt' })
  })

  test('INV-26 a key that was never used is found to be so', async (context) => {
    const stores = await openSqliteStore(join(temporaryFolder(context), 'wallet.db'))
    context.after(() => stores.close())
    const done = { kind: 'donePayment', key: 'order 1', value: utf8('paid') } as const
    await stores.wallet('one').commit([done])
    assert.equal(await stores.wallet('one').get('donePayment', 'order 2'), undefined)
  })
})
