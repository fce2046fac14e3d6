import { fromHex, invariant, type PublicKey, verifyEncodedSignature } from '@tallystick/protocol'

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

/** Puts checks where all threads can read them. */
export function shareChecks(checks: readonly SignatureCheck[]): SharedChecks {
  const packed = new Uint8Array(new SharedArrayBuffer(CHECK_BYTES * checks.length))
  let at = 0
  for (const { publicKey, digest, signature } of checks) {
    // A signature that is too long would be the next check's key.
    invariant(digest.length === 32 && signature.length === 64, 'a check has 32, 32 and 64 bytes')
    packed.set(fromHex(publicKey), at)
    packed.set(digest, at + 32)
    packed.set(signature, at + 64)
    at += CHECK_BYTES
  }
  return {
    checks: packed,
    verdicts: new Uint8Array(new SharedArrayBuffer(checks.length)),
    next: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
  }
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
