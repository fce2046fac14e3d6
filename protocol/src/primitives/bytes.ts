import { invariant } from './invariant.js'

const HEX_PATTERN = /^(?:[0-9a-f]{2})*$/
const HEX_OF_BYTE: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
)

/** Lower-case hex of `bytes`. */
export function toHex(bytes: Uint8Array): string {
  let hex = ''
  for (const byte of bytes) hex += HEX_OF_BYTE[byte]
  return hex
}

/** Bytes of a lower-case hex string; `undefined` when it is not one. */
export function parseHex(hex: string): Uint8Array | undefined {
  if (!HEX_PATTERN.test(hex)) return undefined
  const bytes = new Uint8Array(hex.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (nibble(hex.charCodeAt(2 * i)) << 4) | nibble(hex.charCodeAt(2 * i + 1))
  }
  return bytes
}

/** The value of one lower-case hex digit, given as its character code. */
function nibble(code: number): number {
  return code < 0x3a ? code - 0x30 : code - 0x57
}

/** Bytes of a hex string that is known to be well-formed (a branded identifier, a literal). */
export function fromHex(hex: string): Uint8Array {
  const bytes = parseHex(hex)
  invariant(bytes !== undefined, 'fromHex takes lower-case hex of whole bytes')
  return bytes
}

/** One array holding `parts` one after the other. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** Equal length and content. Not constant-time: never use it on secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** Lexicographic order, a shorter prefix first: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
