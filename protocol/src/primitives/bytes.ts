import { hexOf } from '#hex'
import { invariant } from './invariant.js'

/** The value of each lower-case hex digit by its character code; -1 for all other characters. */
const DIGITS = Int8Array.from({ length: 256 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code)),
)

/** Lower-case hex of `bytes`. */
export function toHex(bytes: Uint8Array): string {
  return hexOf(bytes, 0, bytes.length)
}

/**
 * Bytes of a lower-case hex string; `undefined` when it is not one. Written out because 32 bytes by
 * way of a Buffer take four times as long.
 */
export function parseHex(hex: string): Uint8Array | undefined {
  if (hex.length % 2 !== 0) return undefined
  const bytes = new Uint8Array(hex.length / 2)
  return putHex(hex, bytes, 0) ? bytes : undefined
}

/** Puts the bytes of `hex`, an even number of digits, at `offset`; false when it is not hex. */
export function putHex(hex: string, bytes: Uint8Array, offset: number): boolean {
  for (let i = 0; i < hex.length; i += 2) {
    const byte = (digitAt(hex, i) << 4) | digitAt(hex, i + 1)
    if (byte < 0) return false
    bytes[offset + i / 2] = byte
  }
  return true
}

/** Bytes of a hex string that is known to be well-formed (a branded identifier, a literal). */
export function fromHex(hex: string): Uint8Array {
  const bytes = parseHex(hex)
  invariant(bytes !== undefined, 'fromHex takes lower-case hex of whole bytes')
  return bytes
}

/** Negative where the character is no lower-case hex digit. */
function digitAt(hex: string, position: number): number {
  return DIGITS[hex.charCodeAt(position)] ?? -1
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
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
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
