import { hexOf } from '#hex'

const BYTES = 32
/** Identifiers that are remembered; a power of two. */
const COUNT = 1_024

/**
 * The text of identifiers of 32 bytes that come again and again, as the same string each time: making one,
 * and hashing it to find what it names, takes several times as long as comparing the bytes. Each has one
 * place, by its first bytes; whoever comes last has it. At most 160 kB.
 */
export class SeenIdentifiers {
  readonly #bytes = new Uint8Array(COUNT * BYTES)
  readonly #texts = new Array<string | undefined>(COUNT).fill(undefined)

  /** Lower-case hex of the 32 bytes of `source` from `start` on; all of them are there. */
  textAt(source: Uint8Array, start: number): string {
    const place = (((source[start] ?? 0) << 8) | (source[start + 1] ?? 0)) & (COUNT - 1)
    const bytes = this.#bytes
    const from = place * BYTES
    const seen = this.#texts[place]
    if (seen !== undefined) {
      let i = 0
      while (i < BYTES && bytes[from + i] === source[start + i]) i++
      if (i === BYTES) return seen
    }
    const text = hexOf(source, start, start + BYTES)
    for (let i = 0; i < BYTES; i++) bytes[from + i] = source[start + i] ?? 0
    this.#texts[place] = text
    return text
  }
}
