import {
  encode,
  STATE_ENTRIES,
  sparseLeafHash,
  stateKey,
  stateValueHash,
} from '@tallystick/protocol'
import type { StateWrite } from '../core/ledger-view.js'
import { emptyBatch, type TreeBatch } from '../tree/tree-batch.js'

/** Writes as the state tree and storage take them, in columns. */
export type StateChanges = TreeBatch & {
  /** The byte of each one's kind. */
  readonly kinds: Uint8Array
  /** Encoded values one after the other, and where each ends; nothing where an entry is removed. */
  readonly values: Uint8Array
  readonly valueEnds: Uint32Array
}

/** Room for an encoded value at first; most are of coins, which take fewer. */
const VALUE_BYTES = 64

/** What `writes` do to the state tree (STATE-3). `keyOf`: the state key of a write, where it is known. */
export function stateChanges(
  writes: readonly StateWrite[],
  keyOf: (write: StateWrite) => Uint8Array | undefined = () => undefined,
): StateChanges {
  const batch = emptyBatch(writes.length)
  const kinds = new Uint8Array(writes.length)
  const valueEnds = new Uint32Array(writes.length)
  let values = new Uint8Array(VALUE_BYTES * writes.length)
  let end = 0
  for (const [position, write] of writes.entries()) {
    const { kind } = write
    const key = keyOf(write) ?? stateKey(kind, write.key)
    kinds[position] = STATE_ENTRIES[kind].byte
    batch.keys.set(key, 32 * position)
    const value = encodedValue(write)
    if (value === undefined) {
      batch.removals[position] = 1
    } else {
      batch.leafHashes.set(sparseLeafHash(key, stateValueHash(kind, value)), 32 * position)
      if (end + value.length > values.length) values = withRoom(values, end + value.length)
      values.set(value, end)
      end += value.length
    }
    valueEnds[position] = end
  }
  return { ...batch, kinds, values, valueEnds }
}

/** The state key of the change at a position, 32 bytes, not copied. */
export function changedKey({ keys }: StateChanges, position: number): Uint8Array {
  return keys.subarray(32 * position, 32 * position + 32)
}

/** The encoded value of the change at a position, not copied; `undefined` where it removes. */
export function changedValue(
  { removals, values, valueEnds }: StateChanges,
  position: number,
): Uint8Array | undefined {
  if (removals[position] === 1) return undefined
  return values.subarray(position === 0 ? 0 : valueEnds[position - 1], valueEnds[position])
}

function encodedValue(write: StateWrite): Uint8Array | undefined {
  if (write.value === undefined) return undefined
  // Each member of the union pairs a kind with its own value; the table is indexed by that kind.
  const codec = STATE_ENTRIES[write.kind].value as Parameters<typeof encode<typeof write.value>>[0]
  return encode(codec, write.value)
}

function withRoom(values: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(2 * values.length, length))
  larger.set(values)
  return larger
}
