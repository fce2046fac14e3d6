import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as opensslSign,
  verify as opensslVerify,
} from 'node:crypto'
import { createRequire } from 'node:module'
import { concatBytes, fromHex } from '../primitives/bytes.js'
import { invariant } from '../primitives/invariant.js'
import { type Ed25519Backend, isCofactorless } from './ed25519-backend.js'

/** The three calls that we use; the package has no types. It writes into its first arguments. */
type SodiumNative = {
  readonly crypto_sign_seed_keypair: (
    publicKey: Uint8Array,
    secretKey: Uint8Array,
    seed: Uint8Array,
  ) => void
  readonly crypto_sign_detached: (
    signature: Uint8Array,
    message: Uint8Array,
    secretKey: Uint8Array,
  ) => void
  /** `undefined` instead of a verdict when an argument lies in memory that it cannot read. */
  readonly crypto_sign_verify_detached: (
    signature: Uint8Array,
    message: Uint8Array,
    publicKey: Uint8Array,
  ) => boolean | undefined
}

/** What comes before the seed in a PKCS #8 private key of Ed25519 (RFC 8410). */
const PKCS8_PREFIX = fromHex('302e020100300506032b657004220420')

/** Keys kept imported, 9 MB in all; an import costs a tenth to a third of a verification. */
const IMPORTED_KEYS_MAX = 8_192
/** A memo of imports only; no verdict depends on it. By base64url of the key, oldest first. */
const importedKeys = new Map<string, KeyObject>()

/** libsodium, the fastest; `undefined` where it does not load or checks another equation. */
export const sodiumBackend: Ed25519Backend | undefined = loadSodiumBackend()

/** Node's own crypto: always there, half as fast. */
export const opensslBackend: Ed25519Backend = {
  verifyEquation: (publicKey, message, signature) =>
    opensslVerify(null, message, importPublicKey(publicKey), signature),
  publicKeyFromSeed: (seed) => {
    const { x } = createPublicKey(importSeed(seed)).export({ format: 'jwk' })
    invariant(x !== undefined, 'an Ed25519 key has the member x')
    return new Uint8Array(Buffer.from(x, 'base64url'))
  },
  signWithSeed: (seed, publicKey, message) => {
    const key = createPrivateKey({
      format: 'jwk',
      key: { kty: 'OKP', crv: 'Ed25519', d: base64Url(seed), x: base64Url(publicKey) },
    })
    return new Uint8Array(opensslSign(null, message, key))
  },
}

const backend = sodiumBackend ?? opensslBackend

/** See `Ed25519Backend`. */
export const verifyEquation: Ed25519Backend['verifyEquation'] = backend.verifyEquation
/** See `Ed25519Backend`. */
export const publicKeyFromSeed: Ed25519Backend['publicKeyFromSeed'] = backend.publicKeyFromSeed
/** See `Ed25519Backend`. */
export const signWithSeed: Ed25519Backend['signWithSeed'] = backend.signWithSeed

function loadSodiumBackend(): Ed25519Backend | undefined {
  let sodium: SodiumNative
  try {
    sodium = createRequire(import.meta.url)('sodium-native')
  } catch {
    // An optional dependency: where it was left out, or has no binary for this machine, OpenSSL
    // gives the same answers.
    return undefined
  }
  const loaded = sodiumBackendOver(sodium)
  return isCofactorless(loaded) ? loaded : undefined
}

function sodiumBackendOver(sodium: SodiumNative): Ed25519Backend {
  return {
    verifyEquation: (publicKey, message, signature) => {
      const verdict = sodium.crypto_sign_verify_detached(
        unshared(signature),
        unshared(message),
        unshared(publicKey),
      )
      invariant(verdict !== undefined, 'libsodium reads what it is given')
      return verdict
    },
    publicKeyFromSeed: (seed) => {
      const publicKey = new Uint8Array(32)
      const secretKey = new Uint8Array(64)
      sodium.crypto_sign_seed_keypair(publicKey, secretKey, unshared(seed))
      secretKey.fill(0)
      return publicKey
    },
    signWithSeed: (seed, publicKey, message) => {
      const signature = new Uint8Array(64)
      const secretKey = concatBytes(seed, publicKey)
      sodium.crypto_sign_detached(signature, unshared(message), secretKey)
      secretKey.fill(0)
      return signature
    },
  }
}

/** The binding cannot read from a SharedArrayBuffer: what lies in one is copied. */
function unshared(bytes: Uint8Array): Uint8Array {
  return bytes.buffer instanceof ArrayBuffer ? bytes : new Uint8Array(bytes)
}

function importPublicKey(publicKey: Uint8Array): KeyObject {
  const x = base64Url(publicKey)
  const known = importedKeys.get(x)
  if (known !== undefined) return known
  // As JWK: the same import from DER takes ten times as long.
  const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } })
  const [oldest] = importedKeys.keys()
  if (importedKeys.size === IMPORTED_KEYS_MAX && oldest !== undefined) importedKeys.delete(oldest)
  importedKeys.set(x, key)
  return key
}

function importSeed(seed: Uint8Array): KeyObject {
  const key = Buffer.from(concatBytes(PKCS8_PREFIX, seed))
  return createPrivateKey({ format: 'der', type: 'pkcs8', key })
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
