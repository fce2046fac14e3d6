import { publicKeyFromSeed, signWithSeed, verifyEquation } from '#ed25519'
import type { Brand } from '../primitives/brand.js'
import { fromHex, parseHex, toHex } from '../primitives/bytes.js'
import { invariant } from '../primitives/invariant.js'
import { hasStrictEncoding, isStrictPoint } from './ed25519-strict.js'

/** 32 bytes in hex: a canonical point encoding, not of small order; maybe not on the curve. */
export type PublicKey = Brand<string, 'PublicKey'>

/** Signs under one key; the secret cannot be read back out of it. */
export type Signer = {
  readonly publicKey: PublicKey
  /** The 64-byte signature of `message`; the same message gives the same bytes. */
  sign(message: Uint8Array): Uint8Array
}

/** A key from 64 lower-case hex digits; `undefined` when they are no strict point encoding. */
export function parsePublicKey(hex: string): PublicKey | undefined {
  const encoded = parseHex(hex)
  return encoded !== undefined && isStrictPoint(encoded) ? (hex as PublicKey) : undefined
}

/**
 * Whether `signature` is one of `message` under `publicKey`: strictly encoded, and the
 * cofactorless equation holds. One verdict on every platform; a wrong length is false, too.
 */
export function verifySignature(
  publicKey: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verifyEncodedSignature(fromHex(publicKey), message, signature)
}

/** The same verdict for a key as it is encoded, whatever its bytes are. */
export function verifyEncodedSignature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return hasStrictEncoding(publicKey, signature) && verifyEquation(publicKey, message, signature)
}

/** The signer of a 32-byte seed. Keeps a copy: the caller may wipe its own afterwards. */
export function signerFromSeed(seed: Uint8Array): Signer {
  invariant(seed.length === 32, 'an Ed25519 seed has 32 bytes')
  const ownSeed = new Uint8Array(seed)
  const encoded = publicKeyFromSeed(ownSeed)
  const publicKey = parsePublicKey(toHex(encoded))
  invariant(publicKey !== undefined, 'a seed has a public key of large order')
  return { publicKey, sign: (message) => signWithSeed(ownSeed, encoded, message) }
}
