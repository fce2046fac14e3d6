import type { RecordKind, StoreWrite, WalletStore } from '@tallystick/client-sdk'
import type { Incarnation } from './incarnation.js'
import type { VirtualDisk } from './virtual-disk.js'

/** What lies on a wallet's disk. */
export type WalletRecords = Map<RecordKind, Map<string, Uint8Array>>

/** A wallet's store for one life of its process. `onCommit` hears what was handed in to be written. */
export function virtualWalletStore(
  life: Incarnation,
  disk: VirtualDisk,
  records: WalletRecords,
  onCommit: (writes: readonly StoreWrite[]) => void,
): WalletStore {
  const of = (kind: RecordKind) => records.get(kind) ?? new Map<string, Uint8Array>()
  return {
    list: async (kind) => [...of(kind)].map(([key, value]) => ({ key, value })),
    get: async (kind, key) => of(kind).get(key),
    commit: (writes) => {
      onCommit(writes)
      return disk.transact(life, () => {
        for (const { kind, key, value } of writes) {
          const kept = of(kind)
          if (value === undefined) kept.delete(key)
          else kept.set(key, value)
          records.set(kind, kept)
        }
      })
    },
  }
}

/** A copy of what lies on the disk, as a backup would have it. */
export function copyRecords(records: WalletRecords): WalletRecords {
  return new Map([...records].map(([kind, kept]) => [kind, new Map(kept)]))
}
