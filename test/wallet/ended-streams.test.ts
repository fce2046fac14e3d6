import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { amount, encode } from '@tallystick/protocol'
import { unsavedStore } from '#client-sdk/store/unsaved-store.js'
import {
  ENDED_STREAMS_MAX,
  endedStreamCount,
  endedStreamPage,
  endedStreamWrites,
  keepFormerStreams,
} from '#client-sdk/stream/ended-streams.js'
import {
  type ReceivedStreamRecord,
  type StreamRecord,
  streamKey,
  streamRecordCodec,
} from '#client-sdk/stream/stream-records.js'
import { anchorFor, at, itemId } from '../protocol/test-channel.js'
import { WalletWorld } from './wallet-world.js'

function newStore() {
  return unsavedStore({
    list: async () => [],
    get: async () => undefined,
    page: async () => [],
  })
}

/** A stream that ended at second `n`, known by it. */
function ended(n: number): ReceivedStreamRecord {
  const { channel } = new WalletWorld()
  const name = (n % 255) + 1
  return {
    ...{ kind: 'received', id: itemId(name), channel, anchor: anchorFor(name), unit: amount(10n) },
    ...{ ticks: 20, expiry: at(600), known: undefined, paid: 7, status: 'closed', time: at(n) },
  }
}

const timesOf = (items: readonly StreamRecord[]) => items.map(({ time }) => time - at(0))

describe('PAY-8 streams that are over', () => {
  test('are listed newest first, page by page, of each kind by itself', async () => {
    const store = newStore()
    for (let n = 1; n <= 5; n++) await store.commit(endedStreamWrites(ended(n), n))
    const first = await endedStreamPage(store, 'received', { limit: 2 })
    assert.deepEqual([timesOf(first.items), first.next], [[5, 4], '4'])
    const second = await endedStreamPage(store, 'received', { limit: 2, after: '4' })
    assert.deepEqual([timesOf(second.items), second.next], [[3, 2], '2'])
    const last = await endedStreamPage(store, 'received', { limit: 2, after: '2' })
    assert.deepEqual([timesOf(last.items), last.next], [[1], undefined])
    assert.deepEqual((await endedStreamPage(store, 'paid', {})).items, [])
    assert.deepEqual(await endedStreamCount(store, 'paid'), 0)
    await assert.rejects(endedStreamPage(store, 'paid', { limit: 0 }), /page_invalid|limit/)
  })

  test('are kept up to a number, and the oldest is forgotten for the newest', async () => {
    const store = newStore()
    for (let n = 1; n <= ENDED_STREAMS_MAX + 3; n++) {
      await store.commit(endedStreamWrites(ended(n), n))
    }
    const kept = (await store.list('endedStream')).map(({ key }) => key).sort()
    assert.equal(kept.length, ENDED_STREAMS_MAX)
    assert.equal(kept[0], 'received/000000000000004')
    assert.equal(await endedStreamCount(store, 'received'), ENDED_STREAMS_MAX + 3)
  })

  test('of a store of format 7 are taken over, the newest of them, once', async () => {
    const store = newStore()
    const former = Array.from({ length: ENDED_STREAMS_MAX + 2 }, (_, i) => ended(i + 1))
    await store.commit(
      former.map((stream, i) => {
        const value = encode(streamRecordCodec, stream)
        return { kind: 'doneStream' as const, key: `${streamKey(stream)}${i}`, value }
      }),
    )
    await keepFormerStreams(store)
    assert.deepEqual(await store.list('doneStream'), [])
    assert.equal((await store.list('endedStream')).length, ENDED_STREAMS_MAX)
    const { items } = await endedStreamPage(store, 'received', { limit: 1 })
    assert.deepEqual(timesOf(items), [ENDED_STREAMS_MAX + 2])
    await keepFormerStreams(store)
    assert.equal(await endedStreamCount(store, 'received'), ENDED_STREAMS_MAX)
  })
})
