import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AMOUNT_MAX,
  type Amount,
  type ChannelId,
  COUNTER_MAX,
  type Entrusted,
  type Evidence,
  encode,
  encodeTowerMessage,
  entrustedCodec,
  ITEM_TICKS_MAX,
  LANE_ITEMS_MAX,
  type LaneState,
  type PendingItem,
  TIMESTAMP_MAX,
  TOWER_MESSAGE_BYTES_MAX,
} from '@tallystick/protocol'
import { encodeRecord, RECORD_BYTES_MAX, recordOf } from '#watchtower/core/appointment-record.js'
import { anchorFor, itemId, testChannel } from '../protocol/test-channel.js'
import { CHANNEL, entrustedOf, requestOf } from './test-entrusted.js'

const bytes = (length: number) => new Uint8Array(length).fill(255)
const AMOUNT = AMOUNT_MAX as Amount

/** The longest that every part can be. */
function largestEntrusted(): Entrusted {
  const items = Array.from({ length: LANE_ITEMS_MAX }, (_, i): PendingItem => {
    const unit = 2n ** 47n - 1n
    return {
      ...{ id: itemId(i + 1), anchor: anchorFor(i + 1), unit: unit as Amount },
      ...{ ticks: ITEM_TICKS_MAX, paid: ITEM_TICKS_MAX - 1, expiry: TIMESTAMP_MAX },
    }
  })
  const lane: LaneState = {
    ...{ epoch: COUNTER_MAX, resumeNonce: bytes(16), version: COUNTER_MAX, acked: COUNTER_MAX },
    ...{ transferred: AMOUNT, items },
  }
  const evidence: Evidence = {
    ...{ kind: 'batch', signature: bytes(64), index: 65_535, count: 65_536 },
    path: Array.from({ length: 16 }, () => bytes(32)),
  }
  const { appointment, ...entrusted } = entrustedOf({ terms: { validUntil: TIMESTAMP_MAX } })
  const bounty = { ...appointment.bounty, ppm: 1_000_000 }
  const point = {
    ...{ epoch: COUNTER_MAX, nonce: bytes(16), base: bytes(32), version: COUNTER_MAX },
    ...{ acked: COUNTER_MAX, transferred: AMOUNT },
  }
  return {
    ...{ ...entrusted, number: COUNTER_MAX, channel: 'ff'.repeat(32) as ChannelId },
    appointment: { ...appointment, bounty },
    proof: { lane, evidence },
    own: { lane, evidence },
    resume: { point, signature: bytes(64) },
  }
}

test('TOWER-6 INV-49 a record has 506 bytes without items and batches, and grows by its numbers alone', () => {
  const record = (version: number, transferred: bigint) => {
    const lane = { version, transferred }
    return encodeRecord(recordOf(CHANNEL, entrustedOf({ proof: lane, own: lane }))).length
  }
  assert.equal(record(1, 100n), 506)
  // Numbers that have grown, and nothing else.
  assert.equal(record(2 ** 40, 2n ** 62n), 532)
})

test('TOWER-6 INV-45 INV-49 the largest record and the largest message are within their bounds', () => {
  const entrusted = largestEntrusted()
  assert.equal(encode(entrustedCodec, entrusted).length, 10_162)
  const terms = {
    itemsMax: 64,
    disputeWindowSeconds: 2 ** 32 - 1,
    unsureWindowSeconds: 2 ** 32 - 1,
  }
  const channel = testChannel({ client: AMOUNT_MAX, hub: AMOUNT_MAX, terms })
  const full = { withdrawn: AMOUNT, feesPaid: AMOUNT }
  const largest = {
    ...{ ...channel, number: COUNTER_MAX, openedTime: TIMESTAMP_MAX, asset: 2 ** 32 - 1 },
    ...{ client: { ...channel.client, ...full }, hub: { ...channel.hub, ...full } },
    terms: {
      ...{ ...channel.terms, clientPenaltyPpm: 1_000_000, expirySecondsMax: 2 ** 32 - 1 },
      ...{ itemAmountMin: AMOUNT, exitReserve: AMOUNT },
    },
  }
  const length = encodeRecord(recordOf(largest, entrusted)).length
  assert.equal(length, RECORD_BYTES_MAX)
  const request = requestOf({ kind: 'entrust', entrusted }, undefined, { number: COUNTER_MAX })
  const message = encodeTowerMessage({ kind: 'request', ...request }).length
  assert.ok(message <= TOWER_MESSAGE_BYTES_MAX, `a message has ${message} bytes`)
})
