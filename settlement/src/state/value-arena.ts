import { type EntryKind, invariant } from '@tallystick/protocol'
import { entryKindOf } from './entry-kind.js'

/** Bytes that room is given out in. */
const UNIT = 16
/** Bytes of one piece of memory; a value never lies in two. */
const SEGMENT_BYTES = 16 * 1_048_576
const UNITS_PER_SEGMENT = SEGMENT_BYTES / UNIT
/** By how much the columns grow when they are full. */
const GROWTH = 1.125
const SLOTS_MIN = 1_024

/** Encoded values by the slot of their leaf: a few large buffers instead of an object each. */
export class ValueArena {
  readonly #segments: Uint8Array[] = []
  /** Places that were given back, by their length in units. */
  readonly #free = new Map<number, number[]>()
  /** Per slot: where its value begins, in units, how many bytes it has, and of what kind it is. */
  #starts = new Uint32Array()
  #lengths = new Uint32Array()
  #kinds = new Uint8Array()
  #nextUnit = 0

  /** Bytes of memory. */
  get byteLength(): number {
    const columns = this.#starts.byteLength + this.#lengths.byteLength + this.#kinds.byteLength
    return columns + this.#segments.length * SEGMENT_BYTES
  }

  /** `kind`: the byte of a kind (STATE-2). */
  put(slot: number, kind: number, value: Uint8Array): void {
    invariant(value.length <= SEGMENT_BYTES, 'an encoded value fits into one piece of memory')
    if (slot >= this.#starts.length) this.reserve(Math.ceil(GROWTH * (slot + SLOTS_MIN)))
    const start = this.#take(unitsOf(value.length))
    this.#starts[slot] = start
    this.#lengths[slot] = value.length
    this.#kinds[slot] = kind
    this.#segmentOf(start).set(value, offsetOf(start))
  }

  /** The kind and the bytes in a slot; the bytes are not copied and good until the slot is freed. */
  get(slot: number): { readonly kind: EntryKind; readonly value: Uint8Array } {
    const [start, length] = [this.#starts[slot] ?? 0, this.#lengths[slot] ?? 0]
    const kind = entryKindOf(this.#kinds[slot] ?? 0)
    invariant(kind !== undefined, 'a slot in use holds a value of a known kind')
    const offset = offsetOf(start)
    return { kind, value: this.#segmentOf(start).subarray(offset, offset + length) }
  }

  free(slot: number): void {
    const units = unitsOf(this.#lengths[slot] ?? 0)
    const places = this.#free.get(units)
    const start = this.#starts[slot] ?? 0
    if (places === undefined) this.#free.set(units, [start])
    else places.push(start)
  }

  /** Makes room in the columns for so many slots at once. */
  reserve(slots: number): void {
    if (slots <= this.#starts.length) return
    const [starts, lengths, kinds] = [this.#starts, this.#lengths, this.#kinds]
    this.#starts = new Uint32Array(slots)
    this.#lengths = new Uint32Array(slots)
    this.#kinds = new Uint8Array(slots)
    this.#starts.set(starts)
    this.#lengths.set(lengths)
    this.#kinds.set(kinds)
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
