import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Channel, type ChannelParty, declineItem, linkBelow } from '@tallystick/protocol'
import { idOf } from '#hub/core/hub-channel.js'
import { onwardItemId } from '#hub/core/routing.js'
import { accepted, anchorFor, at, itemId, preimage, redeemItem } from '../protocol/test-channel.js'
import { HubWorld, type TestClient } from './hub-world.js'

/** A payee whose lane the first payer has filled with items 1 to 4, and a second payer. */
function world() {
  const hub = new HubWorld([{}, {}, {}])
  const [payee, payer, other] = [0, 1, 2].map((number) => hub.client(number)) as [
    TestClient,
    TestClient,
    TestClient,
  ]
  for (let name = 1; name <= 4; name++) hub.pay(payer, payee, name)
  const claim = (name: number, from = payer) =>
    hub.claim(payee, onwardItemId(from.channel, itemId(name)), preimage(name))
  const promised = () => hub.hubParty(payee).own.items.map(({ anchor }) => anchor)
  return { hub, payee, payer, other, claim, promised }
}

const cancel = (name: number) => ({ kind: 'cancel', id: itemId(name) }) as const

describe('INV-7 HUB-16 what clients try with payments that wait', () => {
  test('an item that was declined is not carried on for one of its name that waits', () => {
    const { hub, payee, other, claim, promised } = world()
    hub.pay(other, payee, 6)
    // Behind that one, paid to the hub at once and named again: both wait under one name and anchor.
    hub.pay(other, payee, 5, { value: 10n })
    hub.update(other, redeemItem(5))
    hub.wait(20)
    hub.pay(other, payee, 5, { value: 3_000n, fee: 13n })
    hub.wait(10)
    assert.deepEqual(other.declines, ['no_liquidity', 'no_liquidity'])
    claim(1)
    assert.ok(!promised().includes(anchorFor(5)), 'the payer may take it back')
    hub.update(other, cancel(5), cancel(6))
    hub.wait(30)
    assert.ok(!promised().includes(anchorFor(5)))
  })

  test('CH-6.6 nothing is carried on for a payer whose channel is closing on the ledger', () => {
    const { hub, payee, other, claim, promised } = world()
    hub.pay(other, payee, 5)
    const { ledger } = hub.hubParty(other)
    const status = { kind: 'closing', by: 'client', deadline: at(1_000) }
    hub.ledger({ kind: 'channelSeen', channel: { ...ledger, status } as Channel })
    claim(1)
    assert.ok(!promised().includes(anchorFor(5)))
  })

  test('nor for one whose channel the ledger has settled', () => {
    const { hub, payee, other, claim, promised } = world()
    hub.pay(other, payee, 5)
    hub.ledger({ kind: 'channelGone', channel: other.channel })
    claim(1)
    assert.ok(!promised().includes(anchorFor(5)))
  })

  test('HUB-14 a stream that its payer pays while it waits comes to its end', () => {
    const { hub, payee, other, claim, promised } = world()
    hub.pay(other, payee, 5, { value: 100n, fee: 5n, ticks: 3 })
    const anchor = anchorFor(5, 3)
    const link = linkBelow({ index: 3, link: preimage(5) }, 1)
    hub.update(other, { kind: 'redeem', id: itemId(5), index: 1, link })
    claim(1)
    assert.ok(promised().includes(anchor))
    const id = onwardItemId(other.channel, itemId(5))
    hub.peer({ kind: 'claim', claim: { channel: payee.channel, id, known: { index: 1, link } } })
    payee.party = accepted(declineItem(payee.party, id)) as ChannelParty
    hub.peer({ kind: 'decline', decline: { channel: payee.channel, id, code: 'no' } })
    hub.update(payee)
    assert.equal(other.declines.length, 1)
    assert.equal(hub.payments.get(anchor)?.status, 'settled')
  })

  test('HUB-8 what waits rests where the client shows that the hub has lost what it did there', () => {
    const { hub, payee, payer, other, claim, promised } = world()
    hub.pay(other, payee, 5)
    // The journal is an old copy, and nobody says so: the item was carried on and paid meanwhile.
    const old = new Map([...hub.state.channels()].map((row) => [idOf(row), row] as const))
    const payments = [...hub.payments]
    claim(1)
    claim(5, other)
    assert.ok(!promised().includes(anchorFor(5)))
    hub.state.apply({ channels: old, payments: new Map(), reveals: new Set() })
    hub.payments.clear()
    for (const [anchor, payment] of payments) hub.payments.set(anchor, payment)
    const { length } = other.declines
    hub.attach(payee)
    hub.wait(30)
    assert.equal(other.declines.length, length, 'the payer is not asked to take back what it owes')
    assert.ok(payer.heard.length > 0)
  })
})
