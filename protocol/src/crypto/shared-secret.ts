import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { fromHex } from '../primitives/bytes.js'
import { invariant } from '../primitives/invariant.js'
import type { PublicKey } from './ed25519.js'

/** Bytes of a point of X25519, a secret number of it, and what two of them agree on. */
export const AGREEMENT_BYTES = 32

/** Agrees on secrets under one key; the secret cannot be read back out of it (SIG-5). */
export type Agree = (point: Uint8Array) => Uint8Array | undefined

/** The X25519 point, 32 bytes, of secret bytes that are used once. */
export function agreementPoint(secret: Uint8Array): Uint8Array {
  invariant(secret.length === AGREEMENT_BYTES, 'an X25519 secret has 32 bytes')
  return x25519.getPublicKey(secret)
}

/**
 * The 32 bytes that `secret` and the Ed25519 key `peer` agree on by X25519, where the key stands for the
 * point of the same secret number (RFC 7748 §4.1); absent: `peer` is not on the curve.
 */
export function agreeWithKey(secret: Uint8Array, peer: PublicKey): Uint8Array | undefined {
  invariant(secret.length === AGREEMENT_BYTES, 'an X25519 secret has 32 bytes')
  try {
    return sharedSecret(secret, ed25519.utils.toMontgomery(fromHex(peer)))
  } catch {
    // The library's only way to say that no point of the curve has this encoding.
    return undefined
  }
}

/** Agrees under the Ed25519 key of a 32-byte seed, of which it keeps what it needs. */
export function agreementFromSeed(seed: Uint8Array): Agree {
  invariant(seed.length === 32, 'an Ed25519 seed has 32 bytes')
  const secret = ed25519.utils.toMontgomerySecret(seed)
  return (point) => (point.length === AGREEMENT_BYTES ? sharedSecret(secret, point) : undefined)
}

/** Absent: the point is of small order, and everybody would know what is agreed on. */
function sharedSecret(secret: Uint8Array, point: Uint8Array): Uint8Array | undefined {
  try {
    return x25519.getSharedSecret(secret, point)
  } catch {
    // The library refuses a product of zero by throwing.
    return undefined
  }
}
