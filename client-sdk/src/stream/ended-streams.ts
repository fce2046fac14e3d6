import { decodeTrusted, encode } from '@tallystick/protocol'
import type { StoreWrite, WalletStore } from '../store/wallet-store.js'
import { BEHIND_PLACES, placeKey, placeOfKey } from '../wallet/record-order.js'
import { type Page, pageBounds } from '../wallet/record-page.js'
import { type StreamRecord, streamRecordCodec } from './stream-records.js'

/** Streams that are over and kept, those that were paid and those that were received; of more the oldest is forgotten. */
export const ENDED_STREAMS_MAX = 1_024

/** Records of a store of format 7 that are read at a time. */
const FORMER_PAGE = 512

export type StreamKind = StreamRecord['kind']

/** What puts a stream that is over at its place, from 1 on, among those of its kind (PAY-8). */
export function endedStreamWrites(stream: StreamRecord, place: number): StoreWrite[] {
  const { kind } = stream
  const value = encode(streamRecordCodec, stream)
  const oldest = place - ENDED_STREAMS_MAX
  return [
    { kind: 'endedStream', key: placeKey(kind, place), value },
    ...(oldest > 0
      ? [{ kind: 'endedStream', key: placeKey(kind, oldest), value: undefined } as const]
      : []),
  ]
}

/** The place of the newest that is over; 0: there is none. */
export async function endedStreamCount(store: WalletStore, kind: StreamKind): Promise<number> {
  const [newest] = await store.page('endedStream', `${kind}${BEHIND_PLACES}`, 1, 'descending')
  return newest?.key.startsWith(`${kind}/`) ? placeOfKey(newest.key) : 0
}

/** A page of those that are over, newest first. Errors: `page_invalid`. */
export async function endedStreamPage(
  store: WalletStore,
  kind: StreamKind,
  wish: { readonly after?: string; readonly limit?: number },
): Promise<Page<StreamRecord>> {
  const { after, limit } = pageBounds(wish)
  const behind = after === undefined ? `${kind}${BEHIND_PLACES}` : placeKey(kind, after)
  const found = (await store.page('endedStream', behind, limit + 1, 'descending')).filter(
    ({ key }) => key.startsWith(`${kind}/`),
  )
  const shown = found.slice(0, limit)
  const last = found.length > limit ? shown.at(-1) : undefined
  return {
    items: shown.map(({ value }) => decodeTrusted(streamRecordCodec, value)),
    next: last && String(placeOfKey(last.key)),
  }
}

/** Takes over what a store of format 7 kept of streams that are over, which nobody could list: the newest of them. */
export async function keepFormerStreams(store: WalletStore): Promise<void> {
  const removals: StoreWrite[] = []
  const newest: Record<StreamKind, StreamRecord[]> = { paid: [], received: [] }
  for (let after: string | undefined; ; ) {
    const page = await store.page('doneStream', after, FORMER_PAGE, 'ascending')
    for (const { key, value } of page) {
      removals.push({ kind: 'doneStream', key, value: undefined })
      const stream = decodeTrusted(streamRecordCodec, value)
      newest[stream.kind].push(stream)
    }
    for (const kind of ['paid', 'received'] as const) {
      newest[kind] = newest[kind].sort((a, b) => a.time - b.time).slice(-ENDED_STREAMS_MAX)
    }
    if (page.length < FORMER_PAGE) break
    after = page.at(-1)?.key
  }
  if (removals.length === 0) return
  const kept = Object.values(newest).flatMap((streams) =>
    streams.flatMap((stream, i) => endedStreamWrites(stream, i + 1)),
  )
  await store.commit([...removals, ...kept])
}
