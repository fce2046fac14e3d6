import { toHex } from '@tallystick/protocol'
import { ROW_DIGEST_BYTES } from './row-digest.js'

/** What a commit does to one live row; without a digest it is removed. */
export type LiveChange = { readonly name: string; readonly digest: Uint8Array | undefined }

/**
 * The digests of all live rows, and their XOR, which does not depend on an order: a commit updates
 * it by what it replaces, and a start compares it with what is found (JRN-3).
 */
export class LiveRows {
  readonly #digests = new Map<string, bigint>()
  #sum = 0n

  /** The XOR of all digests, hex. */
  get sum(): string {
    return hexOf(this.#sum)
  }

  /** What `sum` is after these changes, each of another row. */
  sumAfter(changes: readonly LiveChange[]): string {
    return hexOf(
      changes.reduce(
        (sum, { name, digest }) => sum ^ (this.#digests.get(name) ?? 0n) ^ numberOf(digest),
        this.#sum,
      ),
    )
  }

  apply(changes: readonly LiveChange[]): void {
    for (const { name, digest } of changes) {
      const number = numberOf(digest)
      this.#sum ^= (this.#digests.get(name) ?? 0n) ^ number
      if (digest === undefined) this.#digests.delete(name)
      else this.#digests.set(name, number)
    }
  }
}

function numberOf(digest: Uint8Array | undefined): bigint {
  return digest === undefined ? 0n : BigInt(`0x${toHex(digest)}`)
}

function hexOf(sum: bigint): string {
  return sum.toString(16).padStart(2 * ROW_DIGEST_BYTES, '0')
}
