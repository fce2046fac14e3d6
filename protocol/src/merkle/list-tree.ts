/*
 * The Merkle tree over an ordered list: the transactions of a block, the proofs under one batch
 * signature. Shape of RFC 6962 §2.1: split at the largest power of two smaller than n. Seen from
 * below, neighbours pair up level by level and a last one without a neighbour rises unchanged, so
 * nothing is ever duplicated or padded and two lists of different length never share a root
 * (invariant 36). Leaves and nodes have different tags, so neither passes for the other.
 *
 *          root                 Three leaves: the path of c is [ab]. On the lowest level c has no
 *         /    \                neighbour and contributes no sibling, which is why its path is
 *       ab      c               shorter than that of a, [b, c].
 *      /  \
 *     a    b
 */

import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import { equalBytes } from '../primitives/bytes.js'
import { invariant } from '../primitives/invariant.js'

/** Where one leaf stands in a list and the siblings that lead from it to the root. */
export type ListPosition = {
  /** The 32-byte hash that the caller put into the list, before it was hashed as a leaf. */
  readonly leaf: Uint8Array
  /** Counted from 0. */
  readonly index: number
  /** Length of the whole list, 1 to 2^32. */
  readonly count: number
  /** Siblings of 32 bytes each, lowest first; at most 32 of them. */
  readonly path: readonly Uint8Array[]
}

const HASH_BYTES = 32

/** 2^32: positions stay unsigned 32-bit numbers and a path has at most 32 siblings. */
const LIST_COUNT_MAX = 2 ** 32

/** Root of the empty list: 32 zero bytes, which no hash is known to give. Do not write to it. */
export const EMPTY_LIST_ROOT: Uint8Array = new Uint8Array(HASH_BYTES)

/** The 32-byte root over `leaves`, each a 32-byte tagged hash made by the caller. */
export function listRoot(leaves: readonly Uint8Array[]): Uint8Array {
  return listRootOf(leaves.map(listLeaf))
}

/** The hash of a leaf, 32 bytes: for a caller that puts the same leaves into many lists. */
export function listLeaf(leaf: Uint8Array): Uint8Array {
  invariant(leaf.length === HASH_BYTES, 'a leaf of a list tree is a 32-byte hash')
  return taggedHash(TAG.listLeaf, leaf)
}

/** The root over leaves that are hashed already (`listLeaf`). */
export function listRootOf(hashed: readonly Uint8Array[]): Uint8Array {
  let level = hashed
  while (level.length > 1) level = levelAbove(level)
  return level[0] ?? EMPTY_LIST_ROOT
}

/** The siblings of 32 bytes each, lowest first, that lead from `leaves[index]` to the root. */
export function listPath(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  invariant(
    Number.isInteger(index) && index >= 0 && index < leaves.length,
    'a path starts at a leaf of the list',
  )
  return siblingsOf(index, listLevels(leaves))
}

/** The root, and the path of every leaf in list order: 2n - 1 hashes for all of them together. */
export function listPaths(leaves: readonly Uint8Array[]): {
  readonly root: Uint8Array
  readonly paths: readonly Uint8Array[][]
} {
  const levels = listLevels(leaves)
  const root = levels.at(-1)?.[0] ?? EMPTY_LIST_ROOT
  return { root, paths: leaves.map((_, index) => siblingsOf(index, levels)) }
}

/**
 * The 32-byte root that `leaf` and `path` lead to; `undefined` when a length is wrong, `index` is
 * not below `count`, or `count` is above 2^32. For each (index, count) exactly one number of
 * siblings is right, so no path has a shorter or longer second form.
 *
 * What is bound (RFC 9162 §2.1.3.2): the root fixes the leaf and, **for a given count**, its index.
 * The root does not fix the count. A path only says left or right per sibling, and lists of
 * different length can share these turns: the path of index 0 is as good for a count of 4 as for 3,
 * that of index 2 of 3 also reads as index 1 of 2. Who relies on index or count must have `count`
 * from where the root comes from, signed or hashed together with it.
 */
export function rootFromListPath(position: ListPosition): Uint8Array | undefined {
  const { leaf, index, count, path } = position
  if (leaf.length !== HASH_BYTES) return undefined
  if (!Number.isInteger(count) || count > LIST_COUNT_MAX) return undefined
  if (!Number.isInteger(index) || index < 0 || index >= count) return undefined

  let hash = taggedHash(TAG.listLeaf, leaf)
  let used = 0
  // `at` and `last` are positions on one level; the unsigned shift keeps those above 2^31 positive.
  for (let at = index, last = count - 1; last > 0; at = at >>> 1, last = last >>> 1) {
    const isRight = at % 2 === 1
    if (!isRight && at === last) continue
    const sibling = path[used]
    if (sibling?.length !== HASH_BYTES) return undefined
    hash = isRight ? nodeHash(sibling, hash) : nodeHash(hash, sibling)
    used += 1
  }
  return used === path.length ? hash : undefined
}

/** Whether `leaf` is in the list under `root`. What this binds and what not: `rootFromListPath`. */
export function verifyListPath(position: ListPosition & { readonly root: Uint8Array }): boolean {
  const reached = rootFromListPath(position)
  return reached !== undefined && equalBytes(reached, position.root)
}

/** All levels from the hashed leaves up to the root alone; no level for the empty list. */
function listLevels(leaves: readonly Uint8Array[]): Uint8Array[][] {
  if (leaves.length === 0) return []
  let level = leaves.map(listLeaf)
  const levels = [level]
  while (level.length > 1) {
    level = levelAbove(level)
    levels.push(level)
  }
  return levels
}

function levelAbove(level: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = []
  for (let at = 0; at < level.length; at += 2) {
    const [left, right] = [level[at], level[at + 1]]
    if (left !== undefined) above.push(right === undefined ? left : nodeHash(left, right))
  }
  return above
}

function siblingsOf(index: number, levels: readonly Uint8Array[][]): Uint8Array[] {
  const siblings: Uint8Array[] = []
  let at = index
  for (const level of levels) {
    const sibling = level[at % 2 === 0 ? at + 1 : at - 1]
    if (sibling !== undefined) siblings.push(sibling)
    at = Math.floor(at / 2)
  }
  return siblings
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return taggedHash(TAG.listNode, left, right)
}
