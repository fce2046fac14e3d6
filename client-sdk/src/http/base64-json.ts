import { utf8 } from '@tallystick/protocol'

/** A header is at most this long, characters: what servers take of all headers together. */
const HEADER_CHARACTERS_MAX = 16_384

/** JSON as x402 puts it into headers: base64 of UTF-8. */
export function encodeBase64Json(value: object): string {
  const bytes = utf8(JSON.stringify(value))
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}

/** The JSON of such a header; `undefined` where it is none. */
export function parseBase64Json(text: string): unknown {
  if (text.length > HEADER_CHARACTERS_MAX) return undefined
  try {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // None of the three has another way to say that text is not what it should be.
    return undefined
  }
}
