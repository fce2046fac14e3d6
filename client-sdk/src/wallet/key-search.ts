import { inParallel } from '../ledger/in-parallel.js'

/** Unused keys in a row after which no more are looked for on the ledger. */
const KEY_GAP_MAX = 8

/**
 * Looks at channel keys from index `first` on, until `KEY_GAP_MAX` in a row beyond `next`, or beyond the
 * last that is used, are not (KEY-2); the ledger shows only channels that are not settled. Answers the
 * index behind the last one that is used, at least `next`.
 */
export async function searchKeys(
  next: number,
  isUsed: (keyIndex: number) => Promise<boolean>,
  first = 0,
): Promise<number> {
  let end = next
  for (let from = first; from < end + KEY_GAP_MAX; from += KEY_GAP_MAX) {
    const indexes = Array.from({ length: KEY_GAP_MAX }, (_, i) => from + i)
    const used = await inParallel(indexes, KEY_GAP_MAX, isUsed)
    if (used.includes(true)) end = Math.max(end, from + used.lastIndexOf(true) + 1)
  }
  return end
}
