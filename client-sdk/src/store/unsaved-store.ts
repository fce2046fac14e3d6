import { keyRange } from './key-range.js'
import type { RecordKind, StoredRecord, StoreWrite, WalletStore } from './wallet-store.js'

/** A store over what another one holds, whose commits stay in memory and are gone with it. */
export function unsavedStore(saved: Pick<WalletStore, 'list' | 'get' | 'page'>): WalletStore {
  const written = new Map<string, StoreWrite>()
  return {
    list: async (kind) => {
      const own = [...written.values()].filter((write) => write.kind === kind)
      const kept = (await saved.list(kind)).filter(({ key }) => !written.has(nameOf(kind, key)))
      return [...kept, ...own.flatMap(recordsOf)]
    },
    get: async (kind, key) => {
      const own = written.get(nameOf(kind, key))
      return own === undefined ? saved.get(kind, key) : own.value
    },
    page: async (kind, after, limit, order) => {
      const own = [...written.values()].filter((write) => write.kind === kind)
      // Of those that are kept, as many may be written over.
      const kept = await saved.page(kind, after, limit + own.length, order)
      const others = kept.filter(({ key }) => !written.has(nameOf(kind, key)))
      return keyRange([...others, ...own.flatMap(recordsOf)], after, limit, order)
    },
    commit: async (writes) => {
      for (const write of writes) written.set(nameOf(write.kind, write.key), write)
    },
  }
}

function nameOf(kind: RecordKind, key: string): string {
  return `${kind} ${key}`
}

function recordsOf({ key, value }: StoreWrite): StoredRecord[] {
  return value === undefined ? [] : [{ key, value }]
}
