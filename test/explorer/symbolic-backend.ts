import { hash } from 'node:crypto'

/*
 * Signatures without a curve, for searches through millions of states: only who has the seed can
 * make one, it is of one key and one message, and its bytes have the strict encoding that the code
 * in front of every backend asks for. Who signs what is tried here, not Ed25519, which has tests of
 * its own. `symbolic-signatures.ts` puts it in the place of the real backend.
 */

/** The seeds of all keys that were ever made in this process, by public key. */
const seeds = new Map<string, Uint8Array>()

/** See `Ed25519Backend`. */
export function publicKeyFromSeed(seed: Uint8Array): Uint8Array {
  const publicKey = belowPrime(digest([Uint8Array.of(1), seed]))
  seeds.set(nameOf(publicKey), new Uint8Array(seed))
  return publicKey
}

/** See `Ed25519Backend`. */
export function signWithSeed(
  seed: Uint8Array,
  _publicKey: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  const signature = new Uint8Array(64)
  signature.set(belowPrime(digest([Uint8Array.of(2), seed, message])))
  return signature
}

/** See `Ed25519Backend`. */
export function verifyEquation(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const seed = seeds.get(nameOf(publicKey))
  if (seed === undefined) return false
  const expected = signWithSeed(seed, publicKey, message)
  return Buffer.compare(expected, signature) === 0
}

function digest(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(hash('sha256', Buffer.concat(parts), 'buffer'))
}

/** The topmost bits cleared: a point encoding below the field's prime. */
function belowPrime(bytes: Uint8Array): Uint8Array {
  bytes[31] = (bytes[31] ?? 0) & 0x3f
  return bytes
}

function nameOf(publicKey: Uint8Array): string {
  return Buffer.from(publicKey).toString('latin1')
}
