import { randomBytes } from 'node:crypto'

/**
 * The memo of a payment, 8 random bytes. Signatures are deterministic: two payments that are alike
 * and of the same coins would be one transaction, and the second would be told to be paid with the
 * first. So the ledger refuses it while the first waits.
 */
export function distinctMemo(): Uint8Array {
  return new Uint8Array(randomBytes(8))
}
