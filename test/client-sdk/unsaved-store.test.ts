import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyRange } from '#client-sdk/store/key-range.js'
import { unsavedStore } from '#client-sdk/store/unsaved-store.js'

type Order = 'ascending' | 'descending'

test('JRN-6 a store that is only looked at shows what was written to it, and keeps none of it', async () => {
  const kept = [1, 2, 3].map((n) => ({ key: `${n}`, value: Uint8Array.of(n) }))
  const saved = {
    list: async () => kept,
    get: async (_kind: string, key: string) => kept.find((record) => record.key === key)?.value,
    page: async (_kind: string, after: string | undefined, limit: number, order: Order) =>
      keyRange(kept, after, limit, order),
  }
  const store = unsavedStore(saved)
  await store.commit([
    { kind: 'channel', key: '2', value: Uint8Array.of(9) },
    { kind: 'channel', key: '3', value: undefined },
    { kind: 'invoice', key: '1', value: Uint8Array.of(7) },
    { kind: 'invoiceOrder', key: '2', value: Uint8Array.of(9) },
    { kind: 'invoiceOrder', key: '3', value: undefined },
  ])
  const channels = await store.list('channel')
  assert.deepEqual(
    channels.map(({ key, value }) => [key, [...value]]),
    [
      ['1', [1]],
      ['2', [9]],
    ],
  )
  const pages = async (order: Order, after?: string) =>
    (await store.page('invoiceOrder', after, 1, order)).map(({ key }) => key)
  assert.deepEqual(await pages('ascending'), ['1'])
  assert.deepEqual(await pages('ascending', '1'), ['2'])
  assert.deepEqual(await pages('descending'), ['2'])
  assert.deepEqual(await pages('descending', '2'), ['1'])
  assert.deepEqual(await pages('descending', '1'), [])
  assert.deepEqual(await store.get('channel', '1'), Uint8Array.of(1))
  assert.deepEqual(await store.get('channel', '2'), Uint8Array.of(9))
  assert.equal(await store.get('channel', '3'), undefined)
  assert.deepEqual(await saved.get('channel', '3'), Uint8Array.of(3))
})
