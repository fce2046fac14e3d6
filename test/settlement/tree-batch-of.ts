import { concatBytes } from '@tallystick/protocol'
import type { TreeBatch } from '#settlement/tree/tree-batch.js'

/** A change as a test names it: a key and the new hash of its leaf, 32 bytes each, or none. */
export type TestChange = { readonly key: Uint8Array; readonly leafHash: Uint8Array | undefined }

export function treeBatchOf(changes: readonly TestChange[]): TreeBatch {
  return {
    count: changes.length,
    keys: concatBytes(...changes.map(({ key }) => key)),
    leafHashes: concatBytes(...changes.map(({ leafHash }) => leafHash ?? new Uint8Array(32))),
    removals: Uint8Array.from(changes, ({ leafHash }) => (leafHash === undefined ? 1 : 0)),
  }
}
