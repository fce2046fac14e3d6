import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isRejection } from '@tallystick/protocol'
import fc from 'fast-check'
import {
  doubtGivenUp,
  giveTicks,
  legsUsedUp,
  mustRollOver,
  type PayingLeg,
  type PayingStream,
  sentInAll,
  streamPositioned,
  ticksReserved,
  ticksServed,
} from '#client-sdk/stream/paying-stream.js'
import { at, itemId, NOW } from '../protocol/test-channel.js'

const LIMITS = { exposure: 4, block: 8, budget: undefined }

function leg(name: number, change: Partial<PayingLeg> = {}): PayingLeg {
  return {
    id: itemId(name),
    ticks: 20,
    before: 0,
    givenUntil: at(100),
    reserved: 20,
    sent: 0,
    doubtedFrom: undefined,
    ...change,
  }
}
function stream(change: Partial<PayingStream> = {}): PayingStream {
  return { legs: [leg(1)], limits: LIMITS, unserved: 0, ...change }
}
/** The stream once the payee has shown that it holds tick `index` of its first leg. */
function positioned(from: PayingStream, index: number): PayingStream {
  return streamPositioned(from, new Map([[itemId(1), index]]), NOW)
}
/** The ticks that are given, `item:index`; or what else the answer is. */
function given(from: PayingStream, count: number, now = NOW): string {
  const answer = giveTicks(from, count, now)
  if (answer.kind === 'reserve') return `reserve ${Number(answer.id)}:${answer.upTo}`
  return answer.kind === 'rejection'
    ? answer.code
    : answer.ticks.map(({ id, index }) => `${Number(id)}:${index}`).join(' ')
}

describe('INV-32 a payer', () => {
  test('has at most its exposure unserved at every instant, and gives no tick twice', () => {
    const event = fc.oneof(
      fc.integer({ min: 1, max: 4 }).map((count) => ({ kind: 'give', count }) as const),
      fc.constant({ kind: 'served' } as const),
      fc.constant({ kind: 'crash' } as const),
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), fc.nat({ max: 8 }), (events, told) => {
        let now = stream({ legs: [leg(1, { ticks: 1_000, reserved: 0 })] })
        let [durable, durableServed] = [0, 0]
        const open: number[] = []
        let [sent, highest] = [0, 0]
        for (const one of events) {
          if (one.kind === 'served') {
            const count = open.shift()
            if (count !== undefined) now = ticksServed(now, count)
          } else if (one.kind === 'crash') {
            // What was under way is not heard of again; the payee tells which tick it holds.
            open.length = 0
            const crashed = { reserved: durable, sent: durable, doubtedFrom: durableServed }
            now = stream({ legs: [leg(1, { ticks: 1_000, ...crashed })] })
            assert.equal(given(now, 1), 'position_unknown')
            now = positioned(now, Math.max(0, sent - (told % 2)))
          } else {
            let answer = giveTicks(now, one.count, NOW)
            if (answer.kind === 'reserve') {
              ;[durable, durableServed] = [answer.upTo, sent - now.unserved]
              now = ticksReserved(now, answer.id, answer.upTo)
              answer = giveTicks(now, one.count, NOW)
            }
            if (isRejection(answer)) continue
            assert.ok(answer.kind === 'given')
            const index = answer.ticks.at(-1)?.index ?? 0
            assert.ok(index <= durable, 'what is given away was durable before')
            highest = Math.max(highest, index)
            open.push(one.count)
            sent = index
            now = answer.stream
          }
          const unserved = open.reduce((sum, count) => sum + count, 0)
          assert.ok(unserved <= LIMITS.exposure && now.unserved <= LIMITS.exposure)
        }
      }),
    )
  })

  test('loses at most a block and its exposure by a crash after which nobody tells it anything', () => {
    const before = stream({ legs: [leg(1, { reserved: 8, sent: 6 })], unserved: 4 })
    // On disk: 8 reserved when 0 were served.
    const crashed = stream({ legs: [leg(1, { reserved: 8, sent: 8, doubtedFrom: 0 })] })
    assert.equal(given(crashed, 1), 'position_unknown')
    const gone = doubtGivenUp(ticksReserved(crashed, itemId(1), 16))
    assert.equal(given(gone, 1), '1:9')
    assert.ok(8 - (6 - before.unserved) <= LIMITS.block + LIMITS.exposure)
  })

  test('goes on where the payee is after a crash, never below what was served', () => {
    const crashed = stream({ legs: [leg(1, { reserved: 16, sent: 16, doubtedFrom: 5 })] })
    assert.equal(given(positioned(crashed, 11), 1), '1:12')
    assert.equal(given(positioned(crashed, 2), 1), '1:6')
    assert.equal(given(positioned(crashed, 19), 1), 'reserve 1:20')
    assert.deepEqual(positioned(stream(), 9), stream())
  })
})

describe('STREAM-4 giveTicks', () => {
  for (const count of [0, -1, 1.5, 5, Number.NaN]) {
    test(`gives no ${count} ticks`, () => assert.equal(given(stream(), count), 'ticks_invalid'))
  }

  test('makes a block durable before the first tick of it', () => {
    const fresh = stream({ legs: [leg(1, { reserved: 0 })] })
    assert.equal(given(fresh, 3), 'reserve 1:11')
    assert.equal(given(ticksReserved(fresh, itemId(1), 11), 3), '1:3')
    const near = stream({ legs: [leg(1, { reserved: 18, sent: 17 })] })
    assert.equal(given(near, 2), 'reserve 1:20')
  })

  test('takes the last of one chain and the first of the next, and nothing where there is none', () => {
    const legs = [leg(1, { sent: 18 }), leg(2, { before: 20 })]
    assert.equal(given(stream({ legs }), 4), '1:20 2:2')
    assert.equal(given(stream({ legs: legs.slice(0, 1) }), 4), 'stream_rolling_over')
  })

  test('gives none of a chain whose time is nearly over', () => {
    const legs = [leg(1), leg(2, { givenUntil: at(200) })]
    assert.equal(given(stream({ legs }), 1, at(99)), '1:1')
    assert.equal(given(stream({ legs }), 1, at(100)), '2:1')
    assert.deepEqual(
      legsUsedUp(stream({ legs }), at(100)).map(({ id }) => id),
      [itemId(1)],
    )
  })

  test('never goes beyond its budget, over all of its chains', () => {
    const limits = { ...LIMITS, budget: 23 }
    const rolled = stream({ legs: [leg(2, { before: 20, sent: 1 })], limits })
    assert.equal(sentInAll(rolled), 21)
    assert.equal(given(rolled, 3), 'budget_spent')
    assert.equal(given(rolled, 2), '2:3')
  })

  test('waits for service once its exposure is reached', () => {
    const full = stream({ unserved: 3 })
    assert.equal(given(full, 2), 'exposure_reached')
    assert.equal(given(full, 1), '1:1')
    assert.equal(given(ticksServed(full, 2), 3), '1:3')
  })
})

describe('STREAM-6 a stream rolls over', () => {
  for (const [name, change, due] of [
    ['not at its beginning', {}, false],
    ['when few ticks are left', { sent: 16 }, true],
    ['not before', { sent: 15 }, false],
    ['when its time is nearly over', { givenUntil: at(30) }, true],
    ['not before', { givenUntil: at(31) }, false],
  ] as const) {
    test(name, () => assert.equal(mustRollOver(stream({ legs: [leg(1, change)] }), NOW, 30), due))
  }

  test('once: not while the next chain is there, and not where the budget ends with this one', () => {
    const legs = [leg(1, { sent: 20 }), leg(2, { sent: 20 })]
    assert.equal(mustRollOver(stream({ legs }), NOW, 30), false)
    const limits = { ...LIMITS, budget: 20 }
    assert.equal(mustRollOver(stream({ legs: [leg(1, { sent: 19 })], limits }), NOW, 30), false)
  })
})
