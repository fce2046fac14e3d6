import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { opensslBackend } from '#protocol/crypto/ed25519-node.js'
import { concatBytes, toHex } from '#protocol/primitives/bytes.js'
import {
  craft,
  ORDER,
  PATHS,
  type Signed,
  SMALL_ORDER_ALIASES,
  SMALL_ORDER_POINTS,
  toLittleEndian,
  verdictOf,
} from './ed25519-reference.js'

const bytesArbitrary = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const seedArbitrary = bytesArbitrary(32)
const messageArbitrary = fc.uint8Array({ maxLength: 300 })

const signedArbitrary = fc
  .record({ seed: seedArbitrary, message: messageArbitrary })
  .map(({ seed, message }): Signed => {
    const publicKey = opensslBackend.publicKeyFromSeed(seed)
    return { publicKey, message, signature: opensslBackend.signWithSeed(seed, publicKey, message) }
  })

/** A copy with one bit turned; `bit` counts from the first byte, modulo the length. */
function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const at = bit % (bytes.length * 8)
  return new Uint8Array(bytes).map((byte, i) => (i === at >>> 3 ? byte ^ (1 << (at & 7)) : byte))
}

/** The bytes once more, in memory that threads share. */
function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}

/** The bytes once more, as a Node buffer in the middle of a larger one. */
function embedded(bytes: Uint8Array): Uint8Array {
  const whole = Buffer.alloc(bytes.length + 10, 0xaa)
  whole.set(bytes, 5)
  return whole.subarray(5, 5 + bytes.length)
}

describe('INV-21 ed25519: every path agrees', () => {
  test('on the key of a seed and on the signature of a message, which verifies', () => {
    const property = fc.property(seedArbitrary, messageArbitrary, (seed, message) => {
      const publicKey = opensslBackend.publicKeyFromSeed(seed)
      const signature = opensslBackend.signWithSeed(seed, publicKey, message)
      for (const { name, backend } of PATHS) {
        assert.deepEqual(backend.publicKeyFromSeed(seed), publicKey, name)
        assert.deepEqual(backend.signWithSeed(seed, publicKey, message), signature, name)
      }
      assert.equal(verdictOf({ publicKey, message, signature }), true)
    })
    fc.assert(property, { numRuns: 100 })
  })

  test('that a signature with one bit turned, in any part, is none', () => {
    const property = fc.property(signedArbitrary, fc.nat(64 * 8 - 1), (signed, bit) => {
      const { publicKey, message, signature } = signed
      assert.equal(verdictOf({ ...signed, signature: flip(signature, bit) }), false)
      assert.equal(verdictOf({ ...signed, publicKey: flip(publicKey, bit) }), false)
      assert.equal(verdictOf({ ...signed, message: concatBytes(message, message, KEY) }), false)
      if (message.length > 0) {
        assert.equal(verdictOf({ ...signed, message: flip(message, bit) }), false)
      }
    })
    fc.assert(property, { numRuns: 100 })
  })

  test('on random bytes', () => {
    const signed = fc.record({
      publicKey: bytesArbitrary(32),
      message: messageArbitrary,
      signature: bytesArbitrary(64),
    })
    fc.assert(
      fc.property(signed, (bytes) => assert.equal(verdictOf(bytes), false)),
      { numRuns: 200 },
    )
  })

  test('on edge values of A, R and S in any combination', () => {
    const edges = [...SMALL_ORDER_POINTS, ...SMALL_ORDER_ALIASES]
    const points = fc.oneof(
      fc.constantFrom(...edges),
      fc
        .record({ edge: fc.constantFrom(...edges), bit: fc.nat(255) })
        .map((change) => flip(change.edge, change.bit)),
      seedArbitrary.map((seed) => opensslBackend.publicKeyFromSeed(seed)),
    )
    const scalars = fc.oneof(
      fc.constantFrom(0n, 1n, 8n, ORDER - 1n, ORDER, ORDER + 1n, 8n * ORDER, 2n ** 256n - 1n),
      fc.bigInt({ min: 0n, max: ORDER - 1n }),
    )
    const property = fc.property(points, points, scalars, messageArbitrary, (a, r, s, message) => {
      verdictOf({ publicKey: a, message, signature: concatBytes(r, toLittleEndian(s)) })
    })
    fc.assert(property, { numRuns: 300 })
  })

  test('on keys and nonces with a small-order component', () => {
    const crafted = fc.record({
      seed: seedArbitrary,
      message: messageArbitrary,
      keyTorsion: fc.nat(7),
      nonceTorsion: fc.nat(7),
    })
    const property = fc.property(crafted, (order) => {
      const signed = craft(order)
      assert.equal(verdictOf(signed), signed.holds)
    })
    fc.assert(property, { numRuns: 100 })
  })
})

const SEED = new Uint8Array(32).fill(9)
const KEY = opensslBackend.publicKeyFromSeed(SEED)
const MESSAGE = new Uint8Array(100).fill(1)
const SIGNATURE = opensslBackend.signWithSeed(SEED, KEY, MESSAGE)

describe('ed25519: memory', () => {
  for (const [where, place] of Object.entries({ shared, embedded })) {
    test(`${where} bytes are as good as any, and stay as they are`, () => {
      for (const { name, backend } of PATHS) {
        const seed = place(SEED)
        const key = place(KEY)
        const message = place(MESSAGE)
        const signature = place(SIGNATURE)
        assert.equal(backend.verifyEquation(key, message, signature), true, name)
        assert.equal(backend.verifyEquation(key, message, place(flip(SIGNATURE, 300))), false, name)
        assert.deepEqual(backend.publicKeyFromSeed(seed), KEY, name)
        assert.deepEqual(backend.signWithSeed(seed, key, message), SIGNATURE, name)
        assert.equal(verdictOf({ publicKey: key, message, signature }), true)
        assert.equal(
          toHex(concatBytes(seed, key, message, signature)),
          toHex(concatBytes(SEED, KEY, MESSAGE, SIGNATURE)),
        )
      }
    })
  }

  test('a key is good again after more others than are kept imported', () => {
    const isValid = () => opensslBackend.verifyEquation(KEY, MESSAGE, SIGNATURE)
    assert.equal(isValid(), true)
    const other = flip(KEY, 0)
    for (let i = 0; i < 10_000; i++) {
      new DataView(other.buffer).setUint32(8, i)
      assert.equal(opensslBackend.verifyEquation(other, MESSAGE, SIGNATURE), false)
    }
    assert.equal(isValid(), true)
  })
})
