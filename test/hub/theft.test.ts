import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Anchor,
  type Change,
  encode,
  maySign,
  UNCONFIRMED_UPDATES_MAX,
} from '@tallystick/protocol'
import { hubChannelCodec } from '#hub/core/hub-channel.js'
import { onwardItemId } from '#hub/core/routing.js'
import { addItem, anchorFor, at, itemId, preimage } from '../protocol/test-channel.js'
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

describe('INV-7 what colluding clients tried', () => {
  test('CH-3 a payer names its item anew while the payee holds back its ack', () => {
    const { hub, payer, payee } = world()
    hub.pay(payer, payee, 1)
    hub.decline(payee)
    const quiet = payee.party
    hub.wait(601)
    hub.update(payer, { kind: 'expire', id: itemId(1) })
    hub.update(payer, { ...payment(payee, 1, { expiry: 1_500 }), anchor: anchorFor(2) } as Change)
    assert.deepEqual(payer.declines, ['item_exists'])
    payee.party = { ...payee.party, own: quiet.own }
    hub.update(payee)
    const { party } = hub.state.channel(payee.channel) ?? assert.fail()
    assert.deepEqual(party.own.items, [])
  })

  test('HUB-2 a payer names its item anew for another payee while the first holds back its ack', () => {
    const { hub, payer, payee, other } = world()
    hub.pay(payer, payee, 1)
    hub.decline(payee)
    hub.wait(601)
    hub.update(payer, { kind: 'expire', id: itemId(1) })
    hub.update(payer, { ...payment(other, 1, { expiry: 1_500 }), anchor: anchorFor(2) } as Change)
    assert.equal(other.party.peer.items.length, 1)
    assert.deepEqual(sent(hub.update(payee)), ['2:stored'], 'what is released is not the new item')
    assert.deepEqual(payer.declines, [])
    hub.claim(other, onward(payer, 1), preimage(2))
    const { party } = hub.state.channel(payer.channel) ?? assert.fail()
    assert.deepEqual(party.incoming[0]?.known, { index: 1, link: preimage(2) })
  })

  test('CH-3 a payer drops an item and names another by its id in one update', () => {
    const { hub, payer, payee } = world()
    hub.update(payer, addItem(1))
    assert.deepEqual(payer.declines, ['no_destination'])
    const cancel = { kind: 'cancel', id: itemId(1) } as const
    const again = { ...payment(payee, 1), anchor: anchorFor(2) } as Change
    assert.deepEqual(sent(hub.update(payer, cancel, again)), ['1:!item_exists'])
    assert.deepEqual(payee.party.peer.items, [])
  })

  test('CH-11 INV-45 a client that confirms nothing cannot make the hub keep more than it can store', () => {
    const { hub, payer } = world()
    const held = hub.state.channel(payer.channel) ?? assert.fail()
    hub.update(payer, addItem(1))
    const silent = { ...payer.party }
    const update = { ...payer.signs([]), changes: [] }
    payer.party = silent
    const full = Array.from({ length: UNCONFIRMED_UPDATES_MAX }, () => update)
    const { party } = hub.state.channel(payer.channel) ?? assert.fail()
    hub.state.apply({
      channels: new Map([[payer.channel, { ...held, party: { ...party, unconfirmed: full } }]]),
      ...NO_BOOKS,
    })
    assert.deepEqual(sent(hub.update(payer, { kind: 'cancel', id: itemId(1) })), ['1:stored'])
    const after = hub.state.channel(payer.channel) ?? assert.fail()
    assert.ok(encode(hubChannelCodec, after).length > 0)
    assert.equal(after.party.ackDue, true)
    assert.ok(maySign(after.party))
  })

  test('INV-27 an anchor that is public already, which the ledger would pay though nobody shows it', () => {
    const { hub, payer, payee } = world()
    hub.ledger(reveal(1, 0))
    hub.pay(payer, payee, 1)
    assert.deepEqual(payer.declines, ['anchor_used'])
    assert.deepEqual(payee.party.peer.items, [])
  })

  test('INV-27 an anchor that becomes public after its payment has failed', () => {
    const { hub, payer, payee } = world()
    hub.pay(payer, payee, 1)
    hub.wait(616)
    assert.equal(hub.payments.get(anchorFor(1))?.status, 'failed')
    hub.update(payer, { kind: 'expire', id: itemId(1) })
    hub.ledger(reveal(1, 616))
    hub.update(payer, { ...payment(payee, 2, { expiry: 1_200 }), anchor: anchorFor(1) } as Change)
    assert.deepEqual(payer.declines, ['anchor_used'])
  })
})
