import {
  type Codec,
  type EntryKind,
  encode,
  fromHex,
  STATE_ENTRIES,
  type StateEntries,
  stateKey,
} from '@tallystick/protocol'
import type { StateWrite } from '../core/ledger-view.js'
import { encodedValue } from '../core/state-root.js'
import type { EntryOwners, StoredEntry } from './ledger-store.js'

/** An entry with the columns that lists are asked by. */
export type EntryRow = StoredEntry & EntryOwners

const KIND_OF_BYTE = new Map(
  Object.entries(STATE_ENTRIES).map(([kind, { byte }]) => [byte, kind as EntryKind]),
)

/** The kind that a number in storage stands for. */
export function entryKindOf(byte: number): EntryKind | undefined {
  return KIND_OF_BYTE.get(byte)
}

/** What a block's writes put into storage, and the state keys that they remove from it. */
export function entryRows(writes: readonly StateWrite[]): {
  readonly put: readonly EntryRow[]
  readonly remove: readonly Uint8Array[]
} {
  const put: EntryRow[] = []
  const remove: Uint8Array[] = []
  for (const write of writes) {
    const key = stateKey(write.kind, write.key)
    const value = encodedValue(write)
    if (value === undefined) remove.push(key)
    else put.push({ key, kind: write.kind, entryKey: encodedKey(write), value, ...ownersOf(write) })
  }
  return { put, remove }
}

/** The encoded value of an entry that is read from memory. */
export function encodeEntry<Kind extends EntryKind>(
  kind: Kind,
  value: StateEntries[Kind]['value'],
): Uint8Array {
  return encode(STATE_ENTRIES[kind].value, value)
}

function encodedKey({ kind, key }: StateWrite): Uint8Array {
  // The union pairs each kind with its own key; the table is indexed by that kind.
  return encode(STATE_ENTRIES[kind].key as Codec<typeof key>, key)
}

function ownersOf(write: StateWrite): EntryOwners {
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
