import { printableLine } from '@tallystick/daemon'
import { type Description, toHex } from '@tallystick/protocol'

/** What was asked for, on one line; empty: nothing was said. */
export function descriptionLine(description: Description): string {
  return description.kind === 'text'
    ? printableLine(description.text)
    : `what has the SHA-256 ${toHex(description.hash)}`
}

/** The same for programs: one of the two. */
export function descriptionFacts(description: Description): object {
  return description.kind === 'text'
    ? { description: description.text }
    : { description_hash: toHex(description.hash) }
}
