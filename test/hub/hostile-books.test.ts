import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  askToResume,
  type ChannelParty,
  grantResume,
  timestamp,
} from '@tallystick/protocol'
import { onwardItemId } from '#hub/core/routing.js'
import {
  accepted,
  addItem,
  anchorFor,
  CHAIN,
  itemId,
  preimage,
  redeemItem,
  startPosition,
} from '../protocol/test-channel.js'
import { HubWorld, payment, type TestClient } from './hub-world.js'

const onward = (payer: TestClient, name: number) => onwardItemId(payer.channel, itemId(name))

/** The client says that the hub has lost data, and shows the version of the hub's lane that it likes. */
function pretendLoss(hub: HubWorld, client: TestClient, shown: TestClient['party']): void {
  const { version } = hub.hubParty(client).own
  const position = { ...startPosition(client.channel), held: version + 1 }
  hub.peer({ kind: 'attached', owner: client.identity, position })
  const { resuming } = hub.hubParty(client)
  assert.ok(resuming !== undefined)
  hub.now = timestamp(hub.now + 1)
  const request = { nonce: resuming, lostAt: hub.hubParty(client).lostAt }
  const granted = accepted(grantResume(CHAIN, shown, request, client.signer, hub.now))
  client.party = granted.party
  const { channel } = client
  hub.peer({ kind: 'resumeAnswered', channel, answer: granted.answer, reveals: [] })
  if (hub.hubParty(client).resuming === undefined) hub.restart(client)
}

describe('HUB-9 INV-8 no client stops the hub by what it sends', () => {
  test('a claim that comes in one batch with the item that the hub carries on', () => {
    const hub = new HubWorld([{}, {}])
    const [payer, payee] = [hub.client(0), hub.client(1)]
    const known = { index: 1, link: preimage(1) }
    const claim = { channel: payee.channel, id: onward(payer, 1), known }
    const update = payer.signs([payment(payee, 1)])
    hub.peer({ kind: 'update', update }, { kind: 'claim', claim })
    assert.equal(hub.hubParty(payee).own.items.length, 1)
    hub.peer({ kind: 'claim', claim })
    hub.update(payer, redeemItem(1))
    assert.equal(hub.settledValue, 20_011n)
  })

  test('a smaller item under the name of a payment that failed, redeemed', () => {
    for (const small of [{ unit: 100n }, { unit: 506n, ticks: 2 }]) {
      const hub = new HubWorld([{}, {}])
      const [payer, payee] = [hub.client(0), hub.client(1)]
      hub.pay(payer, payee, 1)
      hub.decline(payee)
      hub.update(payee)
      hub.update(payer, { kind: 'cancel', id: itemId(1) })
      hub.update(payer, { ...addItem(1, small), anchor: anchorFor(1) })
      hub.update(payer, redeemItem(1))
      assert.equal(hub.payments.get(anchorFor(1))?.status, 'failed')
      assert.ok(hub.settledValue > 20_000n)
    }
  })

  test('an item that comes back and expires again, of an anchor that was used again', () => {
    const hub = new HubWorld([{}, {}, {}])
    const [payer, payee, other] = [hub.client(0), hub.client(1), hub.client(2)]
    hub.pay(payer, payee, 1)
    const pending = payee.party
    hub.wait(700)
    assert.equal(hub.payments.get(anchorFor(1))?.status, 'failed')
    hub.update(payer, { kind: 'expire', id: itemId(1) })
    const again = { ...payment(other, 2, { expiry: 1_400 }), anchor: anchorFor(1) }
    hub.update(payer, again)
    pretendLoss(hub, payee, pending)
    hub.wait(1)
    assert.equal(hub.payments.get(anchorFor(1))?.status, 'pending')
    const third = { ...payment(payee, 3, { expiry: 1_400 }), anchor: anchorFor(1) }
    hub.update(payer, third)
    hub.claim(other, onward(payer, 2), preimage(1))
    hub.update(payer, { ...redeemItem(2), link: preimage(1) })
    assert.equal(hub.settledValue, 30_011n)
  })

  test('a withdrawal that the ledger shows and a restored hub does not know of', () => {
    const hub = new HubWorld([{}])
    const client = hub.client(0)
    const row = hub.state.channel(client.channel) ?? assert.fail()
    const party = accepted(
      askToResume(row.party, new Uint8Array(16).fill(200), hub.now),
    ) as ChannelParty
    const channels = new Map([[client.channel, { ...row, party }]])
    hub.state.apply({ channels, payments: new Map(), reveals: new Set() })
    const { ledger } = party
    const withdrawn = amount(12_000n)
    hub.ledger({
      kind: 'channelSeen',
      channel: { ...ledger, client: { ...ledger.client, withdrawn } },
    })
    assert.equal(hub.hubParty(client).ledger.client.withdrawn, withdrawn)
  })
})

describe('CH-18 INV-25 what a batch has drafted when its channel is resumed', () => {
  test('is given back to its payer: it was never signed', () => {
    const hub = new HubWorld([{}, {}])
    const [payer, payee] = [hub.client(0), hub.client(1)]
    const position = { ...startPosition(payee.channel), held: 9 }
    hub.peer(
      { kind: 'update', update: payer.signs([payment(payee, 1)]) },
      { kind: 'attached', owner: payee.identity, position },
    )
    assert.equal(hub.hubParty(payee).own.items.length, 0)
    assert.deepEqual(payer.declines, ['declined_by_payee'])
    assert.equal(hub.payments.get(anchorFor(1))?.status, 'failed')
    assert.deepEqual(hub.state.channel(payee.channel)?.origin, [])
  })

  test('a payment that the payee was shown to have earned is paid after the resume', () => {
    const hub = new HubWorld([{}, {}])
    const [payer, payee] = [hub.client(0), hub.client(1)]
    hub.pay(payer, payee, 1)
    const known = { index: 1, link: preimage(1) }
    const claim = { channel: payee.channel, id: onward(payer, 1), known }
    const position = { ...startPosition(payee.channel), held: 9 }
    hub.peer({ kind: 'claim', claim }, { kind: 'attached', owner: payee.identity, position })
    const { resuming } = hub.hubParty(payee)
    assert.ok(resuming !== undefined)
    hub.now = timestamp(hub.now + 1)
    const request = { nonce: resuming, lostAt: hub.hubParty(payee).lostAt }
    const granted = accepted(grantResume(CHAIN, payee.party, request, payee.signer, hub.now))
    payee.party = granted.party
    const { channel } = payee
    hub.peer({ kind: 'resumeAnswered', channel, answer: granted.answer, reveals: [] })
    hub.restart(payee)
    hub.peer({ kind: 'claim', claim })
    hub.wait(1)
    assert.equal(payee.party.peer.transferred, 1_000n)
  })
})

describe('CH-18 INV-7 a resume is not taken back by the next', () => {
  test('an item that the payee gave up by a resume does not come back by another', () => {
    const hub = new HubWorld([{}, {}])
    const [payer, payee] = [hub.client(0), hub.client(1)]
    const before = payee.party
    hub.pay(payer, payee, 1)
    const pending = payee.party
    pretendLoss(hub, payee, before)
    assert.deepEqual(payer.declines, ['declined_by_payee'])
    hub.update(payer, { kind: 'cancel', id: itemId(1) })
    pretendLoss(hub, payee, { ...pending, grantedResume: payee.party.grantedResume })
    const { items } = hub.hubParty(payee).own
    assert.deepEqual(items, [])
    assert.equal(hub.settledValue, 20_000n)
  })
})
