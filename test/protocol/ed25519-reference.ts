import assert from 'node:assert/strict'
import { etc, Point, utils } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import { type PublicKey, verifySignature } from '#protocol/crypto/ed25519.js'
import type { Ed25519Backend } from '#protocol/crypto/ed25519-backend.js'
import * as noble from '#protocol/crypto/ed25519-noble.js'
import { opensslBackend, sodiumBackend } from '#protocol/crypto/ed25519-node.js'
import { hasStrictEncoding } from '#protocol/crypto/ed25519-strict.js'
import { concatBytes, fromHex, toHex } from '#protocol/primitives/bytes.js'

export type Path = { readonly name: string; readonly backend: Ed25519Backend }

/** Every implementation of the curve that this machine has. */
export const PATHS: readonly Path[] = [
  { name: 'noble', backend: noble },
  { name: 'openssl', backend: opensslBackend },
  ...(sodiumBackend === undefined ? [] : [{ name: 'sodium', backend: sodiumBackend }]),
]

export type Signed = {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** The one verdict of every path behind the pre-checks, and of the public face. */
export function verdictOf({ publicKey, message, signature }: Signed): boolean {
  const isStrict = hasStrictEncoding(publicKey, signature)
  const verdicts = PATHS.map(({ name, backend }) => ({
    name,
    verdict: isStrict && backend.verifyEquation(publicKey, message, signature),
  }))
  const face = verifySignature(toHex(publicKey) as PublicKey, message, signature)
  assert.deepEqual(
    verdicts,
    verdicts.map(({ name }) => ({ name, verdict: face })),
    `${toHex(publicKey)} ${toHex(message)} ${toHex(signature)}`,
  )
  return face
}

/** The order of the base point. */
export const ORDER = Point.CURVE().n

/** 32 bytes, little-endian. */
export function toLittleEndian(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, '0')).reverse()
}

/** The number that these bytes are, little-endian. */
export function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes.toReversed())}`)
}

/** The generator of the eight points of small order. */
const TORSION = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')

/** What a dishonest signer can make: a key and an R with 0..7 times the torsion point added. */
export type Crafted = {
  readonly seed: Uint8Array
  readonly message: Uint8Array
  readonly keyTorsion: number
  readonly nonceTorsion: number
}

/**
 * A signature that the cofactored equation accepts, whatever the torsion; and whether the
 * cofactorless one does, by the arithmetic of the torsion alone: nonce + h * key = 0 (mod 8).
 */
export function craft(order: Crafted): Signed & { readonly holds: boolean } {
  const { seed, message, keyTorsion, nonceTorsion } = order
  const { scalar, prefix, point } = utils.getExtendedPublicKey(seed)
  const publicKey = addTorsion(point, keyTorsion).toBytes()
  const nonce = etc.mod(fromLittleEndian(sha512(concatBytes(prefix, message))), ORDER)
  const encodedR = addTorsion(Point.BASE.multiply(nonce), nonceTorsion).toBytes()
  const hash = sha512(concatBytes(encodedR, publicKey, message))
  const h = etc.mod(fromLittleEndian(hash), ORDER)
  const s = toLittleEndian(etc.mod(nonce + h * scalar, ORDER))
  const holds = (BigInt(nonceTorsion) + h * BigInt(keyTorsion)) % 8n === 0n
  return { publicKey, message, signature: concatBytes(encodedR, s), holds }
}

function addTorsion(point: Point, times: number): Point {
  return point.add(TORSION.multiplyUnsafe(BigInt(times)))
}

/** The points of order 1, 2, 4 and 8 in their own encodings. */
export const SMALL_ORDER_POINTS: readonly Uint8Array[] = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
].map(fromHex)

/** Other names of such points: negative zero, and y + p for y = 0 and 1. */
export const SMALL_ORDER_ALIASES: readonly Uint8Array[] = [
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
].map(fromHex)
