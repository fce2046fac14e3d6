import { type EntryKind, invariant } from '@tallystick/protocol'
import { widened } from '../tree/tree-slots.js'
import { entryKindOf } from './entry-kind.js'

/** Bytes that room is given out in. */
const UNIT = 16
/** Bytes of one piece of memory; a value never lies in two. */
const SEGMENT_BYTES = 16 * 1_048_576
const UNITS_PER_SEGMENT = SEGMENT_BYTES / UNIT
/** By how much the rows grow when they are full; what is not used yet is no memory. */
const GROWTH = 1.25
const SLOTS_MIN = 1_024

/** Encoded values by the slot of their leaf: a few large buffers instead of an object each. */
export class ValueArena {
  readonly #segments: Uint8Array[] = []
  /** Places that were given back, by their length in units. */
  readonly #free = new Map<number, number[]>()
  /**
   * Two words per slot, so that one look at memory gives both: where its value begins, in units, and
   * its bytes times 256 plus the byte of its kind.
   */
  #rows = new Uint32Array()
  #nextUnit = 0

  /** Bytes of memory. */
  get byteLength(): number {
    return this.#rows.byteLength + this.#segments.length * SEGMENT_BYTES
  }

  /** `kind`: the byte of a kind (STATE-2). */
  put(slot: number, kind: number, value: Uint8Array): void {
    invariant(value.length < SEGMENT_BYTES, 'an encoded value fits into one piece of memory')
    if (2 * slot >= this.#rows.length) this.reserve(Math.ceil(GROWTH * (slot + SLOTS_MIN)))
    const start = this.#take(unitsOf(value.length))
    this.#rows[2 * slot] = start
    this.#rows[2 * slot + 1] = 256 * value.length + kind
    this.#segmentOf(start).set(value, offsetOf(start))
  }

  /** The kind and the bytes in a slot; the bytes are not copied and good until the slot is freed. */
  get(slot: number): { readonly kind: EntryKind; readonly value: Uint8Array } {
    const start = this.#rows[2 * slot] ?? 0
    const kind = entryKindOf((this.#rows[2 * slot + 1] ?? 0) & 0xff)
    invariant(kind !== undefined, 'a slot in use holds a value of a known kind')
    const offset = offsetOf(start)
    const value = this.#segmentOf(start).subarray(offset, offset + this.#lengthOf(slot))
    return { kind, value }
  }

  /** Brings the values of slots that are read soon into the processor's cache; 0 is none. */
  fetch(slots: Uint32Array): void {
    // Many reads that do not wait for each other; summed up because a read without a use is left out.
    let sum = 0
    for (const slot of slots) sum += this.#rows[2 * slot] ?? 0
    for (const slot of slots) {
      if (slot === 0) continue
      const start = this.#rows[2 * slot] ?? 0
      sum += this.#segmentOf(start)[offsetOf(start)] ?? 0
    }
    invariant(sum >= 0, 'places and bytes are not negative')
  }

  free(slot: number): void {
    const units = unitsOf(this.#lengthOf(slot))
    const places = this.#free.get(units)
    const start = this.#rows[2 * slot] ?? 0
    if (places === undefined) this.#free.set(units, [start])
    else places.push(start)
  }

  /** Makes room for so many slots at once. */
  reserve(slots: number): void {
    if (2 * slots <= this.#rows.length) return
    this.#rows = widened(this.#rows, 2 * slots)
  }

  #lengthOf(slot: number): number {
    return (this.#rows[2 * slot + 1] ?? 0) >>> 8
  }

  #take(units: number): number {
    const free = this.#free.get(units)?.pop()
    if (free !== undefined) return free
    const left = UNITS_PER_SEGMENT * this.#segments.length - this.#nextUnit
    if (left < units) {
      this.#nextUnit = UNITS_PER_SEGMENT * this.#segments.length
      this.#segments.push(new Uint8Array(SEGMENT_BYTES))
    }
    const start = this.#nextUnit
    this.#nextUnit += units
    return start
  }

  #segmentOf(start: number): Uint8Array {
    const segment = this.#segments[Math.floor(start / UNITS_PER_SEGMENT)]
    invariant(segment !== undefined, 'a place lies in a piece of memory')
    return segment
  }
}

function unitsOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / UNIT))
}

function offsetOf(start: number): number {
  return UNIT * (start % UNITS_PER_SEGMENT)
}
