import { putHex } from '../primitives/bytes.js'
import { invariant } from '../primitives/invariant.js'

/** A growing byte buffer that codecs append to. */
export class Writer {
  #buffer = new Uint8Array(256)
  #length = 0

  /** Begins afresh, in the same memory. */
  clear(): void {
    this.#length = 0
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
    while (rest > BigInt(Number.MAX_SAFE_INTEGER)) {
      this.byte(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    this.varint(Number(rest))
  }

  /** A copy of everything written. */
  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length)
  }

  #reserve(extra: number): void {
    if (this.#length + extra <= this.#buffer.length) return
    const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + extra))
    larger.set(this.#buffer)
    this.#buffer = larger
  }
}
