import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Channel, OperationOf } from '@tallystick/protocol'
import { recordOf } from '#watchtower/core/appointment-record.js'
import { batchChallenges, type DueChallenge } from '#watchtower/core/batch-challenges.js'
import { penalizingChallenge, weighDispute } from '#watchtower/core/weigh-dispute.js'
import { closed, laneOf, pendingItem } from '../protocol/closing-channel.js'
import { at, CHAIN } from '../protocol/test-channel.js'
import { CHANNEL, entrustedOf } from './test-entrusted.js'

const HELD = recordOf(CHANNEL, entrustedOf({ terms: { validUntil: at(5_000) } }))
/** The hub asserts version 2, which has paid less than version 3 that is entrusted. */
const LIE = closed(CHANNEL, 'hub', laneOf({ version: 2, transferred: 100n }))
const HONEST = closed(CHANNEL, 'hub', laneOf({ version: 3, transferred: 300n }))

function weigh(channel: Channel | undefined, seconds: number, record = HELD) {
  return weighDispute(record, channel, { chainId: CHAIN, now: at(seconds), revealedBy: () => 0 })
}

describe('DSP-12 what a tower owes, by what the ledger proves', () => {
  test('nothing while nobody has closed, until the appointment is over', () => {
    assert.deepEqual(weigh(CHANNEL, 5_000), { kind: 'quiet' })
    assert.deepEqual(weigh(CHANNEL, 5_001), { kind: 'over' })
    assert.deepEqual(weigh(undefined, 0), { kind: 'over' })
  })

  test('INV-30 a challenge up to the last second of the window, and a finalize after it', () => {
    assert.equal(weigh(LIE, 1_000).kind, 'challenge')
    assert.deepEqual(weigh(LIE, 1_001), { kind: 'finalize', part: 0 })
    assert.deepEqual(weigh(HONEST, 1_000), { kind: 'waiting', deadline: at(1_000) })
    assert.deepEqual(weigh(HONEST, 1_001), { kind: 'finalize', part: 0 })
  })

  test('INV-30 no challenge after the last second of the appointment', () => {
    const until = recordOf(CHANNEL, entrustedOf({ terms: { validUntil: at(500) } }))
    assert.equal(weigh(LIE, 500, until).kind, 'challenge')
    assert.deepEqual(weigh(LIE, 501, until), { kind: 'waiting', deadline: at(1_000) })
  })

  test('while something pending is undecided there is nothing to finalize', () => {
    const pending = laneOf({ version: 3, items: [pendingItem(1, { expiry: 2_000 })] })
    const lane = { version: 3, items: pending.items }
    const record = recordOf(CHANNEL, entrustedOf({ proof: lane, terms: { validUntil: at(5_000) } }))
    const closing = closed(CHANNEL, 'hub', pending)
    assert.equal(weigh(closing, 1_001, record).kind, 'finalize')
    assert.deepEqual(weigh(closing, 2_001, record), { kind: 'finalize', part: 0 })
  })

  test('a lie is answered without asking what is revealed; anything else is not', () => {
    const context = { chainId: CHAIN, now: at(0) }
    const found = penalizingChallenge(HELD, LIE, context)
    assert.deepEqual(found, weigh(LIE, 0))
    assert.equal(penalizingChallenge(HELD, HONEST, context), undefined)
    assert.equal(penalizingChallenge(HELD, CHANNEL, context), undefined)
    // An item that was dropped without right: a substitute, and what it is worth depends on reveals.
    const items = [pendingItem(1)]
    const record = recordOf(
      CHANNEL,
      entrustedOf({ proof: { version: 3, transferred: 300n, items }, own: null }),
    )
    const dropped = closed(CHANNEL, 'hub', laneOf({ version: 4, transferred: 300n }))
    assert.equal(penalizingChallenge(record, dropped, context), undefined)
    assert.equal(weigh(dropped, 0, record).kind, 'challenge')
  })
})

describe('DSP-8 challenges by transaction', () => {
  const found = weigh(LIE, 0)
  assert.ok(found.kind === 'challenge')
  const operation: OperationOf<'challenge'> = found.operation
  const due = (name: string, deadline: number, isRepeated = false): DueChallenge<string> => {
    return { name, deadline, operation, isRepeated }
  }
  const batched = (
    challenges: readonly DueChallenge<string>[],
    bounds = { count: 3, cost: 1e9, bytes: 1e9 },
  ) => batchChallenges(challenges, bounds).map((batch) => batch.map(({ name }) => name).join(''))

  test('the nearest deadline first, so many at a time; one that is sent again goes alone', () => {
    assert.deepEqual(batched([]), [])
    assert.deepEqual(batched([due('d', 4), due('a', 1), due('c', 3), due('b', 2)]), ['abc', 'd'])
    assert.deepEqual(batched([due('b', 2, true), due('a', 1), due('c', 3), due('d', 0, true)]), [
      'd',
      'ac',
      'b',
    ])
  })

  test('within the bytes and the cost that a transaction may have', () => {
    const three = [due('a', 1), due('b', 2), due('c', 3)]
    assert.deepEqual(batched(three, { count: 9, cost: 1, bytes: 1e9 }), ['a', 'b', 'c'])
    assert.deepEqual(batched(three, { count: 9, cost: 1e9, bytes: 700 }), ['ab', 'c'])
  })
})
