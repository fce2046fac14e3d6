import { type Description, toHex } from '@tallystick/protocol'

/** A description as a shop keeps it: the words, or the hash of words that stand elsewhere. */
export function describedAs(description: Description): string {
  return description.kind === 'text' ? description.text : `sha256:${toHex(description.hash)}`
}
