import {
  buildTree,
  encode,
  type SparseTree,
  STATE_ENTRIES,
  stateKey,
  stateValueHash,
  updateTree,
} from '@tallystick/protocol'
import type { StateWrite } from './ledger-view.js'

/** The encoded value of a write; `undefined` where it removes the entry. */
export function encodedValue(write: StateWrite): Uint8Array | undefined {
  if (write.value === undefined) return undefined
  // Each member of the union pairs a kind with its own value; the table is indexed by that kind.
  const codec = STATE_ENTRIES[write.kind].value as Parameters<typeof encode<typeof write.value>>[0]
  return encode(codec, write.value)
}

function treeChange(write: StateWrite) {
  const value = encodedValue(write)
  return {
    key: stateKey(write.kind, write.key),
    valueHash: value === undefined ? undefined : stateValueHash(write.kind, value),
  }
}

/** The state tree after `writes`, of which no two are of one entry. */
export function advanceTree(tree: SparseTree, writes: readonly StateWrite[]): SparseTree {
  return updateTree(tree, writes.map(treeChange))
}

/** The state tree over entries read back from storage. */
export function treeOf(
  entries: Iterable<{ readonly key: Uint8Array; readonly valueHash: Uint8Array }>,
): SparseTree {
  return buildTree([...entries])
}
