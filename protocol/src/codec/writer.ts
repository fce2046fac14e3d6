import { putHex, utf8 } from '../primitives/bytes.js'
import { invariant } from '../primitives/invariant.js'

/** A growing byte buffer that codecs append to. */
export class Writer {
  #buffer = new Uint8Array(256)
  #length = 0

  /** Begins afresh, in the same memory. */
  clear(): void {
    this.#length = 0
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length
  }

  /** Appends one byte, 0..255. */
  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
  }

  /** Appends `bytes` as they are. */
  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** Appends the bytes of lower-case hex digits, an even number of them. */
  hex(hex: string): void {
    this.#reserve(hex.length / 2)
    const isHex = putHex(hex, this.#buffer, this.#length)
    invariant(isHex, 'an identifier is lower-case hex')
    this.#length += hex.length / 2
  }

  /** Appends an unsigned LEB128 number: seven bits a byte, least significant first (ENC-2). */
  varint(value: number): void {
    invariant(Number.isSafeInteger(value) && value >= 0, 'a varint is a whole number >= 0')
    if (value < 0x80) return this.byte(value)
    let rest = value
    while (rest >= 0x80) {
      this.byte((rest % 0x80) | 0x80)
      rest = Math.floor(rest / 0x80)
    }
    this.byte(rest)
  }

  /** Appends an unsigned LEB128 `bigint`. */
  bigVarint(value: bigint): void {
    invariant(value >= 0n, 'a varint is >= 0')
    let rest = value
    while (rest > SAFE_MAX) {
      this.byte(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    this.varint(Number(rest))
  }

  /** Appends the UTF-8 of a text, and nothing that says how long it is. */
  text(text: string): void {
    this.#reserve(text.length)
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code >= 0x80) return this.bytes(utf8(text.slice(i)))
      this.#buffer[this.#length++] = code
    }
  }

  /** Appends what `write` appends to this writer, and before it, as a varint, how many bytes that is. */
  sized(write: () => void): void {
    const start = this.#length
    write()
    const end = this.#length
    // The number goes where its bytes are, once it is known how many.
    this.varint(end - start)
    const moved = this.#length - end
    const number = this.#buffer.slice(end, this.#length)
    this.#buffer.copyWithin(start + moved, start, end)
    this.#buffer.set(number, start)
  }

  /** Forgets the first `length` bytes. */
  shift(length: number): void {
    this.#buffer.copyWithin(0, length, this.#length)
    this.#length -= length
  }

  /** A copy of everything written. */
  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length)
  }

  /** The first `length` bytes in the writer's own memory: they are these until it is written to again. */
  view(length = this.#length): Uint8Array {
    return this.#buffer.subarray(0, length)
  }

  #reserve(extra: number): void {
    if (this.#length + extra <= this.#buffer.length) return
    const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + extra))
    larger.set(this.#buffer)
    this.#buffer = larger
  }
}

const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER)
