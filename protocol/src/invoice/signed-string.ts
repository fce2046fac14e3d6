import { bech32m } from '@scure/base'

/** Bytes as one string under a human-readable prefix (bech32m). */
export function signedString(prefix: string, bytes: Uint8Array, charactersMax: number): string {
  return bech32m.encode(prefix, bech32m.toWords(bytes), charactersMax)
}

/** The bytes of such a string, at least one; absent: it is none, whatever is wrong with it. */
export function signedStringBytes(
  prefix: string,
  shown: string,
  charactersMax: number,
): Uint8Array | undefined {
  // QR codes are smaller in upper case; bech32m takes either, and never both at once.
  // Letters of other scripts that lower to ours, such as the Kelvin sign, are not ours.
  // Plain JavaScript may hand in anything.
  if (typeof shown !== 'string') return undefined
  if (shown.length > charactersMax || !/^[A-Za-z0-9]+$/.test(shown)) return undefined
  const text = shown === shown.toUpperCase() ? shown.toLowerCase() : shown
  if (!text.startsWith(`${prefix}1`)) return undefined
  const decoded = bech32m.decodeUnsafe(text as `${string}1${string}`, charactersMax)
  const bytes = decoded && decoded.prefix === prefix && bech32m.fromWordsUnsafe(decoded.words)
  return bytes && bytes.length > 0 ? bytes : undefined
}
