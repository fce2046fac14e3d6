import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type ClosingChannel,
  challenge,
  forceClose,
  isRejection,
  LANE_START,
  type LaneState,
  type Role,
  settlementBounds,
} from '@tallystick/protocol'
import fc from 'fast-check'
import { laneOf, pendingItem, signedLane } from './closing-channel.js'
import { accepted, at, CHAIN, codeOf, NOW, testChannel } from './test-channel.js'

/** 10,000 each; a usual window lasts 1,000 s, an unsure one 3,000 s. */
const CHANNEL = testChannel()

/** The hub has paid 500, and promises 100 more for item 7. It has stored the client's version 2. */
const CHOSEN = laneOf({ version: 3, acked: 2, transferred: 500n, items: [pendingItem(7)] })

function close(by: Role, own: LaneState, peer: LaneState | undefined, unsure = true) {
  const other = by === 'client' ? 'hub' : 'client'
  const chosen = peer === undefined ? undefined : signedLane(CHANNEL, other, peer)
  return forceClose(CHAIN, CHANNEL, { by, own, unsure, resume: undefined, peer: chosen }, NOW)
}
const unsureClose = (own = LANE_START, peer: LaneState | undefined = CHOSEN) =>
  accepted(close('client', own, peer)) as ClosingChannel

const answer = (on: ClosingChannel, proof: LaneState, own?: LaneState, now = at(3_000)) =>
  challenge(
    CHAIN,
    on,
    { proof: signedLane(CHANNEL, 'client', proof), own, resume: undefined, guard: undefined },
    now,
  )
const answered = (on: ClosingChannel, proof: LaneState, own?: LaneState) =>
  accepted(answer(on, proof, own)) as ClosingChannel

/** What the client and the hub are paid when item 7 is revealed, or is not. */
const payouts = (closing: ClosingChannel, revealed: number) => {
  const bounds = settlementBounds(closing, () => revealed, at(9_000))
  return [bounds.client.least, bounds.hub.least]
}

describe('DSP-9 an unsure force close', () => {
  test('is for clients only', () => {
    assert.equal(codeOf(close('hub', LANE_START, undefined)), 'unsure_not_allowed')
    accepted(close('hub', LANE_START, undefined, false))
  })

  test('asserts a hub proof that acks what the client has lost, solvent or not', () => {
    const rich = laneOf({ version: 9, acked: 5, transferred: 25_000n })
    assert.equal(codeOf(close('client', LANE_START, CHOSEN, false)), 'proofs_contradict')
    assert.deepEqual(payouts(unsureClose(LANE_START, rich), 0), [20_000n, 0n])
  })

  test('proofs_contradict: what it states of its own lane cannot give up what it chose', () => {
    const knowsMore = laneOf({ version: 1, acked: 4 })
    assert.equal(codeOf(close('client', knowsMore, CHOSEN)), 'proofs_contradict')
    accepted(close('client', { ...knowsMore, acked: 3 }, CHOSEN))
  })

  test('if nothing is shown, the lane counts as never used, or as it was stated', () => {
    assert.deepEqual(payouts(unsureClose(), 1), [10_600n, 9_400n])
    assert.deepEqual(payouts(unsureClose(laneOf({ transferred: 50n })), 0), [10_450n, 9_550n])
  })

  for (const [now, code] of [
    [1_001, undefined],
    [3_000, undefined],
    [3_001, 'window_closed'],
  ] as const) {
    test(`INV-14 its window is the longer one: at ${now} ${code ?? 'taken'}`, () => {
      assert.equal(unsureClose().status.deadline, at(3_000))
      const proof = laneOf({ version: 4, transferred: 70n })
      assert.equal(codeOf(answer(unsureClose(), proof, undefined, at(now))), code)
    })
  }

  test('INV-9 what the hub shows is settled, and nobody is penalized: nobody has lied', () => {
    const newest = laneOf({ version: 8, acked: 3, transferred: 900n })
    for (const own of [LANE_START, laneOf({ version: 4, transferred: 100n })]) {
      const { status } = answered(unsureClose(own), newest)
      assert.deepEqual([status.penalized, status.closerLane], [false, newest])
    }
    // 10,000 + 500 - 900, and no tenth less.
    assert.deepEqual(payouts(answered(unsureClose(), newest), 0), [9_600n, 10_400n])
  })

  test('of several the newest counts; one that the hub gave up by its own ack does not', () => {
    const [second, fifth] = [laneOf({ version: 2 }), laneOf({ version: 5, transferred: 10n })]
    const once = answered(unsureClose(), second)
    assert.equal(answered(once, fifth).status.closerLane, fifth)
    assert.equal(codeOf(answer(answered(unsureClose(), fifth), second)), 'challenge_not_newer')
    const old = laneOf({ version: 1 })
    assert.equal(codeOf(answer(unsureClose(), old)), 'challenge_not_relevant')
  })

  test('INV-12 a hub proof that the client had given up does not come back', () => {
    const own = laneOf({ version: 5, acked: 2, transferred: 500n })
    const acking = (acked: number) => laneOf({ version: 8, acked })
    assert.deepEqual(answered(unsureClose(), acking(5), own).status.otherLane, own)
    for (const [proof, lane] of [
      [acking(3), own],
      [acking(6), own],
      [acking(5), { ...own, version: 3 }],
      [acking(5), { ...own, acked: 1 }],
      [acking(5), { ...own, transferred: CHOSEN.transferred - 1n } as LaneState],
    ] as const) {
      assert.equal(codeOf(answer(unsureClose(), proof, lane)), 'own_proof_too_old')
    }
  })

  test('INV-2 INV-11 any order of challenges gives one settlement that pays out the total', () => {
    const lane = fc
      .record({
        version: fc.integer({ min: 1, max: 6 }),
        acked: fc.integer({ min: 0, max: 6 }),
        transferred: fc.bigInt(0n, 30_000n),
        withItem: fc.boolean(),
      })
      .map(({ withItem, ...rest }) => laneOf({ ...rest, items: withItem ? [pendingItem(1)] : [] }))
    const shown = fc.array(fc.tuple(lane, fc.option(lane, { nil: undefined })), { maxLength: 4 })
    const settle = (
      start: ClosingChannel,
      list: readonly (readonly [LaneState, LaneState | undefined])[],
    ) =>
      list.reduce((closing, [proof, own]) => {
        const next = answer(closing, proof, own)
        return isRejection(next) ? closing : (next as ClosingChannel)
      }, start)
    fc.assert(
      fc.property(lane, shown, fc.nat(1), (stated, list, revealed) => {
        const start = close('client', stated, CHOSEN)
        if (isRejection(start)) return
        const [there, back] = [list, list.toReversed()].map((order) =>
          settle(start as ClosingChannel, order),
        )
        assert.ok(there !== undefined)
        assert.deepEqual(there, back)
        assert.ok(!there.status.penalized)
        const [client = 0n, hub = 0n] = payouts(there, revealed)
        assert.equal(client + hub, 20_000n)
        assert.ok(client >= 0n && hub >= 0n)
      }),
      { numRuns: 300 },
    )
  })
})
