import { type Codec, encode, fromHex, STATE_ENTRIES } from '@tallystick/protocol'
import type { StateWrite } from '../core/ledger-view.js'
import { changedKey, changedValue, type StateChanges } from '../state/state-changes.js'
import type { EntryOwners, StoredEntry } from './ledger-store.js'

/** An entry with the columns that lists are asked by. */
export type EntryRow = StoredEntry & EntryOwners

/**
 * What a block puts into storage, and the state keys that it removes from it. `changes`: the same
 * writes, encoded, in the same order.
 */
export function entryRows(
  writes: readonly StateWrite[],
  changes: StateChanges,
): {
  readonly put: readonly EntryRow[]
  readonly remove: readonly Uint8Array[]
} {
  const put: EntryRow[] = []
  const remove: Uint8Array[] = []
  for (const [position, write] of writes.entries()) {
    const key = changedKey(changes, position)
    const value = changedValue(changes, position)
    if (value === undefined) remove.push(key)
    else put.push({ key, kind: write.kind, entryKey: encodedKey(write), value, ...ownersOf(write) })
  }
  return { put, remove }
}

function encodedKey({ kind, key }: StateWrite): Uint8Array {
  // The union pairs each kind with its own key; the table is indexed by that kind.
  return encode(STATE_ENTRIES[kind].key as Codec<typeof key>, key)
}

/** What lists find an entry by. */
export function ownersOf(write: StateWrite): EntryOwners {
  const nobody: EntryOwners = { lock: null, clientKey: null, hubKey: null }
  if (write.value === undefined) return nobody
  switch (write.kind) {
    case 'coin':
      return { ...nobody, lock: fromHex(write.value.lock) }
    case 'channel': {
      const { client, hub } = write.value
      return { ...nobody, clientKey: fromHex(client.key), hubKey: fromHex(hub.key) }
    }
    case 'parameters':
    case 'asset':
    case 'channelCount':
    case 'reveal':
    case 'revealStep':
    case 'assetCount':
    case 'parametersChange':
      return nobody
  }
}
