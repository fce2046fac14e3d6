import { type PublicKey, verifyEncodedSignature } from '../crypto/ed25519.js'
import { invariant } from '../primitives/invariant.js'

/** One signature to be checked: 64 bytes, over a 32-byte digest. */
export type SignatureCheck = {
  readonly publicKey: PublicKey
  readonly digest: Uint8Array
  readonly signature: Uint8Array
}

/** Bytes of one check in shared memory: key, digest, signature. */
const CHECK_BYTES = 128

/** Checks that a thread takes at a time, about a millisecond of work: all threads end together. */
export const TAKEN_CHECKS = 32

/** Checks in memory that threads share, each with room for its verdict. */
export type SharedChecks = {
  readonly checks: Uint8Array
  /** 1 for a valid signature; what nobody has checked yet is 0. */
  readonly verdicts: Uint8Array
  /** One number: the first check that nobody has taken. */
  readonly next: Int32Array
}

/** Room for so many checks where all threads can read them. */
export function sharedChecks(count: number): SharedChecks {
  return {
    checks: new Uint8Array(new SharedArrayBuffer(CHECK_BYTES * count)),
    verdicts: new Uint8Array(new SharedArrayBuffer(count)),
    next: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
  }
}

/** Puts in check `number`: a key, what it signs and the signature, 32, 32 and 64 bytes. */
export function putCheck(
  { checks }: SharedChecks,
  number: number,
  key: Uint8Array,
  digest: Uint8Array,
  signature: Uint8Array,
): void {
  // A signature that is too long would be the next check's key.
  const isSound = key.length === 32 && digest.length === 32 && signature.length === 64
  invariant(isSound, 'a check has 32, 32 and 64 bytes')
  const at = CHECK_BYTES * number
  checks.set(key, at)
  checks.set(digest, at + 32)
  checks.set(signature, at + 64)
}

/** Takes checks that nobody has taken, and decides them, until none is left. */
export function decideChecks({ checks, verdicts, next }: SharedChecks): void {
  for (;;) {
    const from = Atomics.add(next, 0, TAKEN_CHECKS)
    if (from >= verdicts.length) return
    // Native code reads no shared memory, so what is taken is copied.
    const taken = checks.slice(CHECK_BYTES * from, CHECK_BYTES * (from + TAKEN_CHECKS))
    for (let at = 0; at < taken.length; at += CHECK_BYTES) {
      const isValid = verifyEncodedSignature(
        taken.subarray(at, at + 32),
        taken.subarray(at + 32, at + 64),
        taken.subarray(at + 64, at + CHECK_BYTES),
      )
      verdicts[from + at / CHECK_BYTES] = isValid ? 1 : 0
    }
  }
}
