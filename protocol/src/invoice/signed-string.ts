import { bech32m } from '@scure/base'

/** What is given to people as a string that its maker has signed, and the prefix of each. */
const PREFIXES = { invoice: 'tally', offer: 'tallyo', receipt: 'tallyr' } as const
const NAMES = { invoice: 'an invoice', offer: 'an offer', receipt: 'a receipt' } as const
export type SignedStringKind = keyof typeof PREFIXES
const KINDS = Object.keys(PREFIXES) as readonly SignedStringKind[]

/** Bytes as one string under the human-readable prefix of its kind (bech32m). */
export function signedString(
  kind: SignedStringKind,
  bytes: Uint8Array,
  charactersMax: number,
): string {
  return bech32m.encode(PREFIXES[kind], bech32m.toWords(bytes), charactersMax)
}

/** The bytes of such a string, at least one; or, in a sentence, why it is none. */
export function signedStringBytes(
  kind: SignedStringKind,
  shown: string,
  charactersMax: number,
): Uint8Array | string {
  const starts = `${NAMES[kind]} starts with ${PREFIXES[kind]}1`
  const altered = `${starts} and has a right checksum: this one was cut off or altered`
  // QR codes are smaller in upper case; bech32m takes either, and never both at once.
  // Letters of other scripts that lower to ours, such as the Kelvin sign, are not ours.
  // Plain JavaScript may hand in anything.
  if (typeof shown !== 'string') return altered
  if (shown.length > charactersMax || !/^[A-Za-z0-9]+$/.test(shown)) return altered
  const text = shown === shown.toUpperCase() ? shown.toLowerCase() : shown
  const other = KINDS.find((each) => text.startsWith(`${PREFIXES[each]}1`))
  if (other !== kind)
    return other === undefined ? altered : `${starts}, and this is ${NAMES[other]}`
  const decoded = bech32m.decodeUnsafe(text as `${string}1${string}`, charactersMax)
  const bytes =
    decoded && decoded.prefix === PREFIXES[kind] && bech32m.fromWordsUnsafe(decoded.words)
  return bytes && bytes.length > 0 ? bytes : altered
}
