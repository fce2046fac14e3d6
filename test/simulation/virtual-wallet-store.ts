import type { RecordKind, StoreWrite, WalletStore } from '@tallystick/client-sdk'
import { keyRange } from '#client-sdk/store/key-range.js'
import type { Incarnation } from './incarnation.js'
import type { VirtualDisk } from './virtual-disk.js'

/** What lies on a wallet's disk. */
export type WalletRecords = Map<RecordKind, Map<string, Uint8Array>>

/** Who hears what is handed in to be written, and what is on the disk from then on. */
export type StoreEars = {
  readonly onCommit: (writes: readonly StoreWrite[]) => void
  readonly onStored: (writes: readonly StoreWrite[]) => void
}

/** A wallet's store for one life of its process. */
export function virtualWalletStore(
  life: Incarnation,
  disk: VirtualDisk,
  records: WalletRecords,
  { onCommit, onStored }: StoreEars,
): WalletStore {
  const of = (kind: RecordKind) => records.get(kind) ?? new Map<string, Uint8Array>()
  return {
    list: async (kind) => recordsOf(of(kind)),
    get: async (kind, key) => of(kind).get(key),
    page: async (kind, after, limit, order) => keyRange(recordsOf(of(kind)), after, limit, order),
    commit: (writes) => {
      onCommit(writes)
      return disk.transact(life, () => {
        for (const { kind, key, value } of writes) {
          const kept = of(kind)
          if (value === undefined) kept.delete(key)
          else kept.set(key, value)
          records.set(kind, kept)
        }
        onStored(writes)
      })
    },
  }
}

function recordsOf(kept: ReadonlyMap<string, Uint8Array>) {
  return [...kept].map(([key, value]) => ({ key, value }))
}

/** A copy of what lies on the disk, as a backup would have it. */
export function copyRecords(records: WalletRecords): WalletRecords {
  return new Map([...records].map(([kind, kept]) => [kind, new Map(kept)]))
}
