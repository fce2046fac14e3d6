/*
 * Proofs that a key is, or is not, in the state. A light client needs this file and not the tree.
 *
 * The rule of the tree, which `sparse-tree.ts` builds and this file checks: a subtree without
 * entries hashes to 32 zero bytes; one with a single entry is a leaf, wherever that is first the
 * case; any other is a node over two halves, bit i of the key (most significant first) choosing at
 * depth i.
 *
 * Why inclusion and absence of one key can never both verify under one root (invariant 36): both
 * walk down the same bits, so as long as no two inputs share a hash they meet the same subtree at
 * each depth. Where the shorter one ends, that subtree would have to be two of these at once:
 * nothing (zeros), a leaf of this key, a leaf of another key, a node. A leaf is the hash of 65 bytes, a
 * node of 64; a leaf hash contains its key, and zeros are not a known hash of anything.
 */

import { sha256, TAG, taggedHash } from '../crypto/tagged-hash.js'
import { concatBytes, equalBytes } from '../primitives/bytes.js'

/** What stands where the walk along the bits of a key ends. */
export type SparseTerminal =
  /** The leaf of the key itself. */
  | { readonly kind: 'present' }
  /** Nothing. */
  | { readonly kind: 'empty' }
  /** The leaf of another key, alone under the prefix that both share; 32 bytes each. */
  | { readonly kind: 'other'; readonly key: Uint8Array; readonly valueHash: Uint8Array }

/** The one walk from the root along the bits of a key. */
export type SparseProof = {
  /** The sides not taken at bit 0, 1, …, so root first; 32 bytes each, at most 256. */
  readonly siblings: readonly Uint8Array[]
  readonly terminal: SparseTerminal
}

/** Bytes of a key, a value hash and a subtree hash. */
export const SPARSE_HASH_BYTES = 32

/** 256: the bits of a key, hence the longest walk. */
const SPARSE_DEPTH_MAX = 8 * SPARSE_HASH_BYTES

/** Hash of a subtree without entries, 32 zero bytes. Do not write to it. */
export const EMPTY_SUBTREE_HASH: Uint8Array = new Uint8Array(SPARSE_HASH_BYTES)

/** Whether `proof` shows that `key` stands under `root` with `valueHash`; 32 bytes each. */
export function verifyInclusion(
  root: Uint8Array,
  key: Uint8Array,
  valueHash: Uint8Array,
  proof: SparseProof,
): boolean {
  if (proof.terminal.kind !== 'present' || !isHash(key) || !isHash(valueHash)) return false
  return leadsTo(root, key, sparseLeafHash(key, valueHash), proof.siblings)
}

/** Whether `proof` shows that `key` has no entry under `root`; 32 bytes each. */
export function verifyAbsence(root: Uint8Array, key: Uint8Array, proof: SparseProof): boolean {
  const { siblings, terminal } = proof
  if (!isHash(key)) return false
  switch (terminal.kind) {
    case 'present':
      return false
    case 'empty':
      // Beside an empty half stand at least two entries, which differ in a bit still to come.
      if (siblings.length >= SPARSE_DEPTH_MAX) return false
      return leadsTo(root, key, EMPTY_SUBTREE_HASH, siblings)
    case 'other': {
      const { key: otherKey, valueHash } = terminal
      if (!isHash(otherKey) || !isHash(valueHash) || equalBytes(otherKey, key)) return false
      if (!sharePrefix(key, otherKey, siblings.length)) return false
      return leadsTo(root, key, sparseLeafHash(otherKey, valueHash), siblings)
    }
  }
}

/** Hash of a subtree holding one entry, 32 bytes, from its 32-byte key and value hash. */
export function sparseLeafHash(key: Uint8Array, valueHash: Uint8Array): Uint8Array {
  return taggedHash(TAG.stateLeaf, key, valueHash)
}

/**
 * Hash of a subtree holding two or more entries, 32 bytes, from those of its halves. The only hashed
 * object without a tag (HASH-3): 64 bytes are one block of SHA-256, for which fast code exists.
 */
export function sparseNodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(left, right))
}

/** Bit `depth` (0 to 255) of a 32-byte key, most significant first: 0 goes left, 1 goes right. */
export function keyBit(key: Uint8Array, depth: number): 0 | 1 {
  const byte = key[depth >>> 3] ?? 0
  return ((byte >>> (7 - (depth & 7))) & 1) === 1 ? 1 : 0
}

/** Whether `terminal`, below `siblings` on the way of `key`, gives `root` in a canonical shape. */
function leadsTo(
  root: Uint8Array,
  key: Uint8Array,
  terminal: Uint8Array,
  siblings: readonly Uint8Array[],
): boolean {
  if (siblings.length > SPARSE_DEPTH_MAX || !siblings.every(isHash)) return false
  // What ends a walk is at most one entry; beside nothing it would itself stand one level higher.
  const deepest = siblings.at(-1)
  if (deepest !== undefined && equalBytes(deepest, EMPTY_SUBTREE_HASH)) return false

  const reached = siblings.reduceRight(
    (hash, sibling, depth) =>
      keyBit(key, depth) === 1 ? sparseNodeHash(sibling, hash) : sparseNodeHash(hash, sibling),
    terminal,
  )
  return equalBytes(reached, root)
}

function sharePrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  for (let depth = 0; depth < bits; depth++) {
    if (keyBit(a, depth) !== keyBit(b, depth)) return false
  }
  return true
}

function isHash(bytes: Uint8Array): boolean {
  return bytes.length === SPARSE_HASH_BYTES
}
