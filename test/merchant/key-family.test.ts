import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { MAIN_ACCOUNT } from '#merchant/core/caller.js'
import { boundsWithin, KEY_ANCESTORS_MAX, type KeyBounds } from '#merchant/core/key-bounds.js'
import { KeyStore, reserveSpending } from '#merchant/store/key-store.js'
import { openMerchantDatabase } from '#merchant/store/merchant-schema.js'
import { temporaryFolder } from '../settlement/data-folder.js'

const NO_LIMITS = { perPayment: undefined, perDay: undefined, total: undefined }

describe('ACCOUNT-1 a key that is made with another', () => {
  const limit = fc.option(fc.bigInt({ min: 0n, max: 9n }), { nil: undefined })
  const bounds: fc.Arbitrary<KeyBounds> = fc.record({
    limits: fc.record({ perPayment: limit, perDay: limit, total: limit }),
    expires: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
  })
  const all = ({ limits, expires }: KeyBounds) => [
    ...[limits.perPayment, limits.perDay, limits.total],
    expires === undefined ? undefined : BigInt(expires),
  ]

  test('is never wider, and is what was asked for wherever that is said', () => {
    fc.assert(
      fc.property(bounds, bounds, (maker, asked) => {
        const made = boundsWithin(maker, asked)
        const [most, wanted] = [all(maker), all(asked)]
        const isWider = wanted.some((one, i) => one !== undefined && one > (most[i] ?? one))
        assert.equal('refused' in made, isWider)
        if ('refused' in made) return
        const expected = wanted.map((one, i) => one ?? most[i])
        assert.deepEqual(all(made.bounds), expected)
      }),
    )
  })

  /** A store, and what may be done to it in a word. */
  async function scene(t: TestContext) {
    const file = join(temporaryFolder(t), 'merchant.db')
    const database = await openMerchantDatabase(file, (fault) => {
      throw fault
    })
    t.after(() => database.close())
    const keys = new KeyStore(database)
    await keys.begin(0)
    let requests = 0
    const request = (object: string) => {
      const key = `${requests++}`
      return { account: MAIN_ACCOUNT, key, digest: '', status: 201, object }
    }
    const add = (id: string, parent?: string, total?: bigint) => {
      const limits = { ...NO_LIMITS, total }
      const rest = { account: MAIN_ACCOUNT, name: id, permissions: ['pay'] as const, created: 0 }
      const key = { ...rest, id, parent, limits, expires: undefined, revoked: undefined }
      return keys.addKey(key, id, request(id))
    }
    const spend = (id: string, key: string, amount: bigint) =>
      database.write((statements) =>
        reserveSpending(statements, { id, account: MAIN_ACCOUNT, key, time: 1, amount }),
      )
    const revoke = (id: string) => keys.revoke(id, 7, request(id))
    return { keys, add, spend, revoke }
  }

  test('is not known of in a file of format 1, which is taken over', async (t) => {
    const file = join(temporaryFolder(t), 'merchant.db')
    const open = () =>
      openMerchantDatabase(file, (fault) => {
        throw fault
      })
    const before = await open()
    await before.prepare(
      'DROP INDEX key_of_parent; ALTER TABLE api_key DROP COLUMN parent; PRAGMA user_version=1',
    )
    await before.prepare(
      "INSERT INTO api_key (id, account, name, hash, permissions, created) VALUES ('a','b','','','',0)",
    )
    await before.close()
    const after = await open()
    t.after(() => after.close())
    assert.equal((await new KeyStore(after).key('a'))?.parent, undefined)
    const [row] = await after.read(({ all }) => all('PRAGMA user_version'))
    assert.deepEqual({ ...row }, { user_version: 2 })
  })

  test('spends what the keys before it may spend, whichever of them spent it', async (t) => {
    const { add, spend } = await scene(t)
    await add('mother', undefined, 10n)
    await add('daughter', 'mother', 10n)
    await add('granddaughter', 'daughter')
    await add('son', 'mother', 9n)
    await spend('p1', 'granddaughter', 6n)
    await spend('p2', 'mother', 1n)
    const refused = { code: 'spending_limit_exceeded' }
    await assert.rejects(spend('p3', 'son', 4n), {
      ...refused,
      message: /^a key that made this one may spend 10 .* 7 are spent/,
    })
    await assert.rejects(spend('p4', 'mother', 4n), refused)
    await spend('p5', 'son', 3n)
    await assert.rejects(spend('p6', 'granddaughter', 1n), refused)
  })

  test('is revoked with it, makes no more keys then, and has eight before it at most', async (t) => {
    const { keys, add, revoke } = await scene(t)
    await add('0')
    await add('other')
    for (let depth = 1; depth <= KEY_ANCESTORS_MAX; depth++) await add(`${depth}`, `${depth - 1}`)
    await assert.rejects(add('last', `${KEY_ANCESTORS_MAX}`), { code: 'not_permitted' })
    await revoke('1')
    const listed = (await keys.keys(undefined, undefined, 100)) ?? []
    const standing = listed.filter(({ revoked }) => revoked === undefined).map(({ id }) => id)
    assert.deepEqual(standing, ['0', 'other'])
    await assert.rejects(add('late', '2'), { code: 'not_authorized' })
  })
})
