import {
  encode,
  STATE_ENTRIES,
  sparseLeafHash,
  stateKey,
  stateValueHash,
} from '@tallystick/protocol'
import type { StateWrite } from '../core/ledger-view.js'
import type { TreeChange } from '../tree/sparse-tree.js'

/** A write as the state tree and storage take it. */
export type StateChange = TreeChange & {
  readonly kind: StateWrite['kind']
  /** The encoded value; `undefined` where the entry is removed. */
  readonly value: Uint8Array | undefined
}

/** What `write` does to the state tree (STATE-3). `key`: its state key, where it is known. */
export function stateChange(
  write: StateWrite,
  key: Uint8Array = stateKey(write.kind, write.key),
): StateChange {
  const { kind } = write
  const value = encodedValue(write)
  if (value === undefined) return { kind, key, value, leafHash: undefined }
  return { kind, key, value, leafHash: sparseLeafHash(key, stateValueHash(kind, value)) }
}

function encodedValue(write: StateWrite): Uint8Array | undefined {
  if (write.value === undefined) return undefined
  // Each member of the union pairs a kind with its own value; the table is indexed by that kind.
  const codec = STATE_ENTRIES[write.kind].value as Parameters<typeof encode<typeof write.value>>[0]
  return encode(codec, write.value)
}
