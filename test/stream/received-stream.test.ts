import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  chainStart,
  isRejection,
  Link,
  type Rejection,
  type Tick,
} from '@tallystick/protocol'
import fc from 'fast-check'
import {
  atRiskMax,
  creditOf,
  mustRedeem,
  type ReceivedStream,
  returnTicks,
  servedAfter,
  type TakeRejection,
  takeTick,
} from '#client-sdk/stream/received-stream.js'
import { TickChain } from '#client-sdk/stream/tick-chain.js'
import { accepted, at, codeOf, itemId, NOW, preimage } from '../protocol/test-channel.js'

const CHAIN = new TickChain(preimage(5), 100)
/** The stream after a tick was shown. */
function shown(stream: ReceivedStream, tick: Tick, now = NOW): ReceivedStream | TakeRejection {
  const tip = takeTick(stream, tick, now)
  return isRejection(tip) ? tip : { ...stream, tip }
}
const tick = (index: number) => CHAIN.tick(index)

/** A stream of 100 ticks at 10 that was just opened. */
function opened(change: Partial<ReceivedStream> = {}): ReceivedStream {
  return {
    id: itemId(1),
    unit: amount(10n),
    takenUntil: at(100),
    ticks: 100,
    tip: chainStart(CHAIN.anchor),
    served: 0,
    redeemed: 0,
    atRiskMax: 16,
    isClosing: false,
    ...change,
  }
}
/** As it is read from disk, where tick `redeemed` is the newest. */
const restarted = (redeemed: number) => opened({ redeemed, served: undefined, tip: tick(redeemed) })

/** The stream with `ticks` of its credit served, as its desk counts it. */
function serveTicks(stream: ReceivedStream, ticks: number): ReceivedStream | Rejection {
  const served = servedAfter(stream, ticks)
  return isRejection(served) ? served : { ...stream, served }
}

describe('INV-32 a payee', () => {
  test('never serves more than was paid, whatever is shown, used and given back in any order', () => {
    const event = fc.oneof(
      fc.nat({ max: 100 }).map((index) => ({ kind: 'tick', index }) as const),
      fc.nat({ max: 100 }).map((index) => ({ kind: 'forged', index }) as const),
      fc.integer({ min: 1, max: 30 }).map((count) => ({ kind: 'serve', count }) as const),
      fc.integer({ min: 1, max: 3 }).map((count) => ({ kind: 'back', count }) as const),
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        let stream = opened()
        let [highest, served] = [0, 0]
        for (const one of events) {
          if (one.kind === 'serve') {
            const next = serveTicks(stream, one.count)
            assert.equal(isRejection(next), served + one.count > highest)
            if (isRejection(next)) continue
            served += one.count
            stream = next
          } else if (one.kind === 'back') {
            const count = Math.min(one.count, served)
            stream = returnTicks(stream, count)
            served -= count
          } else {
            const forged = { ...tick(one.index), link: new Link(preimage(one.index + 100)) }
            const next = shown(stream, one.kind === 'tick' ? tick(one.index) : forged, NOW)
            assert.equal(isRejection(next), one.kind === 'forged')
            if (isRejection(next)) continue
            highest = Math.max(highest, one.index)
            stream = next
          }
          assert.equal(creditOf(stream, 1), highest - served)
        }
      }),
    )
  })

  test('serves a tick once, also one that is shown again', () => {
    const once = accepted(serveTicks(accepted(shown(opened(), tick(1), NOW)), 1))
    const again = accepted(shown(once, tick(1), NOW))
    assert.equal(codeOf(serveTicks(again, 1)), 'tick_used')
  })

  test('serves ticks that come in another order than they were sent in', () => {
    const third = accepted(serveTicks(accepted(shown(opened(), tick(3), NOW)), 1))
    const second = accepted(serveTicks(accepted(shown(third, tick(2), NOW)), 1))
    const first = accepted(serveTicks(accepted(shown(second, tick(1), NOW)), 1))
    assert.equal(codeOf(serveTicks(first, 1)), 'tick_used')
  })

  test('takes no new tick at the end of its time or once it is closing; what is paid is served', () => {
    const taken = accepted(shown(opened(), tick(1), at(99)))
    assert.equal(codeOf(shown(taken, tick(2), at(100))), 'stream_ended')
    const closing = { ...taken, isClosing: true }
    assert.equal(codeOf(shown(closing, tick(2), NOW)), 'stream_ended')
    accepted(serveTicks(accepted(shown(closing, tick(1), at(100))), 1))
  })

  test('that crashed serves what is shown to it anew once, and nothing of what it had redeemed', () => {
    const stream = restarted(40)
    assert.equal(codeOf(serveTicks(accepted(shown(stream, tick(40), NOW)), 1)), 'tick_used')
    const next = accepted(shown(stream, tick(47), NOW))
    const served = accepted(serveTicks(next, 2))
    assert.equal(codeOf(serveTicks(served, 1)), 'tick_used')
    assert.equal(accepted(serveTicks(accepted(shown(served, tick(48), NOW)), 1)).served, 48)
  })
})

describe('STREAM-5 a payee redeems', () => {
  const policy = { ticks: 16, amount: 1_000n }
  const unitOf = (unit: bigint) => ({
    unit: amount(unit),
    atRiskMax: atRiskMax(amount(unit), policy),
  })
  for (const [name, index, redeemed, unit, due] of [
    ['not a single tick', 1, 0, 10n, false],
    ['not one tick less than a block', 15, 0, 10n, false],
    ['after a block of ticks', 16, 0, 10n, true],
    ['not again what it has redeemed', 16, 16, 10n, false],
    ['when its value is at risk', 2, 0, 500n, true],
    ['the last tick', 100, 99, 10n, true],
  ] as const) {
    test(name, () => {
      const tip = { ticks: 100, ...tick(index) }
      assert.equal(mustRedeem(opened({ tip, redeemed, ...unitOf(unit) })), due)
    })
  }
})
