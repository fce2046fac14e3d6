import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createMnemonic, parseMnemonic, seedFromMnemonic } from '#protocol/keys/mnemonic.js'
import { fromHex, toHex } from '#protocol/primitives/bytes.js'
import { BrokenInvariant } from '#protocol/primitives/invariant.js'

/** From trezor/python-mnemonic, vectors.json, "english"; the passphrase is TREZOR for all. */
const VECTORS = [
  {
    entropy: '00000000000000000000000000000000',
    words: `${'abandon '.repeat(11)}about`,
    seed:
      'c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e5349553' +
      '1f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04',
  },
  {
    entropy: '7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f',
    words: 'legal winner thank year wave sausage worth useful legal winner thank yellow',
    seed:
      '2e8905819b8723fe2c1d161860e5ee1830318dbf49a83bd451cfb8440c28bd6f' +
      'a457fe1296106559a3c80937a1c1069be3a3a5bd381ee6260e8d9739fce1f607',
  },
  {
    entropy: '9e885d952ad362caeb4efe34a8e91bd2',
    words: 'ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic',
    seed:
      '274ddc525802f7c828d8ef7ddbcdc5304e87ac3535913611fbbfa986d0c9e547' +
      '6c91689f9c8a54fd55bd38606aa6a8595ad213d4c9c9f9aca3fb217069a41028',
  },
  {
    entropy: 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    words: `${'zoo '.repeat(23)}vote`,
    seed:
      'dd48c104698c30cfe2b6142103248622fb7bb0ff692eebb00089b32d22484e16' +
      '13912f0a5b694407be899ffd31ed3992c456cdf60f5d4564b8ba3f05a69890ad',
  },
  {
    entropy: 'f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f',
    words:
      'void come effort suffer camp survey warrior heavy shoot primary clutch crush open amazing ' +
      'screen patrol group space point ten exist slush involve unfold',
    seed:
      '01f5bced59dec48e362f2c45b5de68b9fd6c92c6634f44d6d40aab69056506f0' +
      'e35524a518034ddc1192e1dacd32c1ed3eaa3c3b131c88ed8e7e54c49a5d0998',
  },
]

describe('mnemonic: published vectors', () => {
  for (const { entropy, words, seed } of VECTORS) {
    test(`${words.slice(0, 24)}…: the entropy gives the words, the words give the seed`, () => {
      assert.equal(createMnemonic(fromHex(entropy)), words)
      const mnemonic = parseMnemonic(words)
      assert.ok(mnemonic !== undefined)
      assert.equal(toHex(seedFromMnemonic(mnemonic, 'TREZOR')), seed)
    })
  }
})

describe('mnemonic: words as people write them', () => {
  const words = 'legal winner thank year wave sausage worth useful legal winner thank yellow'

  test('case and spacing do not matter', () => {
    const sloppy = `  ${words.toUpperCase().replaceAll(' ', ' \n\t')} `
    assert.equal(parseMnemonic(sloppy), words)
  })

  test('a word that is not in the list, missing, or in another place is refused', () => {
    assert.equal(parseMnemonic(words.replace('sausage', 'sausages')), undefined)
    assert.equal(parseMnemonic(words.replace('legal ', '')), undefined)
    assert.equal(parseMnemonic(words.replace('winner thank', 'thank winner')), undefined)
    assert.equal(parseMnemonic(`${words} legal`), undefined)
    assert.equal(parseMnemonic(''), undefined)
  })

  test('words with a wrong checksum are refused', () => {
    assert.equal(parseMnemonic('abandon '.repeat(12)), undefined)
  })

  test('any text is parsed or refused, never thrown at', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !parseMnemonic(text)))
  })

  test('18 words of another wallet are words, too', () => {
    const eighteen = `${'abandon '.repeat(17)}agent`
    assert.equal(parseMnemonic(eighteen), eighteen)
  })
})

describe('mnemonic: entropy and passphrase', () => {
  test('entropy has 16 or 32 bytes', () => {
    for (const length of [0, 15, 17, 24, 33]) {
      assert.throws(() => createMnemonic(new Uint8Array(length)), BrokenInvariant)
    }
  })

  test('another passphrase is another wallet, in whatever way its letters are composed', () => {
    const mnemonic = createMnemonic(new Uint8Array(16))
    const seedOf = (passphrase: string) => toHex(seedFromMnemonic(mnemonic, passphrase))
    assert.notEqual(seedOf(''), seedOf('TREZOR'))
    assert.equal(seedOf('caf\u00e9'), seedOf('cafe\u0301'))
  })
})
