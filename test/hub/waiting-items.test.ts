import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Anchor,
  amount,
  askToResume,
  type ChannelParty,
  type ResumeAnswer,
  timestamp,
} from '@tallystick/protocol'
import { type HubChannel, WAITING_MAX } from '#hub/core/hub-channel.js'
import { onwardItemId } from '#hub/core/routing.js'
import { countWaiting } from '#hub/core/waiting-items.js'
import { lookupsOfBlock, lookupsOfPeers } from '#hub/pipeline/batch-lookups.js'
import { accepted, anchorFor, at, itemId, NOW, preimage } from '../protocol/test-channel.js'
import { HubWorld, sent, type TestClient } from './hub-world.js'

/** An answer that shows no lane. */
function bareAnswer(): ResumeAnswer {
  const nothing = { version: 0, acked: 0, transferred: amount(0n) }
  const point = { epoch: 1, nonce: new Uint8Array(16), base: new Uint8Array(32), ...nothing }
  const resume = { point, signature: new Uint8Array(64) }
  return { resume, base: undefined, lane: undefined, laneResume: undefined }
}

/** Places on a lane of these terms. */
const PLACES = 4

/** A payee whose lane the first payer has filled with items 1 to 4, and two more payers. */
function world() {
  const hub = new HubWorld([{}, {}, {}, {}])
  const [payee, payer, other, third] = [0, 1, 2, 3].map((number) => hub.client(number)) as [
    TestClient,
    TestClient,
    TestClient,
    TestClient,
  ]
  for (let name = 1; name <= PLACES; name++) hub.pay(payer, payee, name)
  const claim = (name: number, from = payer) =>
    hub.claim(payee, onwardItemId(from.channel, itemId(name)), preimage(name))
  const row = ({ channel }: TestClient): HubChannel =>
    hub.state.channel(channel) ?? assert.fail('the hub has the channel')
  const set = (changed: HubChannel) =>
    hub.state.apply({
      channels: new Map([[changed.party.ledger.id, changed]]),
      payments: new Map(),
      reveals: new Set<Anchor>(),
    })
  /** Names of what is promised to the payee. */
  const promised = () =>
    [1, 2, 3, 4, 5, 6, 7, 8].filter((name) =>
      hub.hubParty(payee).own.items.some(({ anchor }) => anchor === anchorFor(name)),
    )
  return { hub, payee, payer, other, third, claim, row, set, promised }
}

describe('HUB-16 what finds no place on the lane to its payee', () => {
  test('waits, and is carried on in the batch in which a place becomes free', () => {
    const { hub, payee, other, claim, row, promised } = world()
    assert.deepEqual(sent(hub.pay(other, payee, 5)), ['3:stored'])
    assert.deepEqual(other.declines, [])
    assert.equal(row(payee).waiting.length, 1)
    assert.equal(countWaiting(hub.state.busyChannels()), 1)
    assert.equal(hub.payments.has(anchorFor(5)), false)
    claim(2)
    assert.deepEqual(promised(), [1, 3, 4, 5])
    assert.deepEqual(row(payee).waiting, [])
    claim(5, other)
    assert.equal(hub.payments.get(anchorFor(5))?.status, 'claimed')
  })

  test('goes on in the order in which it came, whoever pays; one for each place', () => {
    const { hub, payee, other, third, claim, promised } = world()
    hub.pay(other, payee, 5)
    hub.pay(third, payee, 6)
    hub.pay(other, payee, 7)
    claim(1)
    assert.deepEqual(promised(), [2, 3, 4, 5])
    hub.decline(payee)
    assert.ok(promised().includes(6) && !promised().includes(7))
    // What is given up may be owed until the payee has acked that, and takes a place until then.
    claim(6, third)
    assert.ok(!promised().includes(7))
    hub.update(payee)
    assert.ok(promised().includes(7))
    assert.deepEqual([...other.declines, ...third.declines], [])
  })

  test('is given back after 30 seconds of ledger time, and not before', () => {
    const { hub, payee, other, row } = world()
    hub.pay(other, payee, 5)
    hub.wait(29)
    assert.deepEqual([other.declines, row(payee).waiting.length], [[], 1])
    hub.wait(1)
    assert.deepEqual([other.declines, row(payee).waiting.length], [['no_liquidity'], 0])
  })

  test('meets every rule again when its turn comes', () => {
    const { hub, payee, other, third, claim, promised } = world()
    hub.pay(other, payee, 5, { expiry: 200 })
    hub.pay(third, payee, 6)
    hub.reveals.add(anchorFor(6))
    hub.wait(21)
    claim(1)
    assert.deepEqual(other.declines, ['expiry_too_near'])
    // The event that made the place has looked at one; the next one finds the place still free.
    claim(2)
    assert.deepEqual(third.declines, ['anchor_used'])
    assert.deepEqual(promised(), [3, 4])
  })

  test('is nobody else’s where the channel has another owner meanwhile', () => {
    const { hub, payee, other, claim, promised } = world()
    hub.pay(other, payee, 5)
    const thief = { ...hub.client(3), party: payee.party } as TestClient
    hub.attach(thief)
    claim(1)
    assert.deepEqual(other.declines, ['payee_unknown'])
    assert.deepEqual(promised(), [2, 3, 4])
  })

  test('takes a place on another channel of the payee within a block', () => {
    const { hub, payee, other, third, row } = world()
    hub.pay(other, payee, 5)
    const second = { ...third, identity: payee.identity, party: third.party } as TestClient
    hub.attach(second)
    assert.equal(row(payee).waiting.length, 1)
    hub.wait(1)
    assert.equal(row(payee).waiting.length, 0)
    assert.deepEqual(
      hub.hubParty(third).own.items.map(({ anchor }) => anchor),
      [anchorFor(5)],
    )
  })

  test('INV-46 is declined where as many wait as may', () => {
    const { hub, payee, other, row, set } = world()
    hub.pay(other, payee, 5)
    const [one] = row(payee).waiting
    assert.ok(one !== undefined)
    const waiting = Array.from({ length: WAITING_MAX }, () => one)
    set({ ...row(payee), waiting })
    hub.pay(other, payee, 6)
    assert.deepEqual(other.declines, ['no_liquidity'])
    assert.equal(row(payee).waiting.length, WAITING_MAX)
  })

  test('is not carried on once its payer has it back, or has another one of its name', () => {
    const { hub, payee, other, claim, row, set, promised } = world()
    hub.pay(other, payee, 5)
    const [one] = row(payee).waiting
    assert.ok(one !== undefined)
    set({ ...row(payee), waiting: [{ ...one, anchor: anchorFor(8) }] })
    claim(1)
    assert.deepEqual([promised(), row(payee).waiting, other.declines], [[2, 3, 4], [], []])
  })

  test('INV-8 rests where the channel of its payer is being closed, or is closed', () => {
    for (const isGone of [true, false]) {
      const { hub, payee, other, claim, row, promised } = world()
      hub.pay(other, payee, 5)
      const { ledger } = row(other).party
      const dispute = { initiator: 'client', deadline: at(900) } as const
      const status = { ...ledger.status, kind: 'closing', ...dispute } as never
      const channel = { ...ledger, status }
      if (isGone) hub.ledger({ kind: 'channelGone', channel: ledger.id })
      else hub.ledger({ kind: 'channelSeen', channel })
      claim(1)
      assert.deepEqual([promised(), row(payee).waiting], [[2, 3, 4], []])
    }
  })

  test('a payee that has no money left for it gives it back', () => {
    const { hub, payee, other, third, claim } = world()
    // Four of 1,000 are pending, of 10,000.
    hub.pay(other, payee, 5, { value: 5_500n, fee: 16n })
    hub.pay(third, payee, 6, { value: 1_000n })
    claim(1)
    claim(2)
    assert.deepEqual([other.declines, third.declines], [[], ['no_liquidity']])
  })
})

describe('HUB-16 what a batch may have to know of what waits', () => {
  test('is looked up: one anchor for each event on the channel, and all for a block', () => {
    const { hub, payee, payer, other, third } = world()
    hub.pay(other, payee, 5)
    hub.pay(third, payee, 6)
    hub.pay(other, payee, 7)
    const claims = [1, 2].map((name) => {
      const id = onwardItemId(payer.channel, itemId(name))
      const known = { index: 1, link: preimage(name) }
      return { kind: 'claim', claim: { channel: payee.channel, id, known } } as const
    })
    const ofPeers = lookupsOfPeers(claims, hub.state)
    assert.deepEqual(ofPeers.reveals, [anchorFor(5), anchorFor(6)])
    assert.deepEqual(
      ofPeers.payments.slice().sort(),
      [1, 2, 5, 6].map((name) => anchorFor(name)).sort(),
    )
    const ofBlock = lookupsOfBlock([], hub.state)
    assert.deepEqual(
      ofBlock.reveals,
      [5, 6, 7].map((name) => anchorFor(name)),
    )
    assert.deepEqual(
      ofBlock.payments.slice().sort(),
      [1, 2, 3, 4, 5, 6, 7].map((name) => anchorFor(name)).sort(),
    )
  })

  test('also where a payer that goes on from a resume makes those behind it come sooner', () => {
    const { hub, payee, payer, other, third } = world()
    for (const [from, name] of [
      [other, 5],
      [other, 6],
      [third, 7],
    ] as const) {
      hub.pay(from, payee, name)
    }
    const id = onwardItemId(payer.channel, itemId(1))
    const known = { index: 1, link: preimage(1) }
    const claimed = { kind: 'claim', claim: { channel: payee.channel, id, known } } as const
    const { channel } = other
    const resumed = { kind: 'resumeAnswered', channel, answer: bareAnswer(), reveals: [] } as const
    for (const events of [
      [resumed, claimed],
      [claimed, resumed],
    ]) {
      const { reveals } = lookupsOfPeers(events, hub.state)
      for (const name of [5, 6, 7]) assert.ok(reveals.includes(anchorFor(name)))
    }
    const [only] = lookupsOfPeers([claimed], hub.state).reveals
    assert.equal(only, anchorFor(5))
  })
})

describe('HUB-8 HUB-16 what waits when the hub may have lost data', () => {
  const NONCE = new Uint8Array(16).fill(200)

  for (const whose of ['payee', 'payer'] as const) {
    test(`rests where the channel of its ${whose} goes on from a resume`, () => {
      const { hub, payee, other, claim, row, set, promised } = world()
      hub.pay(other, payee, 5)
      const client = whose === 'payee' ? payee : other
      const party = accepted(askToResume(row(client).party, NONCE, hub.now)) as ChannelParty
      set({ ...row(client), party })
      if (whose === 'payer') {
        claim(1)
        assert.deepEqual(promised(), [2, 3, 4], 'nothing is carried on before the payer is back')
      }
      hub.now = timestamp(hub.now + 40)
      hub.ledger({ kind: 'timePassed' })
      assert.deepEqual([other.declines, row(payee).waiting], [[], []])
    })
  }

  test('time counts from when it came', () => {
    const { hub, payee, other, row } = world()
    hub.pay(other, payee, 5)
    assert.equal(row(payee).waiting[0]?.since, NOW)
    assert.equal(hub.now, at(0))
  })
})
