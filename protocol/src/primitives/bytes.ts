import { bytesOf, hexOf } from '#hex'
import { invariant } from './invariant.js'

const HEX_PATTERN = /^(?:[0-9a-f]{2})*$/

/** Lower-case hex of `bytes`. */
export function toHex(bytes: Uint8Array): string {
  return hexOf(bytes)
}

/** Bytes of a lower-case hex string; `undefined` when it is not one. */
export function parseHex(hex: string): Uint8Array | undefined {
  return HEX_PATTERN.test(hex) ? bytesOf(hex) : undefined
}

/** Bytes of a hex string that is known to be well-formed (a branded identifier, a literal). */
export function fromHex(hex: string): Uint8Array {
  const bytes = bytesOf(hex)
  invariant(
    bytes !== undefined && hex === hex.toLowerCase(),
    'fromHex takes lower-case hex of whole bytes',
  )
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
