import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Anchor,
  amount,
  type ClosingChannel,
  channelTotal,
  finalize,
  isRejection,
  isSolvent,
  LANE_START,
  penaltyOf,
  type RevealLookup,
  settlementBounds,
  timestamp,
} from '@tallystick/protocol'
import { anyAmount, anyLane, closed, laneOf, pendingItem } from './closing-channel.js'
import { accepted, at, codeOf, Dice, NOW, seeds, testChannel } from './test-channel.js'

/** A closing channel such as no honest pair ever made. */
function forgedClosing(dice: Dice): ClosingChannel {
  const near = BigInt(1 + dice.roll(100_000))
  const client = anyAmount(dice, near) / 2n
  const hub = dice.chance(50) ? near : 0n
  const reserve = client + hub
  const channel = testChannel({
    client,
    hub,
    terms: { clientPenaltyPpm: 1 + dice.roll(1_000_000) },
  })
  const by = dice.pick(['client', 'hub'] as const)
  const base = closed(channel, by, LANE_START)
  const spent = (deposit: bigint) => (dice.chance(30) ? deposit / 3n : 0n)
  return {
    ...base,
    client: { ...base.client, feesPaid: amount(spent(client)) },
    hub: { ...base.hub, feesPaid: amount(spent(hub)) },
    status: {
      ...base.status,
      penalized: dice.chance(40),
      challenged: dice.chance(50),
      closerLane: anyLane(dice, reserve),
      otherLane: anyLane(dice, reserve),
    },
  }
}

/** Reveals that only ever rise: what is known at a time is known ever after. */
function anyReveals(dice: Dice): RevealLookup {
  const known = new Map<Anchor, { readonly index: number; readonly time: number }>()
  return (anchor, notAfter) => {
    const found = known.get(anchor) ?? { index: dice.roll(7), time: NOW + dice.roll(2_000) }
    known.set(anchor, found)
    return found.time <= notAfter ? found.index : 0
  }
}

describe('DSP-6 settlementBounds', () => {
  for (const seed of seeds(10)) {
    test(`INV-2 INV-3 no pair of lanes mints, burns or goes below zero, seed ${seed}`, () => {
      const dice = new Dice(seed)
      for (let run = 0; run < 400; run++) {
        const channel = forgedClosing(dice)
        const total = channelTotal(channel)
        const reveals = anyReveals(dice)
        for (const now of [0, 500, 1_001, 2_001]) {
          const { client, hub } = settlementBounds(channel, reveals, at(now))
          for (const { least, most } of [client, hub]) {
            assert.ok(
              0n <= least && least <= most && most <= total,
              `${least}..${most} of ${total}`,
            )
          }
          assert.equal(client.least + hub.most, total)
          assert.equal(client.most + hub.least, total)
        }
        const last = settlementBounds(channel, reveals, at(2_001))
        assert.equal(last.client.least, last.client.most, 'past the last expiry all is decided')
      }
    })

    test(`INV-2 INV-14 finalizes in parts pay the channel out exactly, seed ${seed}`, () => {
      const dice = new Dice(seed)
      for (let run = 0; run < 200; run++) {
        let channel = forgedClosing(dice)
        const total = channelTotal(channel)
        const reveals = anyReveals(dice)
        let paid = 0n
        let settled = false
        for (const now of [1_001, 1_300, 1_700, 2_001]) {
          // A finalize at one time may use only what was revealed by then.
          const known: RevealLookup = (anchor, notAfter) =>
            reveals(anchor, timestamp(Math.min(notAfter, at(now))))
          const done = finalize(channel, channel.status.finalizes, known, at(now))
          if (isRejection(done)) {
            assert.equal(codeOf(done), 'nothing_decided')
            continue
          }
          assert.ok(done.kind === 'finalized')
          paid += done.client + done.hub
          settled = done.rest === undefined
          if (done.rest === undefined) break
          channel = done.rest
        }
        assert.ok(settled, 'one second after the last expiry it is over')
        assert.equal(paid, total)
      }
    })
  }

  test('an item that waits is the whole difference between least and most', () => {
    const channel = closed(testChannel(), 'client', laneOf({ items: [pendingItem(1)] }))
    const bounds = (now: number, index: number) => {
      const { client, hub } = settlementBounds(channel, () => index, at(now))
      return [client.least, client.most, hub.least, hub.most]
    }
    assert.deepEqual(bounds(600, 0), [9_900n, 10_000n, 10_000n, 10_100n])
    assert.deepEqual(bounds(600, 1), [9_900n, 9_900n, 10_100n, 10_100n])
    assert.deepEqual(bounds(601, 0), [10_000n, 10_000n, 10_000n, 10_000n])
    assert.deepEqual(bounds(601, 1), [9_900n, 9_900n, 10_100n, 10_100n])
  })

  for (const [time, client] of [
    [599, 9_900n],
    [600, 9_900n],
    [601, 10_000n],
  ] as const) {
    test(`INV-30 a reveal at ${time} against an expiry of 600 leaves the payer ${client}`, () => {
      const channel = closed(testChannel(), 'client', laneOf({ items: [pendingItem(1)] }))
      const revealed: RevealLookup = (_, notAfter) => (at(time) <= notAfter ? 1 : 0)
      const bounds = settlementBounds(channel, revealed, at(2_000))
      assert.deepEqual(bounds.client, { least: client, most: client })
    })
  }

  test('a stream pays the ticks between what is paid and what is revealed, to its last', () => {
    const item = pendingItem(1, { unit: 10n, ticks: 5, paid: 2 })
    const channel = closed(testChannel(), 'hub', laneOf({ transferred: 20n, items: [item] }))
    const hub = (index: number) => settlementBounds(channel, () => index, at(2_000)).hub.least
    assert.deepEqual([0, 2, 3, 5, 9].map(hub), [9_980n, 9_980n, 9_970n, 9_950n, 9_950n])
  })

  test('DSP-5 the penalty is a share of all that the liar would be paid, rounded down', () => {
    const terms = { clientPenaltyPpm: 333_333, hubPenaltyPpm: 1_000_000 }
    const channel = testChannel({ client: 10n, hub: 0n, terms })
    const closing = closed(channel, 'client', LANE_START)
    assert.equal(penaltyOf(closing, 'client', 10n), 3n)
    assert.equal(penaltyOf(closing, 'hub', 10n), 10n)
    const penalized: ClosingChannel = { ...closing, status: { ...closing.status, penalized: true } }
    const bounds = settlementBounds(penalized, () => 0, NOW)
    assert.deepEqual([bounds.client.least, bounds.hub.least], [7n, 3n])
  })
})

describe('DSP-3 isSolvent', () => {
  const solvent = (clientPaid: bigint, hubPaid: bigint, items = [pendingItem(1, { unit: 1n })]) =>
    isSolvent(testChannel({ client: 100n, hub: 0n }), {
      client: laneOf({ transferred: clientPaid, items }),
      hub: laneOf({ transferred: hubPaid }),
    })

  for (const [client, hub, verdict] of [
    [99n, 0n, true],
    [100n, 0n, false],
    [100n, 1n, true],
    [149n, 50n, true],
    [50n, 51n, false],
    [0n, 1n, false],
  ] as const) {
    test(`100 deposited, 1 locked, ${client} paid and ${hub} paid back: ${verdict}`, () => {
      assert.equal(solvent(client, hub), verdict)
    })
  }

  test('INV-3 sums beyond 2^63-1 are compared, not wrapped', () => {
    const most = 2n ** 63n - 1n
    const items = [pendingItem(1, { unit: most }), pendingItem(2, { unit: most })]
    assert.equal(solvent(most, most, items), false)
  })
})

test('DSP-7 finalize: the deadline, the part and the state of the channel', () => {
  const channel = closed(testChannel(), 'client', LANE_START)
  const none: RevealLookup = () => 0
  assert.equal(codeOf(finalize(testChannel(), 0, none, at(9_999))), 'channel_not_closing')
  assert.equal(codeOf(finalize(channel, 9, none, at(1_000))), 'window_open')
  assert.equal(codeOf(finalize(channel, 1, none, at(1_001))), 'finalize_out_of_order')
  const done = accepted(finalize(channel, 0, none, at(1_001)))
  assert.deepEqual(done, {
    kind: 'finalized',
    client: 10_000n,
    hub: 10_000n,
    bounty: undefined,
    rest: undefined,
  })
})

test('DSP-7 nothing_decided: what waits is not asked for twice', () => {
  const item = pendingItem(1, { unit: 9_000n, expiry: 5_000 })
  const channel = closed(testChannel(), 'client', laneOf({ items: [item] }))
  const none: RevealLookup = () => 0
  const first = accepted(finalize(channel, 0, none, at(1_001)))
  assert.ok(first.kind === 'finalized' && first.rest !== undefined)
  assert.deepEqual([first.client, first.hub], [1_000n, 10_000n])
  assert.equal(codeOf(finalize(first.rest, 1, none, at(1_002))), 'nothing_decided')
  assert.equal(codeOf(finalize(first.rest, 0, none, at(5_001))), 'finalize_out_of_order')
  const last = accepted(finalize(first.rest, 1, none, at(5_001)))
  assert.deepEqual(last, {
    kind: 'finalized',
    client: 9_000n,
    hub: 0n,
    bounty: undefined,
    rest: undefined,
  })
})
