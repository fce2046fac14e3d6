import { type Codec, decodeTrusted, STATE_ENTRIES, toHex } from '@tallystick/protocol'
import type { StateWrite } from '../core/ledger-view.js'
import { DAMAGES_MAX, ROWS_BESIDE_WORK } from '../limits.js'
import { ownersOf } from '../store/entry-row.js'
import type { LedgerStore, StoredEntry } from '../store/ledger-store.js'
import type { Damages } from './damages.js'

/**
 * Whether lists find each entry by its lock and keys: the state root does not cover what they are
 * asked by. For a store whose entries were found to be those of the root. With `signal` a few at a
 * time, beside the work of a node, until it is aborted.
 */
export async function verifyOwners(store: LedgerStore, signal?: AbortSignal): Promise<Damages> {
  const damages: string[] = []
  for await (const entries of store.ownedEntries(signal && ROWS_BESIDE_WORK)) {
    if (signal?.aborted) break
    for (const entry of entries) {
      const due = ownersOf(writeOf(entry))
      const isFound =
        isSame(entry.lock, due.lock) &&
        isSame(entry.clientKey, due.clientKey) &&
        isSame(entry.hubKey, due.hubKey)
      if (isFound) continue
      damages.push(`lists do not find ${entry.kind} ${toHex(entry.key)} by its owners`)
      if (damages.length >= DAMAGES_MAX) return damages
    }
  }
  return damages
}

function writeOf({ kind, entryKey, value }: StoredEntry): StateWrite {
  const codecs = STATE_ENTRIES[kind]
  const key = decodeTrusted(codecs.key as Codec<StateWrite['key']>, entryKey)
  // The kind chose both codecs, so the three belong together.
  return {
    ...{ kind, key },
    value: decodeTrusted(codecs.value as Codec<StateWrite['value']>, value),
  } as StateWrite
}

function isSame(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : toHex(a) === toHex(b)
}
