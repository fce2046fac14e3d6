import { etc, getPublicKey, hashes, Point, sign } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, equalBytes } from '../primitives/bytes.js'

// The library brings no hash of its own for its synchronous calls.
hashes.sha512 = sha512

const ORDER = Point.CURVE().n

/**
 * See `Ed25519Backend`. Computed from points because the library's own `verify` multiplies by the
 * cofactor, also with `zip215: false`.
 */
export function verifyEquation(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const keyPoint = decodePoint(publicKey)
  if (keyPoint === undefined) return false
  const encodedR = signature.subarray(0, 32)
  const s = fromLittleEndian(signature.subarray(32))
  const h = fromLittleEndian(sha512(concatBytes(encodedR, publicKey, message))) % ORDER
  const expectedR = Point.BASE.multiplyUnsafe(s).subtract(keyPoint.multiplyUnsafe(h))
  return equalBytes(expectedR.toBytes(), encodedR)
}

/** See `Ed25519Backend`. */
export function publicKeyFromSeed(seed: Uint8Array): Uint8Array {
  return getPublicKey(seed)
}

/** See `Ed25519Backend`. The library derives the public key again, so ours is not looked at. */
export function signWithSeed(
  seed: Uint8Array,
  _publicKey: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  return sign(message, seed)
}

function decodePoint(encoded: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(encoded)
  } catch {
    // The library's only way to say that no point of the curve has this encoding.
    return undefined
  }
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${etc.bytesToHex(bytes.toReversed())}`)
}
