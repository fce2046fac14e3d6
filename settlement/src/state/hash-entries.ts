import {
  equalBytes,
  STATE_ENTRIES,
  sparseLeafHash,
  stateValueHash,
  TAG,
  taggedHash,
  toHex,
} from '@tallystick/protocol'
import type { EntryBatch } from '../store/ledger-store.js'
import { entryKindOf } from './entry-kind.js'

/** The hash of each entry's leaf, 32 bytes, one after the other; or which entry is damaged. */
export type HashedEntries =
  | { readonly kind: 'hashed'; readonly leafHashes: Uint8Array }
  | { readonly kind: 'damaged'; readonly detail: string }

/**
 * Hashes entries as they lie in storage (STATE-3). The root covers place and value; that the entry's
 * own key, which lists are answered from, belongs to its place is checked here.
 */
export function hashEntries(batch: EntryBatch): HashedEntries {
  const leafHashes = new Uint8Array(32 * batch.count)
  let [keyAt, valueAt] = [0, 0]
  for (let position = 0; position < batch.count; position++) {
    const key = batch.keys.subarray(32 * position, 32 * position + 32)
    const kind = entryKindOf(batch.kinds[position] ?? 0)
    const keyEnd = keyAt + (batch.entryKeyLengths[position] ?? 0)
    const valueEnd = valueAt + (batch.valueLengths[position] ?? 0)
    if (kind === undefined) return damaged(`entry ${toHex(key)} is of no known kind`)
    const own = batch.entryKeys.subarray(keyAt, keyEnd)
    const due = taggedHash(TAG.stateKey, Uint8Array.of(STATE_ENTRIES[kind].byte), own)
    if (!equalBytes(due, key)) return damaged(`entry ${toHex(key)} is no ${kind}`)
    const valueHash = stateValueHash(kind, batch.values.subarray(valueAt, valueEnd))
    leafHashes.set(sparseLeafHash(key, valueHash), 32 * position)
    keyAt = keyEnd
    valueAt = valueEnd
  }
  return { kind: 'hashed', leafHashes }
}

function damaged(detail: string): HashedEntries {
  return { kind: 'damaged', detail }
}
