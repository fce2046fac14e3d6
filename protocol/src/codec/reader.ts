import { hexOf } from '#hex'

/** Why bytes are not the canonical encoding of anything; `offset` counts from their start. */
export class MalformedBytes extends Error {
  override readonly name = 'MalformedBytes'
  readonly offset: number
  readonly problem: string

  constructor(offset: number, problem: string) {
    super(`byte ${offset}: ${problem}`)
    this.offset = offset
    this.problem = problem
  }
}

const NOTHING = new Uint8Array()
/** Up to so many bytes are copied one by one sooner than a slice of them is made. */
const SHORT = 64

/** Reads canonical encodings; every departure from them throws `MalformedBytes`. */
export class Reader {
  readonly #source: Uint8Array
  #offset = 0

  constructor(source: Uint8Array) {
    this.#source = source
  }

  get offset(): number {
    return this.#offset
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#source.length
  }

  /** Goes past `length` bytes. */
  pass(length: number): void {
    this.#require(length)
    this.#offset += length
  }

  /** Throws `MalformedBytes` at the current offset. */
  fail(problem: string): never {
    throw new MalformedBytes(this.#offset, problem)
  }

  byte(): number {
    const value = this.#source[this.#offset]
    if (value === undefined) return this.fail('the bytes end too early')
    this.#offset++
    return value
  }

  /** The next `length` bytes, copied, so that nothing aliases a network buffer. */
  bytes(length: number): Uint8Array {
    this.#require(length)
    if (length === 0) return NOTHING
    const [source, start] = [this.#source, this.#offset]
    this.#offset += length
    if (length <= SHORT) {
      const bytes = new Uint8Array(length)
      for (let i = 0; i < length; i++) bytes[i] = source[start + i] ?? 0
      return bytes
    }
    // A Buffer's own slice would be a view of the network's memory.
    return Uint8Array.prototype.slice.call(source, start, this.#offset)
  }

  /** The next `length` bytes as lower-case hex. */
  hex(length: number): string {
    this.#require(length)
    const start = this.#offset
    this.#offset += length
    // Straight from the source: a view of it would cost more than the digits.
    return hexOf(this.#source, start, this.#offset)
  }

  /** An unsigned LEB128 number of at most 2^53-1, in its shortest form. */
  varint(): number {
    const low = this.#lowVarint()
    if (low >= 0) return low
    const value = this.#highVarint(-1 - low)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) return this.fail('the number is above 2^53-1')
    return Number(value)
  }

  /** An unsigned LEB128 number below 2^63, in its shortest form. */
  bigVarint(): bigint {
    const low = this.#lowVarint()
    return low >= 0 ? BigInt(low) : this.#highVarint(-1 - low)
  }

  end(): void {
    if (!this.isAtEnd) this.fail('there are bytes behind the end')
  }

  #require(length: number): void {
    if (this.#source.length - this.#offset < length) this.fail('the bytes end too early')
  }

  /** The number, if seven groups of bits hold it; else -1 less what they hold. */
  #lowVarint(): number {
    let low = 0
    let scale = 1
    for (let position = 0; position < 7; position++) {
      const byte = this.byte()
      low += (byte & 0x7f) * scale
      scale *= 0x80
      if (byte < 0x80) {
        if (byte === 0 && position > 0) return this.fail('the number is not in its shortest form')
        return low
      }
    }
    return -1 - low
  }

  #highVarint(low: number): bigint {
    let value = BigInt(low)
    for (let position = 7; position < 9; position++) {
      const byte = this.byte()
      value |= BigInt(byte & 0x7f) << BigInt(7 * position)
      if (byte < 0x80) {
        if (byte === 0) return this.fail('the number is not in its shortest form')
        return value
      }
    }
    return this.fail('the number is longer than nine bytes')
  }
}
