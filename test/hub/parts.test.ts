import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Change, positionOf } from '@tallystick/protocol'
import { onwardItemId } from '#hub/core/routing.js'
import { anchorFor, at, itemId, preimage } from '../protocol/test-channel.js'
import { HubWorld, payment, sent, type TestClient } from './hub-world.js'

const ANCHOR = anchorFor(1)
const part = (to: TestClient, name: number, change = {}): Change => {
  return { ...payment(to, name, change), anchor: ANCHOR } as Change
}

/** A payer with channels 1 to 17, and a payee with 18 and 19. */
class Parts {
  readonly hub: HubWorld
  readonly payers: readonly TestClient[]
  readonly payee: TestClient
  readonly second: TestClient

  constructor(setup: { readonly hub?: bigint } = {}) {
    const setups = Array.from({ length: 20 }, (_, i) => (i < 17 ? {} : setup))
    this.hub = new HubWorld([{ itemsMax: 16 }, ...setups.slice(1)])
    this.payers = this.hub.clients.slice(0, 17)
    this.payee = this.hub.client(17)
    this.second = this.hub.client(18)
    for (const payer of this.payers) this.ownedBy(payer, this.first)
    this.ownedBy(this.second, this.payee)
  }

  get first(): TestClient {
    return this.payer(0)
  }

  payer(number: number): TestClient {
    return this.payers[number] ?? assert.fail()
  }

  ownedBy(channel: TestClient, owner: TestClient): void {
    const position = positionOf(channel.party)
    this.hub.peer({ kind: 'attached', owner: owner.identity, position })
  }

  pay(payer: number, value = 1_000n): void {
    const fee = 10n + (value + 999n) / 1_000n
    this.hub.update(this.payer(payer), part(this.payee, payer + 1, { value, fee }))
  }

  claim(payer: number, payee = this.payee) {
    const id = onwardItemId(this.payer(payer).channel, itemId(payer + 1))
    return sent(this.hub.claim(payee, id, preimage(1)))
  }

  /** The payee gives up all that came on `channel`, and acks that it is gone. */
  giveUp(channel = this.payee): void {
    while (channel.party.peer.items.length > 0) this.hub.decline(channel)
    this.hub.update(channel)
  }

  settle(payer: number): void {
    const redeem = { kind: 'redeem', id: itemId(payer + 1), index: 1, link: preimage(1) } as const
    this.hub.update(this.payer(payer), redeem)
  }

  /** Status of the payment, and of each part what was shown and paid, and whether it is over. */
  get books() {
    const { status, parts } = this.hub.payments.get(ANCHOR) ?? assert.fail()
    return [status, ...parts.map((one) => `${one.shown}${one.paid}${one.isOver ? '!' : ''}`)]
  }
}

describe('HUB-13 a payment in parts', () => {
  test('INV-8 is claimed and settled part by part; it has settled with its last', () => {
    const world = new Parts()
    for (const payer of [0, 1, 2]) world.pay(payer)
    assert.equal(world.payee.party.peer.items.length, 3)
    assert.deepEqual(world.books, ['pending', '00', '00', '00'])
    assert.deepEqual(world.claim(1), ['2:claim', '18:update'])
    assert.deepEqual(world.books, ['claimed', '00', '10!', '00'])
    world.settle(1)
    assert.deepEqual(world.books, ['claimed', '00', '11!', '00'])
    for (const payer of [0, 2]) {
      world.claim(payer)
      world.settle(payer)
    }
    assert.deepEqual(world.books, ['settled', '11!', '11!', '11!'])
    assert.equal(world.payee.party.peer.transferred, 3_000n)
    assert.equal(world.hub.settledValue, 200_033n)
  })

  test('goes over any channels of the payee that have room, several over one', () => {
    const world = new Parts({ hub: 2_500n })
    for (const payer of [0, 1, 2]) world.pay(payer)
    assert.equal(world.payee.party.peer.items.length, 2)
    assert.equal(world.second.party.peer.items.length, 1)
    assert.deepEqual(world.claim(2, world.second), ['3:claim', '19:update'])
  })

  test('has 16 parts at most', () => {
    const world = new Parts()
    for (let payer = 0; payer < 17; payer++) world.pay(payer, 100n)
    assert.equal(world.books.length, 1 + 16)
    assert.deepEqual(world.payer(15).declines, [])
    assert.deepEqual(world.payer(16).declines, ['anchor_used'])
  })

  test('takes no part from a channel that it came by already, or from somebody else', () => {
    const world = new Parts()
    world.pay(0)
    world.hub.update(world.first, part(world.payee, 9))
    assert.deepEqual(world.first.declines, ['anchor_used'])
    const other = world.hub.client(19)
    world.hub.update(other, part(world.payee, 9))
    assert.deepEqual(other.declines, ['anchor_used'])
    assert.deepEqual(world.books, ['pending', '00'])
  })

  test('takes no part for another payee, and none of a stream', () => {
    const world = new Parts()
    world.pay(0)
    world.hub.update(world.payer(1), part(world.hub.client(19), 2))
    world.hub.update(world.payer(2), part(world.payee, 3, { ticks: 2, fee: 10n }))
    assert.deepEqual(world.payer(1).declines, ['anchor_used'])
    assert.deepEqual(world.payer(2).declines, ['anchor_used'])
    const stream = new Parts()
    stream.hub.update(stream.first, part(stream.payee, 1, { ticks: 2, fee: 10n }))
    stream.pay(1)
    assert.deepEqual(stream.payer(1).declines, ['anchor_used'])
  })

  test('INV-27 takes no part once a part is claimed, or given up, or a link is public', () => {
    const claimed = new Parts()
    claimed.pay(0)
    claimed.claim(0)
    claimed.pay(1)
    assert.deepEqual(claimed.payer(1).declines, ['anchor_used'])
    const given = new Parts({ hub: 1_200n })
    given.pay(0)
    given.pay(1)
    given.giveUp(given.second)
    given.pay(2)
    assert.deepEqual(given.payer(2).declines, ['anchor_used'])
    const shown = new Parts()
    shown.pay(0)
    const known = { index: 1, link: preimage(1) }
    shown.hub.ledger({ kind: 'revealSeen', anchor: ANCHOR, known, time: at(700) })
    assert.deepEqual(shown.books, ['pending', '00'])
    shown.pay(1)
    assert.deepEqual(shown.payer(1).declines, ['anchor_used'])
  })

  test('a part that cannot be carried on is declined; the others wait for their payee', () => {
    const world = new Parts({ hub: 2_500n })
    world.pay(0, 2_000n)
    world.pay(1, 2_300n)
    world.pay(2, 2_300n)
    assert.deepEqual(world.payer(2).declines, ['no_liquidity'])
    assert.deepEqual(world.books, ['pending', '00', '00'])
    world.giveUp()
    assert.deepEqual(world.books, ['pending', '00!', '00'])
    world.giveUp(world.second)
    assert.deepEqual(world.books, ['failed', '00!', '00!'])
    assert.deepEqual(world.first.declines, ['declined_by_payee'])
    assert.deepEqual(world.payer(1).declines, ['declined_by_payee'])
  })

  test('INV-26 that has failed in all of its parts may be tried again', () => {
    const world = new Parts()
    world.pay(0)
    world.pay(1)
    world.giveUp()
    for (const payer of [0, 1]) {
      world.hub.update(world.payer(payer), { kind: 'cancel', id: itemId(payer + 1) })
    }
    world.pay(2)
    world.pay(3)
    assert.deepEqual(world.books, ['pending', '00', '00'])
  })

  test('INV-32 of which the payee takes some and gives up some has settled with what was taken', () => {
    const world = new Parts({ hub: 1_200n })
    world.pay(0)
    world.pay(1)
    world.claim(0)
    world.giveUp(world.second)
    assert.deepEqual(world.books, ['claimed', '10!', '00!'])
    world.settle(0)
    assert.deepEqual(world.books, ['settled', '11!', '00!'])
  })

  test('REV-3 a link on the ledger pays all of its parts', () => {
    const world = new Parts({ hub: 1_200n })
    world.pay(0)
    world.pay(1)
    const known = { index: 1, link: preimage(1) }
    world.hub.ledger({ kind: 'revealSeen', anchor: ANCHOR, known, time: at(100) })
    assert.deepEqual(world.books, ['claimed', '10!', '10!'])
    assert.equal(world.payee.party.peer.transferred, 1_000n)
    assert.equal(world.second.party.peer.transferred, 1_000n)
  })
})
