import type { StoredRecord } from './wallet-store.js'

/** What `WalletStore.page` answers, of all records of a kind. */
export function keyRange(
  records: readonly StoredRecord[],
  after: string | undefined,
  limit: number,
  order: 'ascending' | 'descending',
): readonly StoredRecord[] {
  const sign = order === 'ascending' ? 1 : -1
  return records
    .filter(({ key }) => after === undefined || (sign > 0 ? key > after : key < after))
    .sort((a, b) => sign * (a.key < b.key ? -1 : 1))
    .slice(0, limit)
}
