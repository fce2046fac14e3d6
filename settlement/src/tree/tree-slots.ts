/**
 * A child of a node, or the root: 0 is the empty subtree, an even number 2n names node n, an odd
 * number 2n+1 leaf n. Slots count from 1.
 */
export type Subtree = number

export const EMPTY: Subtree = 0

export const nodeRef = (slot: number): Subtree => 2 * slot
export const leafRef = (slot: number): Subtree => 2 * slot + 1
export const isLeaf = (subtree: Subtree): boolean => (subtree & 1) === 1
export const isNode = (subtree: Subtree): boolean => subtree !== EMPTY && (subtree & 1) === 0
export const slotOf = (subtree: Subtree): number => subtree >>> 1

/** By how much columns grow when they are full; what no row has touched yet is no memory. */
const GROWTH = 1.25
const SLOTS_MIN = 1_024

/**
 * Hands out row numbers of typed-array columns and takes them back. `resize` is told when the
 * columns must hold more rows.
 */
export class Slots {
  readonly #resize: (capacity: number) => void
  readonly #free: number[] = []
  #next = 1
  #capacity = 0

  constructor(resize: (capacity: number) => void) {
    this.#resize = resize
  }

  /** Rows in use. */
  get size(): number {
    return this.#next - 1 - this.#free.length
  }

  take(): number {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#next >= this.#capacity) {
      this.reserve(Math.max(SLOTS_MIN, Math.ceil(GROWTH * this.#capacity)))
    }
    return this.#next++
  }

  give(slot: number): void {
    this.#free.push(slot)
  }

  /** Makes room for so many rows in all at once. */
  reserve(capacity: number): void {
    if (capacity <= this.#capacity) return
    this.#capacity = capacity
    this.#resize(capacity)
  }
}

/** `column` with room for more words; what it holds stays where it is. */
export function widened<Column extends Uint8Array | Uint16Array | Uint32Array>(
  column: Column,
  length: number,
): Column {
  const wider = new (column.constructor as new (length: number) => Column)(length)
  wider.set(column)
  return wider
}

/** Row numbers in one growing array, which is used again for the next batch. */
export class SlotList {
  #slots = new Uint32Array(SLOTS_MIN)
  #length = 0

  push(slot: number): void {
    if (this.#length === this.#slots.length) this.#slots = widened(this.#slots, 2 * this.#length)
    this.#slots[this.#length++] = slot
  }

  /** What is in it, not copied: good until the next change. */
  get slots(): Uint32Array {
    return this.#slots.subarray(0, this.#length)
  }

  clear(): void {
    this.#length = 0
  }
}
