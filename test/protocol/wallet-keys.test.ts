import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { deriveKeys } from '#protocol/keys/wallet-keys.js'
import { fromHex, toHex } from '#protocol/primitives/bytes.js'
import { BrokenInvariant } from '#protocol/primitives/invariant.js'

/** Of `abandon … about` with the passphrase TREZOR. */
const MASTER_SEED = fromHex(
  'c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e5349553' +
    '1f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04',
)

/** The keys and secrets were computed with Python's hmac and the openssl command, not with us. */
describe('wallet keys: what words on paper lead to, for ever', () => {
  const keys = deriveKeys(MASTER_SEED)

  test("the identity is m/8383'/0'/0'", () => {
    assert.equal(
      keys.identity.publicKey,
      'd7989857a43f0ab3bf7975563695c4db0a9323658648590c7b5c5acaf11831e7',
    )
  })

  test("the key of channel n is m/8383'/1'/n'", () => {
    assert.equal(
      keys.channel(0).publicKey,
      '551048286a2782574d40e4f99e892bb71cba37ce579f5aa77e55258101e574aa',
    )
    assert.equal(
      keys.channel(7).publicKey,
      'a70baa8895e88c8826ee3e0279deb94146633de1efa38121d4b164165ccc61ed',
    )
  })

  test("the key of payout n is m/8383'/2'/n'", () => {
    assert.equal(
      keys.payout(0).publicKey,
      '02875657cbb463f67f24fd38c8c9a6ceddf3076a0d34838ab253d8dcce18a048',
    )
  })

  test("a secret is HMAC-SHA256 of label and index under m/8383'/3'/0'", () => {
    const expected = [
      ['preimage', 0, '92af51d89517e1bccd0d2dfa17177245d5f81f314538e46caad6d05fedc501e6'],
      ['preimage', 1, '1e3eb208714453e655449ff21dccfd3826c8f38781394b277e0d54acde02411a'],
      ['preimage', 2 ** 53 - 1, '195f2f5da6e034de00401f75fd443fa7ed1ac5b22313f2f277275dd045024ca0'],
      ['stream', 0, '9a30bb005b2a3629f8a196b69179b405c73858b1dff0471c3cd4ffa39ddb2acb'],
    ] as const
    for (const [label, index, secret] of expected) {
      assert.equal(toHex(keys.secret(label, index)), secret)
    }
  })

  test("KEY-5 the key of backups is m/8383'/4'/0', as it is", () => {
    assert.equal(
      toHex(keys.backup()),
      'a2317c66e6faa2f4539c1c67a49f9da2a3f14906c6a7c85ced06c17ef39eaebe',
    )
  })
})

describe('wallet keys: limits', () => {
  test('an index is a whole number in its range', () => {
    const keys = deriveKeys(MASTER_SEED)
    for (const index of [-1, 0.5, Number.NaN, 2 ** 31]) {
      assert.throws(() => keys.channel(index), BrokenInvariant)
      assert.throws(() => keys.payout(index), BrokenInvariant)
    }
    for (const index of [-1, 0.5, Number.NaN, 2 ** 53]) {
      assert.throws(() => keys.secret('preimage', index), BrokenInvariant)
    }
  })

  test('the keys do not change with the array they were made from', () => {
    const masterSeed = new Uint8Array(MASTER_SEED)
    const keys = deriveKeys(masterSeed)
    const before = keys.channel(3).publicKey
    masterSeed.fill(0)
    assert.equal(keys.channel(3).publicKey, before)
  })
})
