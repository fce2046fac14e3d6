import { compareBytes, equalBytes, invariant } from '@tallystick/protocol'
import type { TreeChange } from './sparse-tree.js'

/** Changes of one batch; with 32 bits of a key, their number is a whole one below 2^53. */
const BATCH_CHANGES_MAX = 2 ** 20

/** The positions of `changes` in the order of their keys, which differ. */
export function sortedPositions(changes: readonly TreeChange[]): readonly number[] {
  invariant(changes.length <= BATCH_CHANGES_MAX, `a batch has ${BATCH_CHANGES_MAX} changes at most`)
  // The first 32 bits of a key and its position in one number: sorting numbers is ten times faster
  // than comparing bytes. Keys are hashes, so few share so many bits.
  const packed = new Float64Array(changes.length)
  let position = 0
  for (const { key, leafHash } of changes) {
    invariant(key.length === 32, 'a key has 32 bytes')
    invariant(leafHash === undefined || leafHash.length === 32, 'a leaf hash has 32 bytes')
    packed[position] = prefixOf(key) * BATCH_CHANGES_MAX + position
    position++
  }
  packed.sort()
  const positions = Array.from(packed, (number) => number % BATCH_CHANGES_MAX)
  for (let from = 0; from < positions.length; ) {
    const prefix = Math.floor((packed[from] ?? 0) / BATCH_CHANGES_MAX)
    let to = from + 1
    while (Math.floor((packed[to] ?? -1) / BATCH_CHANGES_MAX) === prefix) to++
    if (to - from > 1) sortAlike(changes, positions, from, to)
    from = to
  }
  return positions
}

/** The first 32 bits of a key. */
function prefixOf(key: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = [key[0], key[1], key[2], key[3]]
  return a * 2 ** 24 + (b << 16) + (c << 8) + d
}

/** Sorts `positions` from `from` to `to`, whose keys share a prefix, by the whole of their keys. */
function sortAlike(
  changes: readonly TreeChange[],
  positions: number[],
  from: number,
  to: number,
): void {
  const keyAt = (position: number) => {
    const change = changes[position]
    invariant(change !== undefined, 'the position is one of the batch')
    return change.key
  }
  const alike = positions.slice(from, to).sort((a, b) => compareBytes(keyAt(a), keyAt(b)))
  alike.forEach((position, i) => {
    const next = alike[i + 1]
    const repeats = next !== undefined && equalBytes(keyAt(position), keyAt(next))
    invariant(!repeats, 'a batch changes each key at most once')
    positions[from + i] = position
  })
}
