/*
 * The sparse Merkle tree over the state (MRK-3) in typed arrays: 32-byte keys, compressed as in
 * Jellyfish. Of an entry it keeps the key and the hash of its leaf; values live with the caller,
 * by the leaf's slot.
 *
 * The shape is a function of the set of entries alone (invariant 34). A subtree with one entry is a
 * leaf as high up as it is alone, so what a deletion leaves alone has to rise. `#join` does that and
 * is the only place where two halves become one, hence insert, delete, insert ends where insert
 * does.
 *
 * A batch is sorted and divided on the way down like the tree itself. What it touches is copied to
 * new slots, so the tree as it was stays whole and readable until the batch is committed, and is
 * whole again when it is discarded. Nodes are hashed at the end, level by level from the deepest,
 * because memory gives the inputs of many sooner than those of one after the other.
 */

import { invariant, keyBit, type SparseProof, type SparseTerminal } from '@tallystick/protocol'
import { fetchPaths } from './fetch-paths.js'
import { HASH_WORDS, type SortedBatch, sortedBatch, type TreeBatch } from './tree-batch.js'
import { LeafColumns, NodeColumns } from './tree-columns.js'
import {
  EMPTY,
  isLeaf,
  isNode,
  leafRef,
  nodeRef,
  SlotList,
  type Subtree,
  slotOf,
} from './tree-slots.js'

/** A batch that is worked out and not yet part of the tree. */
export type StagedBatch = {
  /** The root that the tree would have, 32 bytes. */
  readonly root: Uint8Array
  /** The leaf slot of each change, in the order of the batch; 0 for a deletion. */
  readonly slots: Uint32Array
  /** The leaf slot that each change replaces or removes; 0 where there was no entry. */
  readonly replaced: Uint32Array
  /** Leaf slots that the commit gives back; good until the next batch. */
  readonly retired: Uint32Array
  /** Like `SparseTree.prove`, as the tree would be. */
  prove(key: Uint8Array, valueHashOf: (slot: number) => Uint8Array): SparseProof
  /** Makes the batch part of the tree. */
  commit(): void
  /** Forgets it. */
  discard(): void
}

/** Slots by kind, to be given back. */
type SlotLists = { readonly nodes: SlotList; readonly leaves: SlotList }

type Batch = {
  readonly changes: SortedBatch
  readonly slots: Uint32Array
  readonly replaced: Uint32Array
  readonly created: SlotLists
  readonly retired: SlotLists
  /** New nodes by their depth. */
  readonly unhashed: SlotList[]
}

/** Changes of one part of a batch: what they touch has the size of a processor's cache. */
const PART_CHANGES = 256

/** A mutable set of entries with its root. One batch at a time is staged, then committed or not. */
export class SparseTree {
  readonly #leaves = new LeafColumns()
  readonly #nodes = new NodeColumns()
  #top: Subtree = EMPTY
  #isStaged = false
  /** Of the batch that is staged: lists of many thousands, whose memory serves every batch. */
  readonly #created: SlotLists = { nodes: new SlotList(), leaves: new SlotList() }
  readonly #retired: SlotLists = { nodes: new SlotList(), leaves: new SlotList() }
  readonly #unhashed: SlotList[] = []

  /** The root, 32 bytes, copied. */
  get root(): Uint8Array {
    return this.#hashOf(this.#top)
  }

  /** Entries in the tree. */
  get size(): number {
    return this.#leaves.slots.size
  }

  /** Bytes of memory that the columns take. */
  get byteLength(): number {
    return this.#leaves.byteLength + this.#nodes.byteLength
  }

  /** Makes room for so many entries at once; a larger tree grows by itself. */
  reserve(entries: number): void {
    // A batch stands beside what it replaces. What no row has touched is no memory.
    const rows = Math.ceil(1.0625 * (entries + 1))
    this.#leaves.slots.reserve(rows)
    // A random binary trie of n leaves has n / ln 2 inner nodes.
    this.#nodes.slots.reserve(Math.ceil(rows / Math.LN2))
  }

  /** The leaf slot of a 32-byte key; 0: there is no entry. */
  slotOf(key: Uint8Array): number {
    const nodes = this.#nodes
    let subtree = this.#top
    for (let depth = 0; isNode(subtree); depth++) {
      const slot = slotOf(subtree)
      subtree = keyBit(key, depth) === 1 ? nodes.right(slot) : nodes.left(slot)
    }
    const slot = slotOf(subtree)
    return isLeaf(subtree) && this.#leaves.hasKey(slot, key) ? slot : 0
  }

  /**
   * Brings the paths of keys that are read soon, 32 bytes each, into the processor's cache; answers
   * the leaf slots at their ends.
   */
  fetch(keys: Uint8Array): Uint32Array {
    const all = { keys, from: 0, to: keys.length / 32 }
    return fetchPaths(this.#nodes, this.#leaves, this.#top, 0, all)
  }

  /**
   * Works out all changes at once. The tree stays as it is until `commit`. Throws `BrokenInvariant`
   * on a repeated key, a wrong length, or a second batch meanwhile.
   */
  stage(given: TreeBatch): StagedBatch {
    invariant(!this.#isStaged, 'one batch is staged at a time')
    const changes = sortedBatch(given)
    const batch: Batch = {
      changes,
      slots: new Uint32Array(changes.count),
      replaced: new Uint32Array(changes.count),
      created: this.#created,
      retired: this.#retired,
      unhashed: this.#unhashed,
    }
    for (const { nodes, leaves } of [batch.created, batch.retired]) {
      nodes.clear()
      leaves.clear()
    }
    const top = this.#updateInParts(batch, this.#top, 0, changes.count, 0)
    this.#isStaged = true
    const end = (given: SlotLists, newTop: Subtree) => {
      invariant(this.#isStaged, 'a batch is committed or discarded once')
      this.#isStaged = false
      this.#top = newTop
      for (const slot of given.nodes.slots) this.#nodes.slots.give(slot)
      for (const slot of given.leaves.slots) this.#leaves.slots.give(slot)
    }
    return {
      root: this.#hashOf(top),
      slots: batch.slots,
      replaced: batch.replaced,
      retired: batch.retired.leaves.slots,
      prove: (key, valueHashOf) => this.#prove(top, key, valueHashOf),
      commit: () => end(batch.retired, top),
      discard: () => end(batch.created, this.#top),
    }
  }

  /**
   * The walk along the bits of the 32-byte `key`, which shows that it is in the tree or is not.
   * `valueHashOf` gives the value hash of a leaf slot.
   */
  prove(key: Uint8Array, valueHashOf: (slot: number) => Uint8Array): SparseProof {
    return this.#prove(this.#top, key, valueHashOf)
  }

  #prove(top: Subtree, key: Uint8Array, valueHashOf: (slot: number) => Uint8Array): SparseProof {
    const { subtree, siblings } = this.#walk(top, key)
    return {
      siblings: siblings.map((sibling) => this.#hashOf(sibling)),
      terminal: this.#terminalFor(key, subtree, valueHashOf),
    }
  }

  #terminalFor(
    key: Uint8Array,
    end: Subtree,
    valueHashOf: (slot: number) => Uint8Array,
  ): SparseTerminal {
    if (end === EMPTY) return { kind: 'empty' }
    const slot = slotOf(end)
    if (this.#leaves.hasKey(slot, key)) return { kind: 'present' }
    return { kind: 'other', key: this.#leaves.key(slot).slice(), valueHash: valueHashOf(slot) }
  }

  #walk(
    top: Subtree,
    key: Uint8Array,
  ): { readonly subtree: Subtree; readonly siblings: readonly Subtree[] } {
    invariant(key.length === 32, 'a key has 32 bytes')
    const nodes = this.#nodes
    const siblings: Subtree[] = []
    let subtree = top
    while (isNode(subtree)) {
      const slot = slotOf(subtree)
      const goesRight = keyBit(key, siblings.length) === 1
      siblings.push(goesRight ? nodes.left(slot) : nodes.right(slot))
      subtree = goesRight ? nodes.right(slot) : nodes.left(slot)
    }
    return { subtree, siblings }
  }

  /**
   * As `#update`, and hashes what is new, one part of the batch after the other: what a part touches
   * stays in the processor's cache from the first look at it to its hash. With what `fetchPaths`
   * does, 20,000 changes in a million leaves take 0.89 of the time that they take at once.
   */
  #updateInParts(batch: Batch, subtree: Subtree, from: number, to: number, depth: number): Subtree {
    let updated: Subtree
    if (to - from > PART_CHANGES && isNode(subtree)) {
      const split = this.#firstRight(batch, from, to, depth)
      const left = this.#half(subtree, 0, depth)
      const right = this.#half(subtree, 1, depth)
      const newLeft = this.#updateInParts(batch, left, from, split, depth + 1)
      const newRight = this.#updateInParts(batch, right, split, to, depth + 1)
      updated = this.#replace(batch, subtree, newLeft, newRight, depth)
    } else {
      const walked = { keys: batch.changes.keyBytes, from, to }
      fetchPaths(this.#nodes, this.#leaves, subtree, depth, walked)
      updated = this.#update(batch, subtree, from, to, depth)
    }
    for (let level = batch.unhashed.length - 1; level >= 0; level--) {
      const nodes = batch.unhashed[level]
      if (nodes === undefined) continue
      this.#nodes.hash(nodes.slots, this.#leaves)
      nodes.clear()
    }
    return updated
  }

  /** Changes `from` to `to` in order lie under `subtree`, which hangs `depth` bits below the root. */
  #update(batch: Batch, subtree: Subtree, from: number, to: number, depth: number): Subtree {
    if (from === to) return subtree
    const slot = slotOf(subtree)
    if (to - from === 1 && !isNode(subtree)) {
      if (subtree === EMPTY) return this.#place(batch, from)
      if (this.#leaves.hasKeyAt(slot, batch.changes.keys, HASH_WORDS * from)) {
        batch.retired.leaves.push(slot)
        batch.replaced[batch.changes.positions[from] ?? 0] = slot
        return this.#place(batch, from)
      }
    }
    const left = this.#half(subtree, 0, depth)
    const right = this.#half(subtree, 1, depth)
    const split = this.#firstRight(batch, from, to, depth)
    const newLeft = this.#update(batch, left, from, split, depth + 1)
    const newRight = this.#update(batch, right, split, to, depth + 1)
    return this.#replace(batch, subtree, newLeft, newRight, depth)
  }

  /** What stands in the place of `subtree` once it has these halves. */
  #replace(batch: Batch, subtree: Subtree, left: Subtree, right: Subtree, depth: number): Subtree {
    if (isNode(subtree)) {
      const slot = slotOf(subtree)
      // Deletions of missing keys: nothing to hash again, and the parent sees it too.
      if (left === this.#nodes.left(slot) && right === this.#nodes.right(slot)) return subtree
      batch.retired.nodes.push(slot)
    }
    return this.#join(batch, left, right, depth)
  }

  /** A leaf for change `i` in order; nothing for a deletion. */
  #place({ changes, created, slots }: Batch, i: number): Subtree {
    const { keys, leafHashes, positions, removals } = changes
    const position = positions[i] ?? 0
    if (removals[position] === 1) return EMPTY
    const slot = this.#leaves.add(keys, HASH_WORDS * i, leafHashes, HASH_WORDS * position)
    created.leaves.push(slot)
    slots[position] = slot
    return leafRef(slot)
  }

  #join(batch: Batch, left: Subtree, right: Subtree, depth: number): Subtree {
    if (left === EMPTY && !isNode(right)) return right
    if (right === EMPTY && !isNode(left)) return left
    const slot = this.#nodes.add(left, right)
    batch.created.nodes.push(slot)
    for (let level = batch.unhashed.length; level <= depth; level++) {
      batch.unhashed.push(new SlotList())
    }
    batch.unhashed[depth]?.push(slot)
    return nodeRef(slot)
  }

  /**
   * A half of `subtree`, 0 left and 1 right. A lone leaf moves down on its own side, to part from
   * what the batch puts beside it.
   */
  #half(subtree: Subtree, side: 0 | 1, depth: number): Subtree {
    const slot = slotOf(subtree)
    if (isNode(subtree)) return side === 0 ? this.#nodes.left(slot) : this.#nodes.right(slot)
    return isLeaf(subtree) && this.#leaves.keyBit(slot, depth) === side ? subtree : EMPTY
  }

  /** The first of the changes `from` to `to`, sorted and alike above `depth`, that goes right. */
  #firstRight({ changes }: Batch, from: number, to: number, depth: number): number {
    const { keyBytes } = changes
    const byte = depth >>> 3
    const mask = 0x80 >>> (depth & 7)
    let low = from
    let high = to
    while (low < high) {
      const middle = (low + high) >>> 1
      if (((keyBytes[32 * middle + byte] ?? 0) & mask) === 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #hashOf(subtree: Subtree): Uint8Array {
    return this.#nodes.hashOf(subtree, this.#leaves)
  }
}
