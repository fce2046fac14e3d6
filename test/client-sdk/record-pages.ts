import type { StoredRecord } from '@tallystick/client-sdk'

/** What `WalletStore.page` answers of records in memory. */
export function pageOf(
  records: Iterable<readonly [string, Uint8Array]>,
  after: string | undefined,
  limit: number,
  order: 'ascending' | 'descending',
): readonly StoredRecord[] {
  const sign = order === 'ascending' ? 1 : -1
  return [...records]
    .map(([key, value]) => ({ key, value }))
    .filter(({ key }) => after === undefined || (sign > 0 ? key > after : key < after))
    .sort((a, b) => sign * (a.key < b.key ? -1 : 1))
    .slice(0, limit)
}
