import { createHash } from 'node:crypto'

/*
 * Signatures that can be made and checked a hundred times faster than Ed25519, and that anybody who
 * knows the public key could forge. The simulator's liars do not: they sign with their own keys
 * only. What is encoded is as strict as the real thing, so that the production pre-checks run.
 */

/** Bits of the last byte that keep a number below the group order, and a point below the prime. */
const LAST_BYTE = 0x0f

export function publicKeyFromSeed(seed: Uint8Array): Uint8Array {
  return below('symbolic key', seed)
}

export function signWithSeed(
  _seed: Uint8Array,
  publicKey: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  const point = below('symbolic point', publicKey, message)
  const signature = new Uint8Array(64)
  signature.set(point)
  signature.set(below('symbolic scalar', publicKey, point), 32)
  return signature
}

export function verifyEquation(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return Buffer.from(signWithSeed(publicKey, publicKey, message)).equals(signature)
}

function below(...parts: readonly (string | Uint8Array)[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  const digest = new Uint8Array(hash.digest())
  digest[31] = (digest[31] ?? 0) & LAST_BYTE
  return digest
}
