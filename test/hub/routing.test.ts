import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Anchor,
  amount,
  type Change,
  declineItem,
  isRejection,
  lockedOf,
  maySign,
} from '@tallystick/protocol'
import { onwardItemId } from '#hub/core/routing.js'
import {
  accepted,
  addItem,
  anchorFor,
  at,
  itemId,
  preimage,
  redeemItem,
  startPosition,
} from '../protocol/test-channel.js'
import { HubWorld, payment, sent, type TestClient } from './hub-world.js'

/** Payer, payee and somebody else; the hub has put 10,000 into each channel. */
function world(): { hub: HubWorld; payer: TestClient; payee: TestClient; other: TestClient } {
  const hub = new HubWorld([{}, {}, {}])
  return { hub, payer: hub.client(0), payee: hub.client(1), other: hub.client(2) }
}
const NO_BOOKS = { payments: new Map(), reveals: new Set<Anchor>() }
const onward = (payer: TestClient, name: number) => onwardItemId(payer.channel, itemId(name))
const reveal = (name: number, time = 100) =>
  ({
    kind: 'revealSeen',
    anchor: anchorFor(name),
    known: { index: 1, link: preimage(name) },
    time: at(time),
  }) as const

describe('HUB-2 a payment', () => {
  test('INV-25 is carried on, claimed, settled: the payee has 1,000, the hub its fee of 11', () => {
    const { hub, payer, payee } = world()
    assert.deepEqual(sent(hub.pay(payer, payee, 1)), ['1:stored', '2:update'])
    const [item] = payee.party.peer.items
    assert.deepEqual(item, {
      id: onward(payer, 1),
      anchor: anchorFor(1),
      unit: 1_000n,
      ticks: 1,
      paid: 0,
      expiry: at(600),
    })
    assert.equal(hub.payments.get(anchorFor(1))?.status, 'pending')
    const claimed = hub.claim(payee, onward(payer, 1), preimage(1))
    assert.deepEqual(sent(claimed), ['1:claim', '2:update'])
    assert.equal(payee.party.peer.transferred, 1_000n)
    assert.equal(hub.payments.get(anchorFor(1))?.status, 'claimed')
    hub.update(payer, redeemItem(1))
    assert.equal(hub.settledValue, 30_011n)
    const { status, parts } = hub.payments.get(anchorFor(1)) ?? assert.fail()
    const [part] = parts
    assert.deepEqual([status, part?.amount, part?.fee], ['settled', 1_000n, 11n])
    for (const { party, onward: left, origin } of hub.state.channels()) {
      assert.deepEqual([party.incoming, party.own.items, left, origin], [[], [], [], []])
    }
  })

  test('many payments of one update are one batch with one update to each payee', () => {
    const { hub, payer, payee, other } = world()
    const effects = hub.update(payer, payment(payee, 1), payment(other, 2), payment(payee, 3))
    assert.deepEqual(sent(effects), ['1:stored', '2:update', '3:update'])
    assert.deepEqual(
      payee.party.peer.items.map(({ unit }) => unit),
      [1_000n, 1_000n],
    )
  })

  test('the fullest channel of a payee that suffices carries it', () => {
    const hub = new HubWorld([{}, { hub: 1_100n }, { hub: 10_000n }])
    const [payer, small, large] = [hub.client(0), hub.client(1), hub.client(2)]
    hub.peer({
      kind: 'attached',
      owner: small.identity,
      position: startPosition(large.channel),
    })
    hub.pay(payer, small, 1)
    assert.equal(small.party.peer.items.length, 1)
    hub.pay(payer, small, 2)
    assert.deepEqual([small.party.peer.items.length, large.party.peer.items.length], [1, 1])
  })
})

describe('HUB-2 what is not carried on is declined, in checking order', () => {
  const refusedBy = (change: (to: TestClient, other: TestClient) => Change): string[] => {
    const { hub, payer, payee, other } = world()
    hub.pay(payer, payee, 1)
    const effects = hub.update(payer, change(payee, other))
    assert.deepEqual(sent(effects), ['1:stored', '1:decline'])
    assert.equal(payee.party.peer.items.length, 1)
    return payer.declines
  }
  const stranger = { identity: itemId(9) as never }
  const noDestination = { ...addItem(2, { unit: 1_011n, expiry: 10 }) }
  for (const [code, change] of [
    ['no_destination', () => noDestination],
    ['anchor_used', (to) => ({ ...payment(to, 2, { fee: 0n }), anchor: anchorFor(1) }) as Change],
    ['fee_too_low', (to) => payment(to, 2, { fee: 10n, expiry: 10 })],
    ['fee_too_low', (to) => payment(to, 2, { value: 1_001n, fee: 11n })],
    ['expiry_too_near', () => payment(stranger, 2, { expiry: 179 })],
    ['payee_unknown', () => payment(stranger, 2, { value: 8_000n, fee: 18n })],
    ['amount_too_small', (to) => payment(to, 2, { value: 9n })],
    ['expiry_out_of_bounds', (to) => payment(to, 2, { expiry: 1_001 })],
  ] as readonly (readonly [string, (to: TestClient) => Change])[]) {
    test(code, () => {
      assert.deepEqual(refusedBy(change), [code])
    })
  }

  test('no_liquidity: more than the hub has on any channel of the payee', () => {
    const hub = new HubWorld([{ client: 50_000n }, {}])
    const [payer, payee] = [hub.client(0), hub.client(1)]
    hub.pay(payer, payee, 1, { value: 9_901n, fee: 20n })
    assert.deepEqual(payer.declines, ['no_liquidity'])
    hub.pay(payer, payee, 2, { value: 9_900n, fee: 20n })
    assert.deepEqual(payer.declines, ['no_liquidity'])
    assert.equal(payee.party.peer.items.length, 1)
  })

  test('payee_unknown: one cannot pay oneself over the same channel', () => {
    const { hub, payer } = world()
    hub.pay(payer, payer, 1)
    assert.deepEqual(payer.declines, ['payee_unknown'])
  })

  test('the edges: 180 seconds left and the fee to the unit are enough', () => {
    const { hub, payer, payee } = world()
    hub.pay(payer, payee, 1, { expiry: 180 })
    hub.pay(payer, payee, 2, { value: 1_001n, fee: 12n })
    assert.deepEqual(payer.declines, [])
    assert.equal(payee.party.peer.items.length, 2)
  })
})

describe('INV-26 exactly once', () => {
  test('the same update again is stored before: nothing is carried on twice', () => {
    const { hub, payer, payee } = world()
    const update = payer.signs([payment(payee, 1)])
    assert.deepEqual(sent(hub.peer({ kind: 'update', update })), ['1:stored', '2:update'])
    assert.deepEqual(sent(hub.peer({ kind: 'update', update })), ['1:stored', '1:idle'])
    assert.deepEqual(sent(hub.peer({ kind: 'update', update }, { kind: 'update', update })), [
      ...['1:stored', '1:idle'],
      ...['1:stored', '1:idle'],
    ])
    assert.equal(payee.party.peer.items.length, 1)
  })

  test('the same claim again pays nothing again', () => {
    const { hub, payer, payee } = world()
    hub.pay(payer, payee, 1)
    assert.deepEqual(sent(hub.claim(payee, onward(payer, 1), preimage(1))), ['1:claim', '2:update'])
    assert.deepEqual(sent(hub.claim(payee, onward(payer, 1), preimage(1))), ['2:idle'])
    assert.equal(payee.party.peer.transferred, 1_000n)
  })

  for (const status of ['pending', 'claimed', 'settled'] as const) {
    test(`INV-27 an anchor is used once: while its payment is ${status}`, () => {
      const { hub, payer, payee, other } = world()
      hub.pay(payer, payee, 1)
      if (status !== 'pending') hub.claim(payee, onward(payer, 1), preimage(1))
      if (status === 'settled') hub.update(payer, redeemItem(1))
      assert.equal(hub.payments.get(anchorFor(1))?.status, status)
      hub.update(other, { ...payment(payee, 2), anchor: anchorFor(1) } as Change)
      assert.deepEqual(other.declines, ['anchor_used'])
    })
  }

  test('INV-27 an anchor whose payment failed may be paid again', () => {
    const { hub, payer, payee } = world()
    hub.pay(payer, payee, 1)
    hub.decline(payee)
    hub.update(payee)
    assert.equal(hub.payments.get(anchorFor(1))?.status, 'failed')
    hub.update(payer, { kind: 'cancel', id: itemId(1) })
    hub.update(payer, { ...payment(payee, 2), anchor: anchorFor(1) } as Change)
    assert.deepEqual(payer.declines, ['declined_by_payee'])
    assert.equal(payee.party.peer.items.length, 1)
  })

  test('the hub is asked again after a reconnection and says the same', () => {
    const { hub, payer, payee } = world()
    const before = payee.party
    hub.pay(payer, payee, 1)
    payee.party = before
    const effects = hub.attach(payee)
    assert.deepEqual(sent(effects), ['2:attached', '2:update'])
    assert.equal(payee.party.peer.items.length, 1)
    hub.claim(payee, onward(payer, 1), preimage(1))
    assert.deepEqual(sent(hub.attach(payer)), ['1:attached', '1:claim'])
  })
})

describe('INV-12 HUB-2 a payment that the payee does not take', () => {
  test('goes back upstream only after the payee has acked that it is gone', () => {
    const { hub, payer, payee } = world()
    hub.pay(payer, payee, 1)
    hub.decline(payee)
    assert.deepEqual(payee.party.peer.items, [])
    assert.deepEqual(payer.declines, [], 'the payee could still claim by an older proof')
    assert.equal(hub.payments.get(anchorFor(1))?.status, 'pending')
    const effects = hub.update(payee)
    assert.deepEqual(sent(effects), ['2:stored', '1:decline'])
    assert.deepEqual(payer.declines, ['declined_by_payee'])
    assert.deepEqual(sent(hub.update(payer, { kind: 'cancel', id: itemId(1) })), [
      '1:stored',
      '1:update',
    ])
    assert.equal(hub.settledValue, 30_000n)
  })

  test('a link that becomes public before the ack is paid on both lanes', () => {
    const { hub, payer, payee } = world()
    hub.pay(payer, payee, 1)
    hub.decline(payee)
    hub.ledger(reveal(1))
    const effects = hub.update(payee)
    assert.deepEqual(sent(effects), ['2:stored'])
    assert.deepEqual(payer.declines, [])
    assert.equal(hub.payments.get(anchorFor(1))?.status, 'claimed')
    const { party } = hub.state.channel(payer.channel) ?? assert.fail()
    assert.equal(party.incoming[0]?.onLedger, 1)
  })

  test('a decline that comes too late, or again, changes nothing', () => {
    const { hub, payer, payee } = world()
    hub.pay(payer, payee, 1)
    const decline = { channel: payee.channel, id: onward(payer, 1), code: 'no' }
    hub.claim(payee, onward(payer, 1), preimage(1))
    assert.deepEqual(sent(hub.peer({ kind: 'decline', decline })), ['2:idle'])
    const { hub: second, payer: from, payee: to } = world()
    second.pay(from, to, 1)
    to.party = accepted(declineItem(to.party, onward(from, 1)))
    const twice = { kind: 'decline', decline } as const
    assert.deepEqual(sent(second.peer(twice, twice)), ['2:idle', '2:update'])
  })
})

describe('REV-3 a reveal on the ledger', () => {
  test('INV-29 pays every hop at once', () => {
    const { hub, payer, payee } = world()
    hub.pay(payer, payee, 1)
    assert.deepEqual(sent(hub.ledger(reveal(1))), ['1:claim', '2:update'])
    assert.equal(payee.party.peer.transferred, 1_000n)
    assert.equal(hub.payments.get(anchorFor(1))?.status, 'claimed')
    assert.deepEqual(sent(hub.ledger(reveal(1))), [])
  })

  test('INV-25 on a channel that is closing, too: the payer owes it though the payee signs no more', () => {
    const { hub, payer, payee } = world()
    hub.pay(payer, payee, 1)
    const held = hub.state.channel(payee.channel) ?? assert.fail()
    const leaving = { ...held, party: { ...held.party, phase: { kind: 'leaving' } as const } }
    hub.state.apply({ channels: new Map([[payee.channel, leaving]]), ...NO_BOOKS })
    assert.deepEqual(sent(hub.ledger(reveal(1))), ['1:claim'])
    const { party } = hub.state.channel(payer.channel) ?? assert.fail()
    assert.deepEqual(party.incoming[0]?.known, { index: 1, link: preimage(1) })
  })

  test('CH-6.3 INV-25 a payer cannot take back what was public in time', () => {
    const { hub, payer, payee } = world()
    hub.pay(payer, payee, 1)
    hub.ledger(reveal(1, 600))
    hub.wait(700)
    assert.deepEqual(sent(hub.update(payer, { kind: 'expire', id: itemId(1) })), ['1:!not_expired'])
  })
})

describe('INV-30 expiry', () => {
  for (const [seconds, count] of [
    [615, 1],
    [616, 0],
  ] as const) {
    test(`at ${seconds} of an expiry of 600 the payee has ${count} items of the hub`, () => {
      const { hub, payer, payee } = world()
      hub.pay(payer, payee, 1)
      hub.wait(seconds)
      assert.equal(payee.party.peer.items.length, count)
      assert.equal(hub.payments.get(anchorFor(1))?.status, count === 1 ? 'pending' : 'failed')
      assert.deepEqual(payer.declines, [], 'the payer takes its own back')
      assert.deepEqual(sent(hub.update(payer, { kind: 'expire', id: itemId(1) })), ['1:stored'])
      assert.equal(hub.settledValue, 30_000n)
    })
  }

  for (const [seconds, messages] of [
    [570, ['1:claim', '2:update']],
    [571, ['2:error']],
  ] as const) {
    test(`INV-31 a claim at ${seconds} of an expiry of 600`, () => {
      const { hub, payer, payee } = world()
      hub.pay(payer, payee, 1)
      hub.wait(seconds)
      assert.deepEqual(sent(hub.claim(payee, onward(payer, 1), preimage(1))), messages)
    })
  }
})

describe('HUB a client that breaks a rule', () => {
  test('is told which, its session ends, and nothing of it is kept', () => {
    const { hub, payer, payee } = world()
    const update = payer.signs([payment(payee, 1)])
    const before = hub.state.channel(payer.channel)
    const bad = { ...update, version: 7 }
    assert.deepEqual(sent(hub.peer({ kind: 'update', update: bad })), ['1:!version_gap'])
    assert.equal(hub.state.channel(payer.channel)?.party, before?.party)
    const unknown = { ...update, channel: itemId(1).repeat(2) as never }
    const [effect] = hub.peer({ kind: 'update', update: unknown })
    assert.equal(effect?.kind === 'endSession' && effect.code, 'channel_unknown')
  })

  test('INV-16 a client that holds more than the hub has signed shows that the hub lost data', () => {
    const { hub, payer } = world()
    const position = { ...startPosition(payer.channel), held: 1 }
    const effects = hub.peer({ kind: 'attached', owner: payer.identity, position })
    assert.deepEqual(sent(effects), ['1:attached', '1:dataLost'])
    assert.equal(maySign(hub.hubParty(payer)), false)
  })
})

describe('HUB-1 which channels are served', () => {
  test('those of the hub on its own terms; a reveal or a block about another is nothing', () => {
    const { hub, payer } = world()
    const { ledger } = hub.hubParty(payer)
    const seen = (change: Partial<typeof ledger>) => {
      const channel = { ...ledger, id: itemId(77).repeat(2) as never, number: 77, ...change }
      hub.ledger({ kind: 'channelSeen', channel })
      return hub.state.channel(channel.id) !== undefined
    }
    assert.equal(seen({ asset: 1 }), false)
    assert.equal(seen({ terms: { ...ledger.terms, exitReserve: amount(1n) } }), false)
    assert.equal(seen({ hub: { ...ledger.hub, payoutLock: ledger.client.payoutLock } }), false)
    assert.deepEqual(
      sent(hub.ledger({ kind: 'channelGone', channel: itemId(77).repeat(2) as never })),
      [],
    )
    assert.equal(seen({}), true)
    assert.equal(lockedOf(hub.hubParty(payer).own), 0n)
    assert.equal(isRejection(hub.hubParty(payer)), false)
  })
})
