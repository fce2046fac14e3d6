/*
 * The sparse Merkle tree over the state again, for tests: the same rule (MRK-3) with objects in place
 * of typed arrays, immutable. An update gives a new tree that shares all it did not touch with the
 * old one, which stays valid.
 *
 * The shape is a function of the set of entries alone (invariant 34). A subtree with one entry is a
 * leaf as high up as it is alone, so what a deletion leaves alone has to rise. `joinHalves` does
 * that and is the only place where two halves become one, hence insert, delete, insert ends where
 * insert does.
 *
 * A batch is sorted and divided on the way down like the tree itself: each half receives the
 * changes that concern it, a half without changes is kept as it is, and a node is hashed once on
 * the way up, however many changes lie under it. Example: 0110 joins the lone leaf 0100. The leaf
 * moves down the bits both share, 0 and 1, and the two part at the third:
 *
 *     leaf 0100   becomes   node( node( empty, node( leaf 0100, leaf 0110 ) ), empty )
 */

import {
  compareBytes,
  EMPTY_SUBTREE_HASH,
  equalBytes,
  invariant,
  keyBit,
  SPARSE_HASH_BYTES,
  type SparseProof,
  type SparseTerminal,
  sparseLeafHash,
  sparseNodeHash,
  stateKey,
  stateValueHash,
} from '@tallystick/protocol'
import {
  type LedgerState,
  type LedgerView,
  type StateWrite,
  stateChanges,
} from '@tallystick/settlement'
import { changedKey, changedValue } from '#settlement/state/state-changes.js'

/** Names the one field of a tree; never exported, so that no other file can look inside. */
const top: unique symbol = Symbol('top')

/** An immutable set of entries with its root; made and read only by the functions of this file. */
export type SparseTree = { readonly [top]: Subtree }

/** A key and the hash of its value, 32 bytes each. */
export type SparseEntry = { readonly key: Uint8Array; readonly valueHash: Uint8Array }

/** The new value hash of a key, 32 bytes each; `undefined` deletes the entry, if there is one. */
export type SparseChange = {
  readonly key: Uint8Array
  readonly valueHash: Uint8Array | undefined
}

type Empty = { readonly kind: 'empty'; readonly hash: Uint8Array }
type Leaf = SparseEntry & { readonly kind: 'leaf'; readonly hash: Uint8Array }
type Node = {
  readonly kind: 'node'
  readonly hash: Uint8Array
  readonly left: Subtree
  readonly right: Subtree
}
type Subtree = Empty | Leaf | Node

const EMPTY: Empty = { kind: 'empty', hash: EMPTY_SUBTREE_HASH }

/** The tree without entries. */
export const EMPTY_TREE: SparseTree = { [top]: EMPTY }

/** The 32-byte root of `tree`. Shared with the tree: do not write to it. */
export function treeRoot(tree: SparseTree): Uint8Array {
  return tree[top].hash
}

/** The tree of `entries`, each key at most once. The same as inserting them in any order. */
export function buildTree(entries: readonly SparseEntry[]): SparseTree {
  return updateTree(EMPTY_TREE, entries)
}

/**
 * `tree` with all `changes` made at once; `tree` itself stays as it was. Each key at most once:
 * which of two changes came last is for the caller to know. Throws `BrokenInvariant` otherwise.
 */
export function updateTree(tree: SparseTree, changes: readonly SparseChange[]): SparseTree {
  const sorted = changes.toSorted((a, b) => compareBytes(a.key, b.key))
  sorted.forEach(({ key, valueHash }, i) => {
    invariant(key.length === SPARSE_HASH_BYTES, 'a key has 32 bytes')
    invariant(
      valueHash === undefined || valueHash.length === SPARSE_HASH_BYTES,
      'a value hash has 32 bytes',
    )
    const next = sorted[i + 1]
    invariant(
      next === undefined || !equalBytes(key, next.key),
      'a batch changes each key at most once',
    )
  })
  const before = tree[top]
  const after = updateSubtree(before, sorted, 0)
  return after === before ? tree : { [top]: after }
}

/** The walk along the bits of the 32-byte `key`, which shows that it is in the tree or is not. */
export function proveKey(tree: SparseTree, key: Uint8Array): SparseProof {
  invariant(key.length === SPARSE_HASH_BYTES, 'a key has 32 bytes')
  const siblings: Uint8Array[] = []
  let subtree = tree[top]
  while (subtree.kind === 'node') {
    const { left, right } = subtree
    const goesRight = keyBit(key, siblings.length) === 1
    siblings.push(goesRight ? left.hash : right.hash)
    subtree = goesRight ? right : left
  }
  return { siblings, terminal: terminalFor(key, subtree) }
}

/** The tree after `writes`, of which no two are of one entry. */
export function advanceTree(tree: SparseTree, writes: readonly StateWrite[]): SparseTree {
  const encoded = stateChanges(writes)
  const changes = writes.map(({ kind }, position) => {
    const value = changedValue(encoded, position)
    return { key: changedKey(encoded, position), valueHash: value && stateValueHash(kind, value) }
  })
  return updateTree(tree, changes)
}

/** Proofs of entries as the ledger's own state gives them. */
export function provingState(tree: SparseTree): Pick<LedgerState, 'prove'> {
  return { prove: (kind, key) => proveKey(tree, stateKey(kind, key)) }
}

/** What a block is applied to: `view`, which stays as it is, under the root that `tree` gives. */
export function stageableState(view: LedgerView, tree: SparseTree) {
  return {
    read: view.read.bind(view) as LedgerView['read'],
    stage: (writes: readonly StateWrite[]) => ({
      root: treeRoot(advanceTree(tree, writes)),
      before: (position: number) => {
        const write = writes[position]
        return write && view.read(write.kind, write.key)
      },
      commit: () => undefined,
      discard: () => undefined,
    }),
  }
}

function terminalFor(key: Uint8Array, end: Empty | Leaf): SparseTerminal {
  if (end.kind === 'empty') return { kind: 'empty' }
  if (equalBytes(end.key, key)) return { kind: 'present' }
  return { kind: 'other', key: end.key, valueHash: end.valueHash }
}

/** `changes` are sorted and all lie under `subtree`, which hangs `depth` bits below the root. */
function updateSubtree(subtree: Subtree, changes: readonly SparseChange[], depth: number): Subtree {
  const [change] = changes
  if (change === undefined) return subtree
  const isAlone =
    changes.length === 1 &&
    (subtree.kind === 'empty' || (subtree.kind === 'leaf' && equalBytes(subtree.key, change.key)))
  if (isAlone) return leafOf(change)

  const [left, right] = halvesOf(subtree, depth)
  const split = firstRight(changes, depth)
  const newLeft = updateSubtree(left, changes.slice(0, split), depth + 1)
  const newRight = updateSubtree(right, changes.slice(split), depth + 1)
  // Deletions of missing keys: nothing to hash again, and the parent sees it by identity too.
  if (subtree.kind === 'node' && newLeft === left && newRight === right) return subtree
  return joinHalves(newLeft, newRight)
}

function leafOf({ key, valueHash }: SparseChange): Subtree {
  if (valueHash === undefined) return EMPTY
  // Copies: a caller may reuse its buffer, and a view would keep a whole network packet alive.
  return {
    kind: 'leaf',
    hash: sparseLeafHash(key, valueHash),
    key: new Uint8Array(key),
    valueHash: new Uint8Array(valueHash),
  }
}

/** A lone leaf moves down on its own side, to part from what the batch puts beside it. */
function halvesOf(subtree: Subtree, depth: number): readonly [left: Subtree, right: Subtree] {
  switch (subtree.kind) {
    case 'empty':
      return [EMPTY, EMPTY]
    case 'leaf':
      return keyBit(subtree.key, depth) === 0 ? [subtree, EMPTY] : [EMPTY, subtree]
    case 'node':
      return [subtree.left, subtree.right]
  }
}

/** How many of `changes`, sorted and alike above `depth`, go left. */
function firstRight(changes: readonly SparseChange[], depth: number): number {
  let low = 0
  let high = changes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const change = changes[middle]
    if (change !== undefined && keyBit(change.key, depth) === 0) low = middle + 1
    else high = middle
  }
  return low
}

function joinHalves(left: Subtree, right: Subtree): Subtree {
  if (left.kind === 'empty' && right.kind !== 'node') return right
  if (right.kind === 'empty' && left.kind !== 'node') return left
  return { kind: 'node', hash: sparseNodeHash(left.hash, right.hash), left, right }
}
