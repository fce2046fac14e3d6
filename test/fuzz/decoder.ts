import type { Dice } from '../protocol/test-channel.js'

/** What a decoder said: it took the bytes, or refused them by a name that it is known for. */
export type Verdict = 'accepted' | 'refused'

/** One reader of bytes, or of text or JSON as its UTF-8, that come from outside or from a disk. */
export type Decoder = {
  /** What `npm run fuzz -- --decoder` calls it. */
  readonly name: string
  /** The exported functions that it tries, by name. */
  readonly covers: readonly string[]
  /** Random input that is accepted; `undefined` when this throw of the dice gave none. */
  valid(dice: Dice): Uint8Array | undefined
  /**
   * Reads the input. Throws when a rule of all decoders is broken (INV-23): another exception than
   * its own named ones, a rejection without a code, or a value whose encoding is not the input.
   */
  check(input: Uint8Array): Verdict | Promise<Verdict>
}

/**
 * Input as text. A byte 0xff, which UTF-8 does not have, stands for a lone surrogate, so that text
 * that is no Unicode is tried as well.
 */
export function textOf(input: Uint8Array): string {
  const parts: string[] = []
  let from = 0
  for (let at = input.indexOf(0xff); at >= 0; at = input.indexOf(0xff, from)) {
    parts.push(lossy.decode(input.subarray(from, at)))
    from = at + 1
  }
  parts.push(lossy.decode(input.subarray(from)))
  return parts.join('\ud800')
}

const lossy = new TextDecoder('utf-8', { ignoreBOM: true })

/** Whether `error` is one of a class, with a code of the kind that callers can go by. */
export function isNamed(error: unknown, className: string): boolean {
  if (!(error instanceof Error) || error.name !== className) return false
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' && /^[a-z][a-z0-9_]*$/.test(code)
}
