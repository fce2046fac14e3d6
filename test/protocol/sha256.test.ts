import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { earlierLink, leadsTo } from '#protocol/crypto/hash-chain.js'
import { sha256 as nobleSha256 } from '#protocol/crypto/sha256-noble.js'
import { sha256 as nodeSha256 } from '#protocol/crypto/sha256-node.js'
import { sha256 } from '#protocol/crypto/tagged-hash.js'
import { fromHex, toHex, utf8 } from '#protocol/primitives/bytes.js'

const BACKENDS = { noble: nobleSha256, node: nodeSha256, face: sha256 }

/** The examples that NIST publishes with FIPS 180, and two of its short-message vectors. */
const VECTORS = [
  {
    name: 'no bytes',
    message: new Uint8Array(0),
    digest: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  },
  {
    name: 'one byte',
    message: fromHex('d3'),
    digest: '28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1',
  },
  {
    name: 'abc',
    message: utf8('abc'),
    digest: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  },
  {
    name: '448 bits',
    message: utf8('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'),
    digest: '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  },
  {
    name: '896 bits',
    message: utf8(
      'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn' +
        'hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu',
    ),
    digest: 'cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1',
  },
  {
    name: 'a million times a',
    message: new Uint8Array(1_000_000).fill(0x61),
    digest: 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
  },
]

describe('sha256', () => {
  for (const { name, message, digest } of VECTORS) {
    test(`${name}: every backend gives the digest of NIST`, () => {
      for (const [backend, hash] of Object.entries(BACKENDS)) {
        assert.equal(toHex(hash(message)), digest, backend)
      }
    })
  }

  test('both backends agree on messages of any length', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
      assert.deepEqual(nodeSha256(message), nobleSha256(message))
    })
    fc.assert(property)
  })

  test('bytes in the middle of a buffer hash as themselves alone', () => {
    const whole = utf8('xxabcxx')
    for (const hash of Object.values(BACKENDS)) {
      assert.deepEqual(hash(whole.subarray(2, 5)), hash(utf8('abc')))
    }
  })
})

describe('REV-1 the hash of a link', () => {
  const link = fc.uint8Array({ minLength: 32, maxLength: 32 })

  test('32 zero bytes: the published digest', () => {
    assert.equal(
      toHex(earlierLink(new Uint8Array(32), 1)),
      '66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925',
    )
  })

  test('is SHA-256 of any 32 bytes, so many times as there are steps', () => {
    const property = fc.property(link, fc.nat({ max: 40 }), (from, steps) => {
      let hash: Uint8Array = from
      for (let step = 0; step < steps; step++) hash = nobleSha256(hash)
      assert.deepEqual(earlierLink(from, steps), hash)
      assert.ok(leadsTo(from, steps, hash))
    })
    fc.assert(property)
  })

  test('leads to nothing else: not with one bit changed, and not with another length', () => {
    const property = fc.property(
      link,
      fc.integer({ min: 1, max: 3 }),
      fc.nat(255),
      (from, n, bit) => {
        const other = earlierLink(from, n).slice()
        other[bit >>> 3] = (other[bit >>> 3] ?? 0) ^ (1 << (bit & 7))
        assert.equal(leadsTo(from, n, other), false)
        assert.equal(leadsTo(from, n, earlierLink(from, n).slice(0, 31)), false)
        assert.equal(leadsTo(from.slice(1), n, earlierLink(from, n)), false)
      },
    )
    fc.assert(property)
  })
})
