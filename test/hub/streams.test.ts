import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  type Change,
  declineItem,
  earlierLink,
  encode,
  isLinkOf,
  tickFee,
} from '@tallystick/protocol'
import { hubChannelCodec } from '#hub/core/hub-channel.js'
import { onwardItemId } from '#hub/core/routing.js'
import { accepted, addItem, anchorFor, at, itemId, preimage } from '../protocol/test-channel.js'
import { HubWorld, POLICY, payment, sent, type TestClient } from './hub-world.js'

/** The stream of these tests: 20 ticks of 100 base units, and a fee of 1 each. */
const TICKS = 20
const ANCHOR = anchorFor(1, TICKS)
const link = (index: number) => earlierLink(preimage(1), TICKS - index)
const redeem = (index: number): Change => {
  return { kind: 'redeem', id: itemId(1), index, link: link(index) }
}

class Stream {
  readonly hub = new HubWorld([{}, {}])
  readonly payer: TestClient = this.hub.client(0)
  readonly payee: TestClient = this.hub.client(1)
  readonly onward = onwardItemId(this.payer.channel, itemId(1))

  constructor() {
    this.hub.update(this.payer, payment(this.payee, 1, { value: 100n, fee: 1n, ticks: TICKS }))
  }

  claim(index: number, shown = link(index)) {
    const known = { index, link: shown }
    const claim = { channel: this.payee.channel, id: this.onward, known }
    return this.hub.peer({ kind: 'claim', claim })
  }

  /** The payee gives up the rest, without acking that it is gone. */
  decline() {
    this.payee.party = accepted(declineItem(this.payee.party, this.onward)) as TestClient['party']
    const decline = { channel: this.payee.channel, id: this.onward, code: 'enough' }
    return this.hub.peer({ kind: 'decline', decline })
  }

  /** Status, ticks that were shown, and ticks that the payer has paid. */
  get books() {
    const { status, parts } = this.hub.payments.get(ANCHOR) ?? assert.fail()
    return [status, parts[0]?.shown, parts[0]?.paid]
  }

  get payeeHas(): bigint {
    return this.payee.party.peer.transferred
  }
}

describe('HUB-14 a stream', () => {
  test('is carried on tick for tick, and what a tick costs the payer is more by its fee', () => {
    const { payee, onward, books } = new Stream()
    const [item] = payee.party.peer.items
    assert.deepEqual(item, {
      ...{ id: onward, anchor: ANCHOR, unit: 100n, ticks: TICKS, paid: 0, expiry: at(600) },
    })
    assert.deepEqual(books, ['pending', 0, 0])
  })

  test('INV-8 is paid any number of times; each later link claims more of the payer', () => {
    const stream = new Stream()
    const { hub, payer } = stream
    for (const index of [1, 2, 9, 19]) {
      assert.deepEqual(sent(stream.claim(index)), ['1:claim', '2:update'])
      assert.equal(stream.payeeHas, BigInt(100 * index))
      const claim = payer.heard.at(-1)
      assert.ok(claim?.kind === 'claim')
      assert.deepEqual(claim.known, { index, link: link(index) })
    }
    assert.deepEqual(stream.books, ['claimed', 19, 0])
    hub.update(payer, redeem(9))
    assert.deepEqual(stream.books, ['claimed', 19, 9])
    stream.claim(20)
    hub.update(payer, redeem(20))
    assert.deepEqual(stream.books, ['settled', 20, 20])
    assert.equal(stream.payeeHas, 2_000n)
    assert.equal(hub.settledValue, 20_020n)
    for (const { party, onward, origin } of hub.state.channels()) {
      assert.deepEqual([party.incoming, party.own.items, onward, origin], [[], [], [], []])
    }
  })

  test('CH-7 links that come together are one redeem, of the highest', () => {
    const { hub, payee, onward } = new Stream()
    const claims = [3, 5, 12].map((index) => ({
      kind: 'claim' as const,
      claim: { channel: payee.channel, id: onward, known: { index, link: link(index) } },
    }))
    hub.peer(...claims)
    const update = payee.heard.at(-1)
    assert.ok(update?.kind === 'update')
    assert.deepEqual(
      update.changes.map((change) => change.kind === 'redeem' && change.index),
      [12],
    )
  })

  test('CH-14 its rest goes back once the payee has given it up, and the payer has paid what was shown', () => {
    const stream = new Stream()
    const { hub, payer, payee } = stream
    stream.claim(7)
    stream.decline()
    assert.deepEqual(payer.declines, [], 'an older proof still owes the payee the rest')
    hub.update(payee)
    assert.deepEqual(payer.declines, [], 'what was shown is not paid')
    assert.deepEqual(stream.books, ['claimed', 7, 0])
    hub.update(payer, redeem(7))
    assert.deepEqual(payer.declines, ['declined_by_payee'])
    assert.deepEqual(stream.books, ['settled', 7, 7])
    assert.deepEqual(sent(hub.update(payer, { kind: 'cancel', id: itemId(1) })), [
      '1:stored',
      '1:update',
    ])
    assert.equal(hub.settledValue, 20_007n)
    for (const { party, onward, origin } of hub.state.channels()) {
      assert.deepEqual([party.incoming, party.own.items, onward, origin], [[], [], [], []])
    }
  })

  test('CH-6.3 its payer cannot cancel while a shown link is not paid', () => {
    const stream = new Stream()
    const { hub, payer, payee } = stream
    stream.claim(7)
    stream.decline()
    hub.update(payee)
    const cancel = { kind: 'cancel', id: itemId(1) } as const
    assert.deepEqual(sent(hub.update(payer, cancel)), ['1:!not_asked_to_cancel'])
  })

  test('its rest expires, and what was shown is still due', () => {
    const stream = new Stream()
    const { hub, payer } = stream
    stream.claim(4)
    hub.wait(616)
    assert.deepEqual(stream.books, ['claimed', 4, 0])
    hub.update(payer, redeem(4), { kind: 'expire', id: itemId(1) })
    assert.deepEqual(stream.books, ['settled', 4, 4])
    assert.equal(hub.settledValue, 20_004n)
  })

  test('INV-26 of which nothing was shown fails', () => {
    const stream = new Stream()
    stream.hub.wait(616)
    assert.deepEqual(stream.books, ['failed', 0, 0])
  })

  test('REV-3 a link on the ledger pays up to it on both hops, and no further', () => {
    const stream = new Stream()
    const { hub, payer } = stream
    stream.claim(2)
    const known = { index: 11, link: link(11) }
    hub.ledger({ kind: 'revealSeen', anchor: ANCHOR, known, time: at(100) })
    assert.deepEqual(stream.books, ['claimed', 11, 0])
    assert.equal(stream.payeeHas, 1_100n)
    const claim = payer.heard.at(-1)
    assert.ok(claim?.kind === 'claim')
    assert.deepEqual(claim.known, known)
  })

  test('CH-13 a wrong link ends the session of who shows it, and changes nothing', () => {
    const stream = new Stream()
    stream.claim(5)
    const before = [...stream.hub.state.channels()].map((channel) =>
      encode(hubChannelCodec, channel),
    )
    for (const [index, shown] of [
      [6, link(7)],
      [20, link(19)],
      [21, link(20)],
    ] as const) {
      assert.deepEqual(sent(stream.claim(index, shown)), ['2:!link_mismatch'])
    }
    assert.deepEqual(
      [...stream.hub.state.channels()].map((channel) => encode(hubChannelCodec, channel)),
      before,
    )
  })

  test('CH-13 a claim that says nothing new changes nothing', () => {
    const stream = new Stream()
    stream.claim(5)
    for (const index of [5, 4, 1]) assert.deepEqual(sent(stream.claim(index)), ['2:idle'])
    assert.deepEqual(stream.books, ['claimed', 5, 0])
  })

  test('fee_too_low: each tick brings its share of the fee of the whole, rounded up', () => {
    const fees = { ...POLICY, feeBase: amount(10n), feePpm: 1_000 }
    for (const [value, ticks, fee] of [
      [1_000n, 1, 11n],
      [100n, 20, 1n],
      [100n, 8, 2n],
      [10_000n, 100, 11n],
      [1n, 65_536, 1n],
    ] as const) {
      assert.equal(tickFee(fees, value, ticks), fee)
    }
    const { hub, payer, payee } = new Stream()
    hub.update(payer, payment(payee, 2, { value: 100n, fee: 1n, ticks: 8 }))
    assert.deepEqual(payer.declines, ['fee_too_low'])
  })

  test('no_liquidity: the hub has all of its ticks to spend, or takes none', () => {
    const hub = new HubWorld([{}, { hub: 2_100n }])
    const [payer, payee] = [hub.client(0), hub.client(1)]
    hub.update(payer, payment(payee, 1, { value: 101n, fee: 1n, ticks: TICKS }))
    assert.deepEqual(payer.declines, ['no_liquidity'])
    hub.update(payer, payment(payee, 2, { value: 100n, fee: 1n, ticks: TICKS }))
    assert.equal(payee.party.peer.items.length, 1)
  })
})

describe('CH-13 links of a long chain', () => {
  const TICKS_MAX = 65_536
  const links = Array.from({ length: TICKS_MAX }, (): Uint8Array => new Uint8Array(0))
  let next: Uint8Array = preimage(9)
  for (let index = TICKS_MAX; index > 0; index--) {
    links[index - 1] = next
    next = earlierLink(next, 1)
  }
  const linkAt = (index: number) => ({ index, link: links[index - 1] ?? assert.fail() })
  const item = { ...addItem(9, { ticks: TICKS_MAX }), paid: 0 }

  test('cost what they are apart: 65,536 of them in turn are 2^31 hashes else', () => {
    for (let index = 1; index <= TICKS_MAX; index++) assert.ok(isLinkOf(item, linkAt(index)))
  })

  test('are told from others, whatever was seen before', () => {
    for (const index of [1, 8, 9, 500, TICKS_MAX, 400]) {
      const known = linkAt(index)
      assert.ok(isLinkOf(item, known))
      assert.equal(isLinkOf(item, { index, link: preimage(8) }), false)
      assert.equal(isLinkOf(item, { ...known, index: index + 1 }), false)
      assert.equal(isLinkOf({ ...item, anchor: anchorFor(8, 3) }, known), false)
    }
  })
})
