import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  anchorOf,
  type ChannelParty,
  CLAIM_MARGIN_SECONDS,
  declineItem,
  draftChange,
  draftedLane,
  draftOwed,
  earlierLink,
  type KnownLink,
  learnLink,
  noteOf,
  receiveClaim,
  seeReveal,
  UNCONFIRMED_UPDATES_MAX,
} from '@tallystick/protocol'
import {
  accepted,
  addItem,
  anchorFor,
  at,
  codeOf,
  itemId,
  NOW,
  preimage,
  redeemItem,
  signed,
  TestPair,
} from './test-channel.js'

const known = (name: number): KnownLink => ({ index: 1, link: preimage(name) })

/** Item 1 of 100 and a stream 2 of 3 ticks at 10 each, from client to hub, until 600. */
function pair(): TestPair {
  const both = new TestPair()
  both.update('client', [addItem(1), addItem(2, { unit: 10n, ticks: 3 })])
  return both
}
const streamLink = (index: number): KnownLink => ({
  index,
  link: earlierLink(preimage(2), 3 - index),
})

describe('CH-6.5 receiveClaim', () => {
  for (const [now, code] of [
    [600 - CLAIM_MARGIN_SECONDS - 1, undefined],
    [600 - CLAIM_MARGIN_SECONDS, undefined],
    [600 - CLAIM_MARGIN_SECONDS + 1, 'claim_too_late'],
    [600, 'claim_too_late'],
    [601, 'claim_too_late'],
  ] as const) {
    test(`INV-31 a preimage of expiry 600 is taken off the ledger at ${now}: ${code ?? 'yes'}`, () => {
      const claimed = receiveClaim(pair().client, { id: itemId(1), known: known(1) }, at(now))
      assert.equal(codeOf(claimed), code)
    })
  }

  test('drafts the payment; the same claim again says nothing new', () => {
    const { client } = pair()
    const claim = { id: itemId(1), known: known(1) }
    const claimed = accepted(receiveClaim(client, claim, NOW))
    assert.ok(claimed.kind === 'claimed')
    assert.equal(claimed.item.id, itemId(1))
    assert.equal(draftedLane(claimed.party).transferred, 100n)
    assert.deepEqual(receiveClaim(claimed.party, claim, NOW), { kind: 'known' })
    const paid = signed(claimed.party, []).party
    assert.deepEqual(receiveClaim(paid, claim, at(9_999)), { kind: 'known' })
  })

  test('INV-32 a stream pays up to the newest link, older ones say nothing new', () => {
    const { client } = pair()
    const first = accepted(receiveClaim(client, { id: itemId(2), known: streamLink(2) }, NOW))
    assert.ok(first.kind === 'claimed')
    assert.equal(draftedLane(first.party).transferred, 20n)
    for (const index of [1, 2]) {
      const again = receiveClaim(first.party, { id: itemId(2), known: streamLink(index) }, NOW)
      assert.deepEqual(again, { kind: 'known' })
    }
    const last = accepted(receiveClaim(first.party, { id: itemId(2), known: streamLink(3) }, NOW))
    assert.ok(last.kind === 'claimed')
    assert.equal(draftedLane(last.party).transferred, 30n)
    assert.equal(draftedLane(last.party).items.length, 1)
  })

  test('a link that does not fit, or is beyond the last tick, is refused', () => {
    const { client } = pair()
    const claim = (id: number, link: KnownLink) =>
      codeOf(receiveClaim(client, { id: itemId(id), known: link }, NOW))
    assert.equal(claim(1, known(3)), 'link_mismatch')
    assert.equal(claim(2, { index: 2, link: streamLink(1).link }), 'link_mismatch')
    const further = { index: 4, link: preimage(2) }
    assert.equal(claim(2, further), 'link_mismatch')
    assert.equal(codeOf(receiveClaim(client, { id: itemId(9), known: known(9) }, NOW)), undefined)
  })

  test('CH-11 a claim is owed while the payer may not sign, and paid as soon as it may', () => {
    const { client } = pair()
    const [update] = client.unconfirmed
    assert.ok(update !== undefined)
    const blocked: ChannelParty = {
      ...client,
      unconfirmed: Array.from({ length: UNCONFIRMED_UPDATES_MAX }, () => update),
    }
    const claim = { id: itemId(1), known: known(1) }
    const claimed = accepted(receiveClaim(blocked, claim, NOW))
    assert.ok(claimed.kind === 'claimed')
    assert.deepEqual(claimed.party.owed, [{ id: itemId(1), known: known(1) }])
    assert.equal(claimed.party.draft, undefined)
    const twice = accepted(receiveClaim(claimed.party, claim, NOW))
    assert.ok(twice.kind === 'claimed' && twice.party.owed.length === 1)
    assert.equal(draftOwed(claimed.party, NOW), claimed.party)
    const able = draftOwed({ ...claimed.party, unconfirmed: [] }, at(9_999))
    assert.deepEqual(able.draft?.changes, [redeemItem(1)])
    assert.deepEqual(signed(able, []).party.owed, [])
  })
})

describe('CH-6.3 learning and declining', () => {
  test('an item whose link is known is money: it cannot be declined', () => {
    const { hub } = pair()
    const learnt = accepted(learnLink(hub, itemId(1), known(1)))
    assert.equal(codeOf(declineItem(learnt, itemId(1))), 'item_missing')
    assert.equal(codeOf(declineItem(hub, itemId(9))), 'item_missing')
    assert.equal(noteOf(accepted(declineItem(hub, itemId(1))), itemId(1)).declined, true)
  })

  test('a link must hash to the anchor; an older one is not kept over a newer', () => {
    const { hub } = pair()
    assert.equal(codeOf(learnLink(hub, itemId(1), known(2))), 'link_mismatch')
    assert.equal(codeOf(learnLink(hub, itemId(9), known(9))), 'item_missing')
    const learnt = accepted(learnLink(hub, itemId(2), streamLink(2)))
    assert.equal(learnLink(learnt, itemId(2), streamLink(1)), learnt)
    const newest = accepted(learnLink(learnt, itemId(2), streamLink(3)))
    assert.deepEqual(noteOf(newest, itemId(2)).known, streamLink(3))
  })

  test('a link further than the last tick is kept as the last tick: that is what is owed', () => {
    const both = new TestPair()
    const anchor = anchorOf(preimage(5), 4)
    both.update('client', [{ ...addItem(1), anchor }])
    const learnt = accepted(learnLink(both.hub, itemId(1), { index: 4, link: preimage(5) }))
    const last = { index: 1, link: earlierLink(preimage(5), 3) }
    assert.deepEqual(noteOf(learnt, itemId(1)).known, last)
    const claimed = accepted(receiveClaim(both.client, { id: itemId(1), known: last }, NOW))
    assert.equal(claimed.kind, 'claimed')
  })
})

describe('REV-3 seeReveal', () => {
  const reveal = (time: number, link = known(1)) => ({
    anchor: anchorFor(1),
    known: link,
    time: at(time),
  })

  for (const [time, decided] of [
    [599, true],
    [600, true],
    [601, false],
  ] as const) {
    test(`INV-30 public at ${time}, an item of expiry 600 is ${decided ? 'decided' : 'not'}`, () => {
      const both = pair()
      const payer = seeReveal(both.client, reveal(time), at(601))
      assert.equal(payer.paid.length, decided ? 1 : 0)
      assert.equal(draftedLane(payer.party).transferred, decided ? 100n : 0n)
      const payee = seeReveal(both.hub, reveal(time), at(601))
      assert.equal(noteOf(payee.party, itemId(1)).onLedger, decided ? 1 : 0)
    })
  }

  test('both lanes at once, and every item of the anchor', () => {
    const both = pair()
    both.update('hub', [addItem(7)])
    both.update('hub', [{ ...addItem(8), anchor: anchorFor(1) }])
    const seen = seeReveal(both.hub, reveal(10), at(10))
    assert.deepEqual(
      seen.paid.map(({ id }) => id),
      [itemId(8)],
    )
    assert.equal(noteOf(seen.party, itemId(1)).onLedger, 1)
    assert.equal(noteOf(seen.party, itemId(2)).onLedger, 0)
  })

  test('the same reveal again changes nothing', () => {
    const both = pair()
    const once = seeReveal(both.hub, reveal(10), at(10)).party
    assert.equal(seeReveal(once, reveal(10), at(20)).party, once)
    const other = { ...reveal(10), anchor: anchorFor(9) }
    assert.equal(seeReveal(both.hub, other, at(10)).party, both.hub)
  })

  test('INV-28 where nothing can be signed, the ledger pays the item: it is named all the same', () => {
    const leaving: ChannelParty = { ...pair().client, phase: { kind: 'leaving' } }
    const seen = seeReveal(leaving, reveal(10), at(10))
    assert.deepEqual(
      seen.paid.map(({ id }) => id),
      [itemId(1)],
    )
    assert.equal(seen.party, leaving)
  })

  test('a link further than the last tick pays the last tick, on both sides', () => {
    const both = new TestPair()
    const anchor = anchorOf(preimage(5), 4)
    both.update('client', [{ ...addItem(1), anchor }])
    const deep = { anchor, known: { index: 4, link: preimage(5) }, time: at(1) }
    const last = { index: 1, link: earlierLink(preimage(5), 3) }
    const payee = seeReveal(both.hub, deep, at(1)).party
    assert.deepEqual(payee.incoming, [{ id: itemId(1), known: last, onLedger: 1, declined: false }])
    const payer = seeReveal(both.client, deep, at(1)).party
    assert.deepEqual(payer.draft?.changes, [{ kind: 'redeem', id: itemId(1), ...last }])
  })

  test('items of fewer ticks than the chain has links: it is walked once, on all channels', () => {
    const both = new TestPair()
    const anchor = anchorOf(preimage(5), 65_536)
    const items = [1, 2, 3, 4]
    both.update(
      'client',
      items.map((id) => ({ ...addItem(id, { unit: 10n, ticks: 3 * id }), anchor })),
    )
    const deep = { anchor, known: { index: 65_536, link: preimage(5) }, time: at(1) }
    // 2^28 hashes, of a link at a time.
    for (let channel = 0; channel < 1_024; channel++) seeReveal(both.hub, deep, at(1))
    const payee = seeReveal(both.hub, deep, at(1)).party
    const payer = seeReveal(both.client, deep, at(1))
    assert.equal(payer.paid.length, 4)
    for (const id of items) {
      const last = noteOf(payee, itemId(id)).known ?? assert.fail()
      assert.equal(last.index, 3 * id)
      assert.equal(anchorOf(last.link, last.index), anchor)
    }
    assert.equal(draftedLane(payer.party).items.length, 0)
  })

  test('a link that does not lead to the anchor pays nothing, whatever it hashes to', () => {
    const both = new TestPair()
    both.update('client', [{ ...addItem(1, { unit: 10n, ticks: 20 }), anchor: anchorFor(9) }])
    const wrong = { anchor: anchorFor(9), known: { index: 200, link: preimage(8) }, time: at(1) }
    const { party } = seeReveal(both.client, wrong, at(1))
    assert.equal(draftedLane(party).transferred, 0n)
  })

  test('an item that is paid to its newest link is not paid again', () => {
    const both = pair()
    const { client } = both
    const anchor = anchorFor(2, 3)
    const first = seeReveal(client, { anchor, known: streamLink(2), time: at(1) }, at(1))
    assert.equal(draftedLane(first.party).transferred, 20n)
    const again = seeReveal(first.party, { anchor, known: streamLink(1), time: at(2) }, at(2))
    assert.deepEqual(again, { party: first.party, paid: [] })
    const cancelled = draftChange(client, { kind: 'cancel', id: itemId(2) }, NOW)
    assert.equal(codeOf(cancelled), undefined)
  })
})

describe('INV-12 CH-6.3 a cancel is final only after the ack', () => {
  test('released with the first proof that acks the version without the item', () => {
    const both = pair()
    both.hub = accepted(declineItem(both.hub, itemId(1)))
    both.update('client', [{ kind: 'cancel', id: itemId(1) }])
    assert.deepEqual(both.client.cancelling, [{ id: itemId(1), version: 2 }])
    assert.equal(both.hub.ackDue, true)
    const ack = both.update('hub', [], { lost: true })
    assert.equal(both.client.cancelling.length, 1)
    const received = both.take('client', ack)
    assert.deepEqual(received.events, [{ kind: 'itemReleased', id: itemId(1) }])
    assert.deepEqual(both.client.cancelling, [])
  })

  test('a proof that was signed before the cancel arrived releases nothing', () => {
    const both = pair()
    both.hub = accepted(declineItem(both.hub, itemId(1)))
    const older = both.update('hub', [addItem(7)], { lost: true })
    both.update('client', [{ kind: 'cancel', id: itemId(1) }])
    assert.deepEqual(
      both.take('client', older).events.map(({ kind }) => kind),
      ['itemAdded'],
    )
    assert.equal(both.client.cancelling.length, 1)
  })
})

describe('CH-14 declineItem', () => {
  test('gives up the rest of a stream once all that is known of it is paid, and not before', () => {
    const both = pair()
    const learnt = accepted(learnLink(both.hub, itemId(2), streamLink(2)))
    assert.equal(codeOf(declineItem(learnt, itemId(2))), 'item_missing')
    both.hub = learnt
    const link = streamLink(2).link
    both.update('client', [{ kind: 'redeem', id: itemId(2), index: 2, link }])
    const declined = accepted(declineItem(both.hub, itemId(2)))
    assert.equal(noteOf(declined, itemId(2)).declined, true)
    both.hub = declined
    both.update('client', [{ kind: 'cancel', id: itemId(2) }])
    assert.equal(both.hub.peer.transferred, 20n)
    assert.deepEqual(
      both.hub.peer.items.map(({ id }) => id),
      [itemId(1)],
    )
  })
})
