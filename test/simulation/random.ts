import { createHash } from 'node:crypto'

/** Pseudo-random numbers from a name: the same name gives the same ones (sfc32). */
export class Random {
  readonly #words: Uint32Array

  constructor(name: string) {
    const digest = createHash('sha256').update(name).digest()
    this.#words = Uint32Array.from([0, 4, 8, 12], (at) => digest.readUInt32LE(at))
  }

  /** 0 to 2^32 - 1. */
  #next(): number {
    const words = this.#words
    const [a = 0, b = 0, c = 0, counter = 0] = words
    const result = (a + b + counter) >>> 0
    words[3] = counter + 1
    words[0] = b ^ (b >>> 9)
    words[1] = c + (c << 3)
    words[2] = ((c << 21) | (c >>> 11)) + result
    return result
  }

  /** A whole number from `least` to `most`. */
  int(least: number, most: number): number {
    return least + (this.#next() % (most - least + 1))
  }

  /** True in `perMille` of 1,000 cases. */
  chance(perMille: number): boolean {
    return this.#next() % 1_000 < perMille
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.int(0, values.length - 1)]
    if (value === undefined) throw new Error('nothing to pick from')
    return value
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#next() & 0xff)
  }
}
