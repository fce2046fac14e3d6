import { hashInto } from '@chainsafe/as-sha256'
import { EMPTY, isLeaf, Slots, type Subtree, slotOf, widened } from './tree-slots.js'

/** Words of 32 bits in a hash or a key. */
export const HASH_WORDS = 8
/** Nodes that are hashed by one call: their inputs and outputs stay in the processor's cache. */
const BATCH_NODES = 256

/** The leaves of a tree as columns: per slot the key and the hash of the leaf, 32 bytes each. */
export class LeafColumns {
  readonly slots = new Slots((capacity) => {
    this.keys = widened(this.keys, 32 * capacity)
    this.hashWords = widened(this.hashWords, HASH_WORDS * capacity)
    this.#hashes = new Uint8Array(this.hashWords.buffer)
  })
  keys = new Uint8Array()
  hashWords = new Uint32Array()
  /** The hashes again, as bytes. */
  #hashes = new Uint8Array()

  /** Bytes of memory. */
  get byteLength(): number {
    return this.keys.byteLength + this.hashWords.byteLength
  }

  /** The key of a slot, 32 bytes, not copied. */
  key(slot: number): Uint8Array {
    return this.keys.subarray(32 * slot, 32 * slot + 32)
  }

  /** Puts a new leaf into a slot of its own: its key and its hash, 32 bytes each. */
  add(key: Uint8Array, hash: Uint8Array): number {
    const slot = this.slots.take()
    this.keys.set(key, 32 * slot)
    this.#hashes.set(hash, 32 * slot)
    return slot
  }
}

/** The inner nodes of a tree as columns: per slot both halves and the hash. */
export class NodeColumns {
  readonly slots = new Slots((capacity) => {
    this.left = widened(this.left, capacity)
    this.right = widened(this.right, capacity)
    this.hashWords = widened(this.hashWords, HASH_WORDS * capacity)
  })
  left = new Uint32Array()
  right = new Uint32Array()
  hashWords = new Uint32Array()
  readonly #input = new Uint8Array(64 * BATCH_NODES)
  readonly #inputWords = new Uint32Array(this.#input.buffer)
  readonly #output = new Uint8Array(32 * BATCH_NODES)
  readonly #outputWords = new Uint32Array(this.#output.buffer)

  /** Bytes of memory. */
  get byteLength(): number {
    return this.left.byteLength + this.right.byteLength + this.hashWords.byteLength
  }

  /** Hashes nodes whose halves are all hashed already (MRK-3). */
  hash(slots: readonly number[], leaves: LeafColumns): void {
    for (let from = 0; from < slots.length; from += BATCH_NODES) {
      this.#hashBatch(slots.slice(from, from + BATCH_NODES), leaves)
    }
  }

  #hashBatch(slots: readonly number[], leaves: LeafColumns): void {
    const { left, right, hashWords } = this
    const output = this.#outputWords
    let at = 0
    for (const slot of slots) {
      this.#copyHash(left[slot] ?? EMPTY, leaves, at)
      this.#copyHash(right[slot] ?? EMPTY, leaves, at + HASH_WORDS)
      at += 2 * HASH_WORDS
    }
    const count = slots.length
    hashInto(this.#input.subarray(0, 64 * count), this.#output.subarray(0, 32 * count))
    let from = 0
    for (const slot of slots) {
      const to = HASH_WORDS * slot
      for (let word = 0; word < HASH_WORDS; word++) hashWords[to + word] = output[from + word] ?? 0
      from += HASH_WORDS
    }
  }

  #copyHash(subtree: Subtree, leaves: LeafColumns, at: number): void {
    const input = this.#inputWords
    if (subtree === EMPTY) {
      input.fill(0, at, at + HASH_WORDS)
      return
    }
    const words = isLeaf(subtree) ? leaves.hashWords : this.hashWords
    const from = HASH_WORDS * slotOf(subtree)
    for (let word = 0; word < HASH_WORDS; word++) input[at + word] = words[from + word] ?? 0
  }
}
