import { fromHex, type PublicKey } from '@tallystick/protocol'

/** One signature to be checked: 64 bytes, over a 32-byte digest. */
export type SignatureCheck = {
  readonly publicKey: PublicKey
  readonly digest: Uint8Array
  readonly signature: Uint8Array
}

/** Bytes of one check on its way to a worker: key, digest, signature. */
export const CHECK_BYTES = 128

/** Checks as flat bytes, which move between threads without being copied. */
export function packChecks(checks: readonly SignatureCheck[]): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(CHECK_BYTES * checks.length)
  let at = 0
  for (const { publicKey, digest, signature } of checks) {
    packed.set(fromHex(publicKey), at)
    packed.set(digest, at + 32)
    packed.set(signature, at + 64)
    at += CHECK_BYTES
  }
  return packed
}
