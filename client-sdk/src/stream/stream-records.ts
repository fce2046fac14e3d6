import {
  amountCodec,
  anchorCodec,
  COUNTER_MAX,
  channelIdCodec,
  type Decoded,
  fixedBytes,
  ITEM_TICKS_MAX,
  integer,
  itemIdCodec,
  oneOf,
  optional,
  publicKeyCodec,
  struct,
  text,
  timestampCodec,
  union,
} from '@tallystick/protocol'

const ticksCodec = integer(ITEM_TICKS_MAX, 1)

/**
 * One chain of a stream that this wallet pays. `open`: ticks are given away; `closing`: no more are, and the
 * rest is waited for; `closed`: it is over, and cost `paid` ticks; `unresolved`: its channel went on
 * from a resume without it.
 */
const paidStreamCodec = struct({
  id: itemIdCodec,
  /** The stream that it is a part of: the same for all chains that follow one another. */
  stream: itemIdCodec,
  channel: channelIdCodec,
  payee: publicKeyCodec,
  anchor: anchorCodec,
  /** Base units that the payee gets for a tick, and what the hub gets on top. */
  unit: amountCodec,
  fee: amountCodec,
  ticks: ticksCodec,
  expiry: timestampCodec,
  /** Ticks that earlier chains of the stream have given away. */
  before: integer(COUNTER_MAX),
  exposure: integer(ITEM_TICKS_MAX, 1),
  budget: optional(integer(COUNTER_MAX)),
  /** No tick above this number was given away. */
  reserved: integer(ITEM_TICKS_MAX),
  /** As many were served when that was written. */
  served: integer(ITEM_TICKS_MAX),
  /** Ticks that were redeemed. */
  paid: integer(ITEM_TICKS_MAX),
  status: oneOf('open', 'closing', 'closed', 'unresolved'),
  /** Why it ended before its time; empty otherwise. */
  code: text(64),
  /** Ledger time of the last change. */
  time: timestampCodec,
})
export type PaidStream = Decoded<typeof paidStreamCodec>

/**
 * One chain that pays this wallet. `open`: ticks are taken; `closing`: none are, what is known is redeemed
 * and the rest given up; `closed`: it is over, and brought `paid` ticks.
 */
const receivedStreamCodec = struct({
  id: itemIdCodec,
  channel: channelIdCodec,
  anchor: anchorCodec,
  unit: amountCodec,
  ticks: ticksCodec,
  expiry: timestampCodec,
  /** The newest link that is stored; absent: none. */
  known: optional(struct({ index: ticksCodec, link: fixedBytes(32) })),
  paid: integer(ITEM_TICKS_MAX),
  status: oneOf('open', 'closing', 'closed'),
  time: timestampCodec,
})
export type IncomingStream = Decoded<typeof receivedStreamCodec>

/** A stream in a wallet's store: under the item's id where it pays, under the anchor where it is paid. */
export const streamRecordCodec = union({
  paid: [1, paidStreamCodec],
  received: [2, receivedStreamCodec],
})
export type StreamRecord = Decoded<typeof streamRecordCodec>
export type PaidStreamRecord = Extract<StreamRecord, { kind: 'paid' }>
export type ReceivedStreamRecord = Extract<StreamRecord, { kind: 'received' }>

/** The name of a record among all of a store. */
export function streamKey(record: StreamRecord): string {
  return record.kind === 'paid' ? record.id : record.anchor
}

/** Whether nothing more can happen to it. */
export function isDoneStream({ status }: StreamRecord): boolean {
  return status === 'closed' || status === 'unresolved'
}
