import { sha256, toHex, utf8 } from '@tallystick/protocol'

/**
 * What a database says about itself, in one row that every commit replaces in its own transaction
 * (JRN-1). Hashes are lower-case hex.
 */
export type Seal = {
  readonly format: number
  /** Whose database it is: the kind of the store and, where it has them, its chain and its key. */
  readonly owner: string
  /** 16 random bytes, new at each creation and each acceptance of a restored copy. */
  readonly id: string
  /** Number of this commit; the creation is 1. */
  readonly sequence: number
  /** `head` of the commit before; of a creation, zeros. */
  readonly previous: string
  /** SHA-256 over the digests of all that this commit wrote and removed. */
  readonly written: string
  /** XOR of the digests of all rows of the live tables. */
  readonly live: string
  /** The end of the hash chain: `headOf` all of the above. */
  readonly head: string
}

/** Where a chain of commits begins. */
export const FIRST_HEAD = '00'.repeat(32)

/** The head of the chain with this commit. */
export function headOf(seal: Omit<Seal, 'head'>): string {
  const { format, owner, id, sequence, previous, written, live } = seal
  const text = [format, owner, id, sequence, previous, written, live].join('\n')
  return toHex(sha256(utf8(`tallystick seal\n${text}`)))
}

/** The seal of the next commit. */
export function nextSeal(seal: Seal, change: { readonly written: string; readonly live: string }) {
  const { head: previous, sequence, ...rest } = seal
  const next = { ...rest, ...change, sequence: sequence + 1, previous }
  return { ...next, head: headOf(next) }
}
