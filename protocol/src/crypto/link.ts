/** Bytes of a link. */
export const LINK_BYTES = 32

/**
 * A link of a hash chain (STREAM-1) as its eight words of 32 bits, the first byte in the highest bits: what is hashed
 * and compared. A payee makes half a million a second, and an object of eight small integers costs it less than an
 * array of 32 bytes: with frames that are checked before any of them is taken it makes 353,000 to 373,000 ticks a
 * second of a core, where it made 310,000 to 359,000 before (three pairs in turns).
 */
export class Link {
  readonly w0: number
  readonly w1: number
  readonly w2: number
  readonly w3: number
  readonly w4: number
  readonly w5: number
  readonly w6: number
  readonly w7: number

  /** The link that stands in the 32 bytes of `source` from `start` on; all of them are there. */
  constructor(source: Uint8Array, start = 0) {
    this.w0 = wordAt(source, start)
    this.w1 = wordAt(source, start + 4)
    this.w2 = wordAt(source, start + 8)
    this.w3 = wordAt(source, start + 12)
    this.w4 = wordAt(source, start + 16)
    this.w5 = wordAt(source, start + 20)
    this.w6 = wordAt(source, start + 24)
    this.w7 = wordAt(source, start + 28)
  }

  /** Its 32 bytes, in an array of their own. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(LINK_BYTES)
    const words = [this.w0, this.w1, this.w2, this.w3, this.w4, this.w5, this.w6, this.w7]
    for (const [i, word] of words.entries()) setWordAt(bytes, 4 * i, word)
    return bytes
  }

  /** Whether the other one has the same bytes. */
  equals(other: Link): boolean {
    return (
      this.w0 === other.w0 &&
      this.w1 === other.w1 &&
      this.w2 === other.w2 &&
      this.w3 === other.w3 &&
      this.w4 === other.w4 &&
      this.w5 === other.w5 &&
      this.w6 === other.w6 &&
      this.w7 === other.w7
    )
  }
}

/** The four bytes from `at` on as a signed word, the first in its highest bits; bytes that are not there are 0. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)
  )
}

/** What `wordAt` reads. */
export function setWordAt(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24
  bytes[at + 1] = word >>> 16
  bytes[at + 2] = word >>> 8
  bytes[at + 3] = word
}
