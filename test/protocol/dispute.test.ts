import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AMOUNT_MAX,
  amount,
  balanceProofDigest,
  type Challenge,
  type Channel,
  type ClosingChannel,
  challenge,
  forceClose,
  isRejection,
  isStale,
  LANE_START,
  type LaneState,
  laneHead,
  lockedOf,
  type Role,
  settlementBounds,
} from '@tallystick/protocol'
import {
  anyLane,
  closed,
  type LaneSetup,
  laneOf,
  pendingItem,
  signedLane,
} from './closing-channel.js'
import {
  accepted,
  at,
  CHAIN,
  codeOf,
  Dice,
  NOW,
  OTHER_CHAIN,
  seeds,
  testChannel,
} from './test-channel.js'

const CHANNEL = testChannel()
const shown = (lane: LaneState, payer: Role = 'client') => signedLane(CHANNEL, payer, lane)

describe('DSP-2 DSP-3 forceClose: rejections in checking order', () => {
  const own = laneOf({ version: 3, acked: 2 })
  const peer = laneOf({ version: 2, acked: 1 })
  const rich = laneOf({ version: 2, transferred: 10_001n })
  const forged = { ...shown(rich, 'hub'), lane: { ...rich, acked: 9 } }
  type Case = readonly [string, Channel, LaneState, Parameters<typeof forceClose>[2]['peer']]
  for (const [code, channel, lane, chosen] of [
    ['channel_closing', closed(CHANNEL, 'hub', LANE_START), { ...LANE_START, acked: 1 }, undefined],
    ['lane_start_malformed', CHANNEL, { ...LANE_START, acked: 3 }, forged],
    ['lane_start_malformed', CHANNEL, { ...LANE_START, epoch: 1 }, undefined],
    ['lane_start_malformed', CHANNEL, { ...LANE_START, transferred: amount(1n) }, undefined],
    ['lane_start_malformed', CHANNEL, { ...LANE_START, items: [pendingItem(1)] }, undefined],
    ['bad_proof_signature', CHANNEL, { ...own, acked: 3 }, forged],
    ['bad_proof_signature', CHANNEL, own, shown(peer)],
    ['proofs_contradict', CHANNEL, { ...own, acked: 3 }, shown(rich, 'hub')],
    ['proofs_contradict', CHANNEL, own, undefined],
    ['proofs_contradict', CHANNEL, own, shown({ ...rich, acked: 4 }, 'hub')],
    ['proofs_insolvent', CHANNEL, own, shown(rich, 'hub')],
    ['proofs_insolvent', CHANNEL, laneOf({ transferred: 10_001n }), undefined],
    [
      'proofs_insolvent',
      CHANNEL,
      laneOf({ transferred: 9_901n, items: [pendingItem(1)] }),
      undefined,
    ],
  ] as readonly Case[]) {
    test(`${code}`, () => {
      assert.equal(
        codeOf(
          forceClose(
            CHAIN,
            channel,
            { by: 'client', own: lane, unsure: false, resume: undefined, peer: chosen },
            NOW,
          ),
        ),
        code,
      )
    })
  }

  test('DSP-1 what is asserted, chosen and settled', () => {
    const { status, ...rest } = closed(CHANNEL, 'client', own, peer)
    const { status: _, ...before } = CHANNEL
    assert.deepEqual(rest, before)
    assert.deepEqual(status, {
      kind: 'closing',
      by: 'client',
      deadline: at(1_000),
      unsure: false,
      resume: undefined,
      asserted: {
        epoch: 0,
        resumeNonce: undefined,
        version: 3,
        acked: 2,
        transferred: 0n,
        digest: balanceProofDigest(CHAIN, CHANNEL.id, 'client', own),
      },
      chosen: {
        epoch: 0,
        resumeNonce: undefined,
        version: 2,
        acked: 1,
        transferred: 0n,
        digest: balanceProofDigest(CHAIN, CHANNEL.id, 'hub', peer),
      },
      challenged: false,
      replaced: false,
      penalized: false,
      closerLane: own,
      otherLane: peer,
      guardCloserLane: undefined,
      guardOtherLane: undefined,
      paidClient: 0n,
      paidHub: 0n,
      finalizes: 0,
    })
  })

  test('a side that never signed, against one that never signed', () => {
    const { status } = closed(CHANNEL, 'hub', LANE_START)
    assert.deepEqual([status.closerLane, status.otherLane], [LANE_START, LANE_START])
  })

  test('INV-20 the chosen proof is of this channel and this chain', () => {
    const elsewhere = signedLane(testChannel({ number: 8 }), 'hub', peer)
    const close = (chain: typeof CHAIN, chosen: typeof elsewhere) =>
      codeOf(
        forceClose(
          chain,
          CHANNEL,
          { by: 'client', own, unsure: false, resume: undefined, peer: chosen },
          NOW,
        ),
      )
    assert.equal(close(CHAIN, elsewhere), 'bad_proof_signature')
    assert.equal(close(OTHER_CHAIN, shown(peer, 'hub')), 'bad_proof_signature')
    assert.equal(close(CHAIN, shown(peer, 'hub')), undefined)
  })
})

/** The client asserts version 5 (acked 3, 500 paid) with the hub's version 3 (acked 2). */
const ASSERTED = laneOf({ version: 5, acked: 3, transferred: 500n })
const CHOSEN = laneOf({ version: 3, acked: 2, transferred: 100n, items: [pendingItem(7)] })
const CLOSING = closed(CHANNEL, 'client', ASSERTED, CHOSEN)

const answer = (lane: LaneState, own?: LaneState, on: Channel = CLOSING, now = at(1_000)) =>
  challenge(CHAIN, on, { proof: shown(lane), own, resume: undefined, guard: undefined }, now)
const answered = (lane: LaneState, own?: LaneState, on: Channel = CLOSING) =>
  accepted(answer(lane, own, on)) as ClosingChannel

describe('DSP-4 challenge: rejections in checking order', () => {
  const newer = laneOf({ version: 6, acked: 3, transferred: 500n })
  test('channel_not_closing', () => {
    assert.equal(codeOf(answer(newer, undefined, CHANNEL, at(9_999))), 'channel_not_closing')
  })
  for (const [now, code] of [
    [999, undefined],
    [1_000, undefined],
    [1_001, 'window_closed'],
  ] as const) {
    test(`INV-14 at ${now} of a deadline at 1,000: ${code ?? 'taken'}`, () => {
      assert.equal(codeOf(answer(newer, undefined, CLOSING, at(now))), code)
    })
  }
  test('window_closed comes before the signature, and that before everything else', () => {
    const proof = { ...shown(newer), lane: ASSERTED }
    const late = challenge(
      CHAIN,
      CLOSING,
      { proof, own: undefined, resume: undefined, guard: undefined },
      at(1_001),
    )
    assert.equal(codeOf(late), 'window_closed')
    const forged = challenge(
      CHAIN,
      CLOSING,
      { proof, own: undefined, resume: undefined, guard: undefined },
      at(1),
    )
    assert.equal(codeOf(forged), 'bad_proof_signature')
  })
  test('challenge_not_newer: what the closing side asserted itself', () => {
    assert.equal(codeOf(answer(ASSERTED)), 'challenge_not_newer')
  })
  test('challenge_not_relevant: what the challenger gave up, unless it shows a lie', () => {
    assert.equal(codeOf(answer(laneOf({ version: 1 }))), 'challenge_not_relevant')
    assert.equal(codeOf(answer(laneOf({ version: 2 }))), undefined)
    assert.equal(codeOf(answer(laneOf({ version: 1, transferred: 501n }))), undefined)
  })
  const ownLane = (change: LaneSetup) =>
    laneOf({ acked: 2, transferred: 100n, version: 4, ...change })
  for (const [what, own, lane, code] of [
    ['with a substitute', ownLane({}), laneOf({ version: 4 }), 'own_proof_too_old'],
    ['as old as the chosen one', ownLane({ version: 3 }), newer, 'own_proof_too_old'],
    ['older than what was acked', ownLane({}), { ...newer, acked: 5 }, 'own_proof_too_old'],
    ['that acks less than the chosen one', ownLane({ acked: 1 }), newer, 'own_proof_too_old'],
    ['that has paid less', ownLane({ transferred: 99n }), newer, 'own_proof_too_old'],
    ['newer than the chosen one', ownLane({}), newer, undefined],
    ['as new as what was acked', ownLane({ version: 5 }), { ...newer, acked: 5 }, undefined],
  ] as const) {
    test(`DSP-5 an own proof ${what}: ${code ?? 'taken'}`, () => {
      assert.equal(codeOf(answer(lane, own)), code)
    })
  }
  test('challenge_not_newer: the same challenge again, or one that changes nothing', () => {
    const once = answered(newer)
    assert.equal(codeOf(answer(newer, undefined, once)), 'challenge_not_newer')
    assert.equal(codeOf(answer(laneOf({ version: 4 }), undefined, once)), 'challenge_not_newer')
  })
})

describe('DSP-4 stale or substitute', () => {
  const asserted = CLOSING.status.asserted
  const base = { version: 5, acked: 3, transferred: 500n }
  for (const [what, lane, stale] of [
    ['a later version', laneOf({ ...base, version: 6 }), true],
    ['a later epoch', laneOf({ ...base, epoch: 1, version: 1 }), true],
    ['more paid before', laneOf({ ...base, version: 4, transferred: 501n }), true],
    ['more acked before', laneOf({ ...base, version: 4, acked: 4 }), true],
    ['an equal version with other content', laneOf({ ...base, items: [pendingItem(1)] }), true],
    ['an earlier version', laneOf({ ...base, version: 4 }), false],
    ['an earlier version with an item', laneOf({ version: 4, items: [pendingItem(1)] }), false],
  ] as const) {
    test(`${what} is ${stale ? 'stale' : 'a substitute'}`, () => {
      assert.equal(isStale(asserted, laneHead(CHAIN, CHANNEL, 'client', lane)), stale)
      const { status } = answered(lane)
      assert.equal(status.penalized, stale)
      assert.equal(status.closerLane, lane)
    })
  }

  test('INV-9 an old state is settled with the newest that its author signed', () => {
    const newest = laneOf({ version: 9, acked: 3, transferred: 800n })
    const { status } = answered(newest)
    assert.equal(status.closerLane, newest)
    assert.deepEqual(status.otherLane, CHOSEN)
    const bounds = settlementBounds(answered(newest), () => 0, at(2_000))
    // 10,000 + 100 - 800 = 9,300 less a tenth.
    assert.deepEqual([bounds.client.least, bounds.hub.least], [8_370n, 11_630n])
  })

  test('an item that was dropped without right is claimed again, without a penalty', () => {
    const before = laneOf({ version: 4, acked: 3, transferred: 500n, items: [pendingItem(1)] })
    const { status } = answered(before)
    assert.deepEqual([status.penalized, status.closerLane], [false, before])
    assert.equal(settlementBounds(answered(before), () => 1, NOW).hub.least, 10_400n)
  })

  test('INV-12 an acked cancel does not come back with the proof that the liar chose', () => {
    const newer = laneOf({ version: 6, acked: 4, transferred: 500n })
    const without = laneOf({ version: 4, acked: 3, transferred: 100n })
    assert.deepEqual(answered(newer, without).status.otherLane, without)
  })
})

describe('INV-11 the order of challenges does not matter', () => {
  for (const seed of seeds(12)) {
    test(`INV-10 INV-11 any order gives one settlement, more never pays less, seed ${seed}`, () => {
      const dice = new Dice(seed)
      const challenges: Challenge[] = []
      for (let count = 0; count < 5; count++) {
        const lane = { ...provableLane(dice), version: 1 + dice.roll(9) }
        const paid = { acked: 2 + dice.roll(3), transferred: 100n + BigInt(dice.roll(3)) }
        const own = dice.chance(50) ? laneOf({ version: dice.roll(9), ...paid }) : undefined
        challenges.push({ proof: shown(lane), own, resume: undefined, guard: undefined })
      }
      const settle = (order: readonly Challenge[]) =>
        order.reduce<ClosingChannel>((closing, one) => {
          const after = challenge(CHAIN, closing, one, NOW)
          return isRejection(after) ? closing : (after as ClosingChannel)
        }, CLOSING).status
      const first = settle(challenges)
      for (let run = 0; run < 20; run++) {
        const order = challenges
          .map((one) => ({ one, rank: dice.roll(1_000_000) }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ one }) => one)
        assert.deepEqual(settle(order), first)
      }
    })

    test(`INV-11 of two histories of one version, what is worth more counts, seed ${seed}`, () => {
      const dice = new Dice(seed)
      const unit = 101n + BigInt(dice.roll(99))
      const items = [pendingItem(1, { unit })]
      const richer = laneOf({ version: 6, acked: 3, transferred: 500n, items })
      const poorer = laneOf({ version: 6, acked: dice.roll(4), transferred: 600n })
      for (const [first, second] of [
        [richer, poorer],
        [poorer, richer],
      ] as const) {
        const once = answered(first)
        const twice = answer(second, undefined, once)
        const { status } = isRejection(twice) ? once : (twice as ClosingChannel)
        assert.equal(status.closerLane, richer)
      }
    })

    test(`INV-10 of a lawful lane, more evidence never pays less, seed ${seed}`, () => {
      const dice = new Dice(seed)
      const history = lawfulHistory(dice, 9).slice(5)
      const payout = (evidence: readonly LaneState[], index: number) => {
        const closing = evidence.reduce<ClosingChannel>((current, lane) => {
          const after = answer(lane, undefined, current)
          return isRejection(after) ? current : (after as ClosingChannel)
        }, CLOSING)
        return settlementBounds(closing, () => index, at(5_000)).hub.least
      }
      for (const index of [0, 1]) {
        let before = payout([], index)
        for (let count = 1; count <= history.length; count++) {
          const after = payout(history.slice(0, count), index)
          assert.ok(after >= before, `${after} after ${before}`)
          before = after
        }
      }
    })
  }
})

/** A lane that a proof can state: its items lock an amount in all. */
function provableLane(dice: Dice): LaneState {
  for (;;) {
    const lane = anyLane(dice, 500n)
    if (lockedOf(lane) <= AMOUNT_MAX) return lane
  }
}

/** Versions 1..count as an honest payer signs them: what its items may pay only rises. */
function lawfulHistory(dice: Dice, count: number): LaneState[] {
  const history: LaneState[] = []
  let lane = laneOf({ version: 0, acked: 3, transferred: 500n })
  for (let version = 1; version <= count; version++) {
    const [item, ...rest] = lane.items
    lane =
      item !== undefined && dice.chance(50)
        ? { ...lane, version, transferred: amount(lane.transferred + item.unit), items: rest }
        : {
            ...lane,
            version,
            items: [...lane.items, pendingItem(version, { unit: 1n + BigInt(dice.roll(50)) })],
          }
    history.push(lane)
  }
  return history
}

describe('INV-13 a dispute with oneself', () => {
  test('the penalty of a side goes to the other side, never back: both keys together gain nothing', () => {
    for (const lane of [laneOf({ version: 9, transferred: 800n }), laneOf({ version: 4 })]) {
      const closing = answered(lane)
      const bounds = settlementBounds(closing, () => 1, at(5_000))
      assert.equal(bounds.client.least + bounds.hub.least, 20_000n)
    }
  })

  test('a challenge needs a proof by the side that closed; its own word against itself is none', () => {
    const proof = signedLane(CHANNEL, 'hub', laneOf({ version: 9 }))
    assert.equal(
      codeOf(
        challenge(
          CHAIN,
          CLOSING,
          { proof, own: undefined, resume: undefined, guard: undefined },
          NOW,
        ),
      ),
      'bad_proof_signature',
    )
  })
})
