import { invariant } from '@tallystick/protocol'

/** Words of 32 bits in a key or a hash. */
export const HASH_WORDS = 8

/** Changes of one batch; with 32 bits of a key, their number is a whole one below 2^53. */
const BATCH_CHANGES_MAX = 2 ** 20

/**
 * Changes of one batch in columns: a few large arrays instead of three objects each, which the
 * collector of garbage would copy twice before the batch is done.
 */
export type TreeBatch = {
  readonly count: number
  /** 32 bytes each; no two alike. */
  readonly keys: Uint8Array
  /** The new hash of each leaf (MRK-3), 32 bytes each; not looked at where an entry is removed. */
  readonly leafHashes: Uint8Array
  /** 1 where the entry is removed, if there is one. */
  readonly removals: Uint8Array
}

/** A batch in the order of its keys. */
export type SortedBatch = {
  readonly count: number
  /** Keys in order, as they lie in memory. */
  readonly keys: Uint32Array
  readonly keyBytes: Uint8Array
  /** The position of each in the batch as it was given. */
  readonly positions: Uint32Array
  /** By that position. */
  readonly leafHashes: Uint32Array
  readonly removals: Uint8Array
}

/** A batch of removals and of new leaves, to be filled. */
export function emptyBatch(count: number): TreeBatch {
  return {
    count,
    keys: new Uint8Array(32 * count),
    leafHashes: new Uint8Array(32 * count),
    removals: new Uint8Array(count),
  }
}

/** `batch` in the order of its keys. Throws `BrokenInvariant` on a repeated key. */
export function sortedBatch({ count, keys, leafHashes, removals }: TreeBatch): SortedBatch {
  invariant(count <= BATCH_CHANGES_MAX, `a batch has ${BATCH_CHANGES_MAX} changes at most`)
  invariant(keys.length === 32 * count, 'a key has 32 bytes')
  invariant(leafHashes.length === 32 * count, 'a leaf hash has 32 bytes')
  const given = wordsOf(keys)
  const positions = sortedPositions(keys, count)
  const sorted = new Uint32Array(HASH_WORDS * count)
  for (let i = 0; i < count; i++) {
    const from = HASH_WORDS * (positions[i] ?? 0)
    for (let word = 0; word < HASH_WORDS; word++) {
      sorted[HASH_WORDS * i + word] = given[from + word] ?? 0
    }
  }
  const keyBytes = new Uint8Array(sorted.buffer)
  return { count, keys: sorted, keyBytes, positions, leafHashes: wordsOf(leafHashes), removals }
}

/** The same memory in words, or a copy where it does not begin at one. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4)
}

function sortedPositions(keys: Uint8Array, count: number): Uint32Array {
  // The first 32 bits of a key and its position in one number: sorting numbers is ten times faster
  // than comparing bytes. Keys are hashes, so few share so many bits.
  const packed = new Float64Array(count)
  for (let position = 0; position < count; position++) {
    packed[position] = prefixAt(keys, 32 * position) * BATCH_CHANGES_MAX + position
  }
  packed.sort()
  const positions = Uint32Array.from(packed, (number) => number % BATCH_CHANGES_MAX)
  for (let from = 0; from < count; ) {
    const prefix = Math.floor((packed[from] ?? 0) / BATCH_CHANGES_MAX)
    let to = from + 1
    while (Math.floor((packed[to] ?? -1) / BATCH_CHANGES_MAX) === prefix) to++
    if (to - from > 1) sortAlike(keys, positions.subarray(from, to))
    from = to
  }
  return positions
}

/** The first 32 bits of the key at a byte. */
function prefixAt(keys: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [keys[at], keys[at + 1], keys[at + 2], keys[at + 3]]
  return a * 2 ** 24 + (b << 16) + (c << 8) + d
}

/** Sorts `positions`, whose keys share a prefix, by the whole of their keys. */
function sortAlike(keys: Uint8Array, positions: Uint32Array): void {
  positions.sort((a, b) => {
    for (let i = 0; i < 32; i++) {
      const difference = (keys[32 * a + i] ?? 0) - (keys[32 * b + i] ?? 0)
      if (difference !== 0) return difference
    }
    invariant(a === b, 'a batch changes each key at most once')
    return 0
  })
}
