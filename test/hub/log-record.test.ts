import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Anchor, newParty, type PublicKey } from '@tallystick/protocol'
import { type HubChannel, idOf } from '#hub/core/hub-channel.js'
import { HubState } from '#hub/core/hub-state.js'
import { encodeRecord, paymentsIn } from '#hub/store/log-record.js'
import { BrokenInvariant } from '#protocol/primitives/invariant.js'
import { testChannel } from '../protocol/test-channel.js'
import { testPayment } from './test-payment.js'

const STATE = new HubState([])

function channel(owner: string): HubChannel {
  const party = newParty('hub', testChannel())
  return { party, owner: owner as PublicKey, onward: [], origin: [], waiting: [] }
}

/** The record of a batch that wrote one payment and one channel. */
function recordOf(anchor: Anchor, written: HubChannel): Uint8Array {
  const payments = new Map([[anchor, testPayment(anchor, 'settled')]])
  return encodeRecord(STATE, { payments, channels: new Map([[idOf(written), written]]) }).record
}

test('JRN-9 a record stays as it is when another is written, and has nothing of one that cannot be', () => {
  const [first, second] = ['11'.repeat(32) as Anchor, '22'.repeat(32) as Anchor]
  const record = recordOf(first, channel('33'.repeat(32)))
  const before = record.slice()
  assert.throws(() => recordOf(first, channel('no key')), BrokenInvariant)
  const next = recordOf(second, channel('33'.repeat(32)))
  assert.deepEqual(record, before)
  assert.equal(next.length, record.length)
  assert.deepEqual(paymentsIn(next), [testPayment(second, 'settled')])
})
