import { earlierLink } from './hash-chain.js'

type Known = { readonly index: number; readonly link: Uint8Array }

/** Of a chain that was walked, every so many links are kept: 32 kB of the longest. */
const STRIDE = 64

/** The links kept of what is known, the highest first; they go when what they hang on goes. */
const WALKED = new WeakMap<Known, Uint8Array[]>()

/**
 * Link `index` of the chain of `known`, 32 bytes; `index` is 0 (the anchor) to `known.index`. For one `known`, each link
 * of the chain is hashed once, however often and in whatever order its links are asked for, and 63 more each time at most.
 */
export function linkBelow(known: Known, index: number): Uint8Array {
  const steps = known.index - index
  if (steps <= STRIDE) return earlierLink(known.link, steps)
  const kept = WALKED.get(known) ?? [known.link]
  WALKED.set(known, kept)
  let lowest = kept.at(-1) ?? known.link
  while (kept.length <= Math.floor(steps / STRIDE)) {
    lowest = earlierLink(lowest, STRIDE)
    kept.push(lowest)
  }
  return earlierLink(kept[Math.floor(steps / STRIDE)] ?? lowest, steps % STRIDE)
}
