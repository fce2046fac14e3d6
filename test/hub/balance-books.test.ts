import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { amount, type ChannelParty } from '@tallystick/protocol'
import { booksBalance } from '#hub/core/balance-books.js'
import { HubOverlay } from '#hub/core/hub-view.js'
import { onwardItemId } from '#hub/core/routing.js'
import { closed } from '../protocol/closing-channel.js'
import { anchorFor, itemId, preimage } from '../protocol/test-channel.js'
import { HubWorld, payment, type TestClient } from './hub-world.js'

/** Client 0 pays client 1, who has shown the preimage: the hub has paid and is owed 1,011. */
function paidWorld() {
  const hub = new HubWorld([{}, {}])
  const [from, to] = [hub.client(0), hub.client(1)]
  hub.pay(from, to, 1)
  const before = hub.state.channel(to.channel)
  hub.claim(to, onwardItemId(from.channel, itemId(1)), preimage(1))
  assert.ok(before !== undefined)
  return { hub, from, to, before }
}

/** The books of `hub` with one channel's record replaced by something that no step would write. */
function tampered(
  hub: HubWorld,
  client: TestClient,
  change: (party: ChannelParty) => ChannelParty,
) {
  const overlay = new HubOverlay(hub.state)
  const channel = hub.state.channel(client.channel)
  assert.ok(channel !== undefined)
  hub.state.preload(hub.payments.values(), hub.reveals)
  overlay.setChannel({ ...channel, party: change(channel.party) })
  return overlay
}

describe('HUB-9 INV-8 the books of a batch', () => {
  test('balance through a payment, its claim and its settlement', () => {
    const { hub, from } = paidWorld()
    hub.update(from, { kind: 'redeem', id: itemId(1), index: 1, link: preimage(1) })
    assert.equal(hub.payments.get(anchorFor(1))?.status, 'settled')
    assert.equal(hub.settledValue, 20_011n)
  })

  test('do not balance where the hub pays an item whose payer owes it nothing yet', () => {
    const { hub, to, before } = paidWorld()
    const after = hub.state.channel(to.channel)
    assert.ok(after !== undefined)
    const row = hub.payments.get(anchorFor(1))
    assert.ok(row !== undefined)
    hub.state.apply({
      channels: new Map([[to.channel, before]]),
      payments: new Map(),
      reveals: new Set(),
    })
    for (const status of ['pending', 'failed'] as const) {
      const parts = row.parts.map((part) => ({ ...part, shown: 0 }))
      hub.state.preload([{ ...row, status, parts }], new Set())
      const overlay = new HubOverlay(hub.state)
      overlay.setChannel(after)
      assert.throws(() => booksBalance(hub.state, overlay), /no payer owes it/)
    }
    hub.state.preload([row], new Set())
    const overlay = new HubOverlay(hub.state)
    overlay.setChannel(after)
    booksBalance(hub.state, overlay)
  })

  test('do not balance where a lane pays more than its changes say', () => {
    const { hub, to } = paidWorld()
    const overlay = tampered(hub, to, (party) => {
      return { ...party, own: { ...party.own, transferred: amount(party.own.transferred + 1n) } }
    })
    assert.throws(() => booksBalance(hub.state, overlay), /paid 1 on channel .*, its books say 0/)
  })

  test('do not balance where a payment settles and its price did not come in', () => {
    const { hub, from } = paidWorld()
    const overlay = tampered(hub, from, (party) => {
      return { ...party, peer: { ...party.peer, transferred: amount(1_010n), items: [] } }
    })
    const row = hub.payments.get(anchorFor(1))
    assert.ok(row !== undefined)
    const parts = row.parts.map((part) => ({ ...part, paid: 1 }))
    overlay.setPayment({ ...row, status: 'settled', parts })
    assert.throws(() => booksBalance(hub.state, overlay), /1 base units are missing/)
  })

  test('do not balance where a side promises more than the ledger holds for it', () => {
    const { hub, from } = paidWorld()
    const overlay = tampered(hub, from, (party) => {
      return { ...party, peer: { ...party.peer, transferred: amount(9_000n) } }
    })
    assert.throws(() => booksBalance(hub.state, overlay), /client of channel .* promised 11 more/)
  })

  test('balance where a side has promised all and pays the fee of closing alone', () => {
    const { hub, from } = paidWorld()
    const overlay = tampered(hub, from, (party) => {
      const closing = closed(party.ledger, 'client', party.peer)
      const client = { ...closing.client, feesPaid: amount(9_990n) }
      return { ...party, ledger: { ...closing, client } }
    })
    assert.doesNotThrow(() => booksBalance(hub.state, overlay))
  })

  test('a payment that was not claimed may fail, and the books balance', () => {
    const hub = new HubWorld([{}, {}])
    const [from, to] = [hub.client(0), hub.client(1)]
    hub.update(from, payment(to, 1))
    hub.decline(to)
    hub.update(to)
    assert.equal(hub.payments.get(anchorFor(1))?.status, 'failed')
    assert.equal(hub.settledValue, 20_000n)
  })
})
