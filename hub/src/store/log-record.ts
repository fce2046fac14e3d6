import { type Anchor, Reader, Writer } from '@tallystick/protocol'
import { type ChannelPages, PAGE_CHANNELS } from '../core/channel-pages.js'
import {
  decodeHubChannel,
  type HubChannel,
  hubChannelCodec,
  readHubChannelDelta,
  writeHubChannelDelta,
} from '../core/hub-channel.js'
import type { HubState } from '../core/hub-state.js'
import type { HubWrites } from '../core/hub-view.js'
import type { Payment } from '../core/payment.js'
import { readPayment, writePayment } from './payment-row.js'

/** How a record says what became of a channel. */
const NEW = 0
const CHANGED = 1

/** What a batch wrote, as bytes on top of `state`, and the slots of the channels that it wrote. */
export function encodeRecord(
  { pages }: HubState,
  { channels, payments }: Pick<HubWrites, 'channels' | 'payments'>,
): { readonly record: Uint8Array; readonly slots: readonly number[] } {
  writer.clear()
  writer.varint(payments.size)
  for (const payment of payments.values()) writePayment(writer, payment)
  writer.varint(channels.size)
  const slots: number[] = []
  let next = pages.size
  for (const [id, channel] of channels) {
    const known = pages.slotOf(id)
    const slot = known ?? next++
    slots.push(slot)
    writer.varint(slot)
    writer.byte(known === undefined ? NEW : CHANGED)
    // With its length, so that a start passes over what a page has in it.
    writer.sized(() => {
      if (known === undefined) hubChannelCodec.write(writer, channel)
      else writeHubChannelDelta(writer, pages.at(known), channel)
    })
  }
  return { record: writer.finish(), slots }
}

/** One buffer for all records: each is copied out of it. */
const writer = new Writer()

/** The payments that a record wrote, as they were then. */
export function paymentsIn(record: Uint8Array): readonly Payment[] {
  return readPayments(new Reader(record))
}

/** A record, with its payments read. */
export type OpenRecord = {
  readonly sequence: number
  readonly bytes: number
  readonly payments: readonly Payment[]
  /** Stands at the channels. */
  readonly channels: Reader
}

export function openRecord(sequence: number, record: Uint8Array): OpenRecord {
  const channels = new Reader(record)
  return { sequence, bytes: record.length, payments: readPayments(channels), channels }
}

/**
 * Does to `state` again what a batch did to it; `sequenceOf`: the last record that a page has in it. Answers
 * the pages that the record changed.
 */
export function applyRecord(
  state: HubState,
  { sequence, payments: paid, channels: reader }: OpenRecord,
  sequenceOf: (page: number) => number,
): ReadonlySet<number> {
  const payments = new Map<Anchor, Payment>(paid.map((payment) => [payment.anchor, payment]))
  state.apply({ channels: new Map(), payments, reveals: new Set() })
  const pages = new Set<number>()
  for (let left = reader.varint(); left > 0; left--) {
    const slot = reader.varint()
    const page = Math.floor(slot / PAGE_CHANNELS)
    const kind = reader.byte()
    const length = reader.varint()
    if (sequence <= sequenceOf(page)) {
      reader.pass(length)
      continue
    }
    const bytes = reader.bytes(length)
    state.pages.putAt(slot, readChannel(kind, bytes, state.pages, slot))
    pages.add(page)
  }
  reader.end()
  return pages
}

function readChannel(
  kind: number,
  bytes: Uint8Array,
  pages: ChannelPages,
  slot: number,
): HubChannel {
  if (kind === NEW) return decodeHubChannel(bytes)
  const reader = new Reader(bytes)
  if (kind !== CHANGED) return reader.fail('a channel of a record is new or changed')
  const channel = readHubChannelDelta(reader, pages.at(slot))
  reader.end()
  return channel
}

function readPayments(reader: Reader): readonly Payment[] {
  return Array.from({ length: reader.varint() }, () => readPayment(reader))
}
