import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import { verify as nobleVerify } from '@noble/ed25519'
import { parsePublicKey, signerFromSeed, verifySignature } from '#protocol/crypto/ed25519.js'
import { isCofactorless } from '#protocol/crypto/ed25519-backend.js'
import * as noble from '#protocol/crypto/ed25519-noble.js'
import { opensslBackend, sodiumBackend } from '#protocol/crypto/ed25519-node.js'
import { hasStrictEncoding, isStrictPoint } from '#protocol/crypto/ed25519-strict.js'
import { concatBytes, fromHex, toHex, utf8 } from '#protocol/primitives/bytes.js'
import { BrokenInvariant } from '#protocol/primitives/invariant.js'
import {
  craft,
  fromLittleEndian,
  ORDER,
  PATHS,
  SMALL_ORDER_ALIASES,
  SMALL_ORDER_POINTS,
  toLittleEndian,
  verdictOf,
} from './ed25519-reference.js'

type RfcVector = {
  readonly id: string
  readonly input: { readonly seed: string; readonly message: string }
  readonly expected: { readonly publicKey: string; readonly signature: string }
}
type VerdictVector = {
  readonly id: string
  readonly input: Readonly<Record<'publicKey' | 'message' | 'signature', string>>
  readonly expected: boolean
}

function readVectors<T>(name: string): readonly T[] {
  // From test/dist/protocol, where the compiled test lies.
  const path = new URL(`../../../protocol/vectors/${name}`, import.meta.url)
  return JSON.parse(readFileSync(path, 'utf8'))
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    // An optional dependency may be missing; that is the answer.
    return false
  }
}

const PRIME = 2n ** 255n - 19n
const SEED = new Uint8Array(32).fill(7)
const KEY = opensslBackend.publicKeyFromSeed(SEED)
const MESSAGE = utf8('one payment')
const SIGNATURE = opensslBackend.signWithSeed(SEED, KEY, MESSAGE)
const S = fromLittleEndian(SIGNATURE.subarray(32))

const withS = (s: bigint) => concatBytes(SIGNATURE.subarray(0, 32), toLittleEndian(s))
const withR = (encodedR: Uint8Array) => concatBytes(encodedR, SIGNATURE.subarray(32))

describe('ed25519: published vectors', () => {
  for (const { id, input, expected } of readVectors<RfcVector>('ed25519-rfc8032.json')) {
    test(`${id}: every path derives this key, makes this signature and accepts it`, () => {
      const seed = fromHex(input.seed)
      const message = fromHex(input.message)
      const publicKey = fromHex(expected.publicKey)
      for (const { name, backend } of PATHS) {
        assert.equal(toHex(backend.publicKeyFromSeed(seed)), expected.publicKey, name)
        const signature = backend.signWithSeed(seed, publicKey, message)
        assert.equal(toHex(signature), expected.signature, name)
      }
      assert.equal(verdictOf({ publicKey, message, signature: fromHex(expected.signature) }), true)
    })
  }

  const verdicts = ['ed25519-speccheck.json', 'ed25519-wycheproof.json']
  for (const { id, input, expected } of verdicts.flatMap(readVectors<VerdictVector>)) {
    test(`${id}: every path says ${expected}`, () => {
      const verdict = verdictOf({
        publicKey: fromHex(input.publicKey),
        message: fromHex(input.message),
        signature: fromHex(input.signature),
      })
      assert.equal(verdict, expected)
    })
  }
})

describe('ed25519: strict encodings', () => {
  test('the order is the first S that is too large', () => {
    assert.equal(hasStrictEncoding(KEY, withS(ORDER - 1n)), true)
    assert.equal(hasStrictEncoding(KEY, withS(ORDER)), false)
    assert.equal(hasStrictEncoding(KEY, withS(2n ** 256n - 1n)), false)
  })

  test('S plus any multiple of the order is refused', () => {
    assert.equal(verdictOf({ publicKey: KEY, message: MESSAGE, signature: withS(S) }), true)
    for (let s = S + ORDER; s < 2n ** 256n; s += ORDER) {
      assert.equal(verdictOf({ publicKey: KEY, message: MESSAGE, signature: withS(s) }), false)
    }
  })

  test('a point of small order is no key and no R, under none of its names', () => {
    for (const point of [...SMALL_ORDER_POINTS, ...SMALL_ORDER_ALIASES]) {
      assert.equal(parsePublicKey(toHex(point)), undefined)
      assert.equal(hasStrictEncoding(point, SIGNATURE), false)
      assert.equal(hasStrictEncoding(KEY, withR(point)), false)
      assert.equal(verdictOf({ publicKey: point, message: MESSAGE, signature: SIGNATURE }), false)
      assert.equal(verdictOf({ publicKey: KEY, message: MESSAGE, signature: withR(point) }), false)
    }
  })

  test('a key of order 1 would sign every message, were it not refused', () => {
    const publicKey = fromHex('01'.padEnd(64, '0'))
    // The base point, and 1: R = [S]B whatever the hash.
    const signature = concatBytes(fromHex('58'.padEnd(64, '6')), toLittleEndian(1n))
    assert.equal(opensslBackend.verifyEquation(publicKey, MESSAGE, signature), true)
    assert.equal(verdictOf({ publicKey, message: MESSAGE, signature }), false)
  })

  test('a y of p or more is refused, with either sign', () => {
    for (let y = PRIME; y < 2n ** 255n; y++) {
      for (const point of [toLittleEndian(y), toLittleEndian(y + 2n ** 255n)]) {
        assert.equal(parsePublicKey(toHex(point)), undefined)
        assert.equal(hasStrictEncoding(point, SIGNATURE), false)
        assert.equal(hasStrictEncoding(KEY, withR(point)), false)
      }
    }
  })

  test('the y next to each refused one is strict, with either sign', () => {
    const small = SMALL_ORDER_POINTS.map((point) => fromLittleEndian(point) % 2n ** 255n)
    const neighbours = small.flatMap((y) => [y - 1n, y + 1n])
    const strict = neighbours.filter((y) => y > 0n && y < PRIME && !small.includes(y))
    assert.ok(strict.length > 0)
    for (const y of strict) {
      assert.equal(isStrictPoint(toLittleEndian(y)), true)
      assert.equal(isStrictPoint(toLittleEndian(y + 2n ** 255n)), true)
    }
  })

  test('a key or signature of another length is refused, not thrown at', () => {
    for (const length of [0, 31, 33, 64]) {
      const publicKey = concatBytes(KEY, KEY).subarray(0, length)
      assert.equal(verdictOf({ publicKey, message: MESSAGE, signature: SIGNATURE }), false)
      assert.equal(parsePublicKey(toHex(publicKey)), undefined)
    }
    for (const length of [0, 32, 63, 65, 128]) {
      const signature = concatBytes(SIGNATURE, SIGNATURE).subarray(0, length)
      assert.equal(verdictOf({ publicKey: KEY, message: MESSAGE, signature }), false)
    }
  })

  test('a key in upper case or with other letters is none', () => {
    const hex = toHex(KEY)
    assert.equal(parsePublicKey(hex), hex)
    assert.equal(parsePublicKey(hex.toUpperCase()), undefined)
    assert.equal(parsePublicKey(`${hex.slice(1)}g`), undefined)
    assert.equal(parsePublicKey(` ${hex}`), undefined)
  })

  test('a key off the curve parses, and nothing verifies under it', () => {
    const publicKey = fromHex('02'.padEnd(64, '0'))
    assert.equal(parsePublicKey(toHex(publicKey)), toHex(publicKey))
    assert.equal(verdictOf({ publicKey, message: MESSAGE, signature: SIGNATURE }), false)
  })

  test('an R off the curve is false', () => {
    const signature = withR(fromHex('02'.padEnd(64, '0')))
    assert.equal(verdictOf({ publicKey: KEY, message: MESSAGE, signature }), false)
  })
})

describe('ed25519: the cofactorless equation', () => {
  test('torsion in the key and in R counts: it holds only where it cancels out', () => {
    const held = { true: 0, false: 0 }
    for (let i = 0; i < 4 * 64; i++) {
      const message = Uint8Array.of(i >>> 6)
      const nonceTorsion = i & 7
      const crafted = craft({ seed: SEED, message, nonceTorsion, keyTorsion: (i >>> 3) & 7 })
      assert.equal(verdictOf(crafted), crafted.holds)
      held[`${crafted.holds}`] += 1
    }
    assert.ok(held.true > 8 && held.false > 64, 'both verdicts occur')
  })

  test('a backend is taken only if it checks this equation', () => {
    for (const { backend } of PATHS) assert.equal(isCofactorless(backend), true)
    const cofactored: typeof noble.verifyEquation = (publicKey, message, signature) =>
      nobleVerify(signature, message, publicKey, { zip215: false })
    assert.equal(isCofactorless({ ...noble, verifyEquation: cofactored }), false)
    assert.equal(isCofactorless({ ...noble, verifyEquation: () => false }), false)
    assert.equal(isCofactorless({ ...noble, verifyEquation: () => true }), false)
  })

  test('libsodium is one of the paths wherever its package is installed', () => {
    assert.equal(sodiumBackend !== undefined, isInstalled('sodium-native'))
  })
})

describe('ed25519: signers', () => {
  test('a signer shows its public key and nothing secret', () => {
    const signer = signerFromSeed(SEED)
    assert.deepEqual(Object.keys(signer), ['publicKey', 'sign'])
    assert.equal(signer.publicKey, toHex(KEY))
    assert.equal(toHex(signer.sign(MESSAGE)), toHex(SIGNATURE))
    assert.equal(verifySignature(signer.publicKey, MESSAGE, signer.sign(MESSAGE)), true)
  })

  test('a signer does not change with the array it was made from', () => {
    const seed = Buffer.from(SEED)
    const signer = signerFromSeed(seed)
    seed.fill(0)
    assert.equal(toHex(signer.sign(MESSAGE)), toHex(SIGNATURE))
  })

  test('a seed of another length is a broken invariant', () => {
    assert.throws(() => signerFromSeed(new Uint8Array(31)), BrokenInvariant)
    assert.throws(() => signerFromSeed(new Uint8Array(64)), BrokenInvariant)
  })
})
