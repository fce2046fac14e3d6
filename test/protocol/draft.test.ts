import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AMOUNT_MAX,
  amount,
  balanceOf,
  CHANGES_MAX,
  type Change,
  type ChannelParty,
  channelPartyCodec,
  confirmStored,
  declineItem,
  decodeTrusted,
  draftChange,
  encodeParty,
  hasDraft,
  newParty,
  nextLane,
  receivable,
  seal,
  spendable,
  UNCONFIRMED_UPDATES_MAX,
} from '@tallystick/protocol'
import { BrokenInvariant } from '#protocol/primitives/invariant.js'
import {
  accepted,
  addItem,
  at,
  codeOf,
  itemId,
  NOW,
  redeemItem,
  signed,
  TestPair,
  testChannel,
} from './test-channel.js'

const client = () => newParty('client', testChannel())
const draft = (party: ChannelParty, change: Change, now = NOW) => draftChange(party, change, now)
const expire = (name: number): Change => ({ kind: 'expire', id: itemId(name) })
const cancel = (name: number): Change => ({ kind: 'cancel', id: itemId(name) })

describe('CH-7 draftChange', () => {
  const pending = () => signed(client(), [addItem(1)]).party
  const silent = () => {
    const { party, update } = signed(client(), [addItem(1)])
    return { ...party, unconfirmed: Array.from({ length: UNCONFIRMED_UPDATES_MAX }, () => update) }
  }
  const wordy = () => {
    const party = client()
    const changes = Array.from({ length: CHANGES_MAX }, () => cancel(9))
    return { ...party, draft: { lane: party.own, changes } }
  }
  const full = () =>
    signed(
      client(),
      [1, 2, 3, 4].map((name) => addItem(name)),
    ).party
  for (const [code, party, change] of [
    ['channel_not_usable', { ...silent(), phase: { kind: 'leaving' } }, addItem(2)],
    ['too_many_unconfirmed', silent(), addItem(2)],
    ['too_many_unconfirmed', wordy(), expire(1)],
    ['channel_not_usable', { ...full(), phase: { kind: 'draining' } }, addItem(2)],
    ['item_exists', full(), addItem(1)],
    ['too_many_items', full(), addItem(5, { expiry: 0, unit: 1n })],
    ['expiry_out_of_bounds', client(), addItem(1, { expiry: 0, unit: 1n })],
    ['amount_too_small', client(), addItem(1, { unit: 9n, expiry: 1_001 })],
    ['expiry_out_of_bounds', client(), addItem(1, { expiry: 1_001, unit: 10_000n })],
    ['item_malformed', client(), addItem(1, { unit: AMOUNT_MAX, ticks: 2 })],
    ['insolvent', client(), addItem(1, { unit: 9_901n })],
    ['not_expired', pending(), expire(1)],
    ['item_missing', client(), cancel(1)],
    ['item_missing', client(), expire(1)],
    ['link_mismatch', pending(), { ...redeemItem(1), link: new Uint8Array(32) }],
  ] as readonly (readonly [string, ChannelParty, Change])[]) {
    test(`CH-6 ${code} for ${change.kind}`, () => {
      const before = encodeParty(party)
      assert.equal(codeOf(draft(party, change)), code)
      assert.deepEqual(encodeParty(party), before)
    })
  }

  test('the largest and the farthest item that fits', () => {
    const drafted = accepted(draft(client(), addItem(1, { unit: 9_900n, expiry: 1_000 })))
    assert.equal(spendable(drafted), 0n)
    assert.equal(codeOf(draft(drafted, addItem(2, { unit: 10n }))), 'insolvent')
  })

  for (const [now, code] of [
    [615, 'not_expired'],
    [616, undefined],
  ] as const) {
    test(`INV-30 a payer takes back an item of expiry 600 at ${now}: ${code ?? 'yes'}`, () => {
      assert.equal(codeOf(draft(pending(), expire(1), at(now))), code)
    })
  }

  test('CH-6.3 an item that is owed is not taken back, however late', () => {
    const known = { index: 1, link: redeemItem(1).link }
    const party = { ...pending(), owed: [{ id: itemId(1), known }] }
    assert.equal(codeOf(draft(party, expire(1), at(9_999))), 'not_expired')
  })

  test('a draft promises nothing: what is stored does not know it', () => {
    const drafted = accepted(draft(client(), addItem(1)))
    assert.deepEqual(encodeParty(drafted), encodeParty(client()))
    assert.equal(spendable(client()) - spendable(drafted), 100n)
  })
})

describe('INV-7 a cancelled item keeps its name and its place until the payee has acked', () => {
  function cancelled(): TestPair {
    const pair = new TestPair()
    pair.update('hub', [addItem(1)])
    pair.client = accepted(declineItem(pair.client, itemId(1)))
    pair.update('hub', [cancel(1)])
    return pair
  }

  test('CH-3 the same id again would take the release of the old one for its own', () => {
    const pair = cancelled()
    assert.equal(codeOf(draft(pair.hub, addItem(1))), 'item_exists')
    pair.update('client', [])
    accepted(draft(pair.hub, addItem(1)))
  })

  test('CH-10 a payee that acks nothing cannot make the payer remember without end', () => {
    const pair = cancelled()
    for (const name of [2, 3, 4]) {
      pair.update('hub', [addItem(name)])
      pair.client = accepted(declineItem(pair.client, itemId(name)))
      pair.update('hub', [cancel(name)])
    }
    assert.equal(pair.hub.cancelling.length, 4)
    assert.equal(codeOf(draft(pair.hub, addItem(5))), 'too_many_items')
    pair.update('client', [])
    accepted(draft(pair.hub, addItem(5)))
  })
})

describe('CH-8 seal', () => {
  test('one version on, acking all that is held, whatever the number of changes', () => {
    const pair = new TestPair()
    pair.update('hub', [addItem(9)])
    const { party, update } = signed(pair.client, [addItem(1), addItem(2), redeemItem(1)])
    assert.deepEqual(
      {
        ...update,
        changes: update.changes.map(({ kind }) => kind),
        evidence: update.evidence.kind,
      },
      {
        channel: pair.client.ledger.id,
        epoch: 0,
        version: 1,
        acked: 1,
        changes: ['add', 'add', 'redeem'],
        evidence: 'single',
      },
    )
    assert.equal(party.own.transferred, 100n)
    assert.deepEqual(
      party.own.items.map(({ id }) => id),
      [itemId(2)],
    )
    assert.deepEqual(party.unconfirmed, [update])
    assert.equal(party.draft, undefined)
    assert.equal(party.ackDue, false)
    assert.equal(balanceOf(party), 9_900n)
    assert.equal(receivable(party), 9_900n)
  })

  test('nothing to say, or no right to say it, is a broken invariant', () => {
    const { evidence } = signed(client(), []).update
    assert.throws(() => seal(client(), evidence), BrokenInvariant)
    const leaving: ChannelParty = { ...client(), ackDue: true, phase: { kind: 'leaving' } }
    assert.throws(() => seal(leaving, evidence), BrokenInvariant)
  })

  test('INV-45 CH-11 a peer that confirms nothing gets no ack: what is kept stays encodable', () => {
    let party = client()
    for (let count = 0; count < UNCONFIRMED_UPDATES_MAX; count++) party = signed(party, []).party
    const waiting = { ...party, ackDue: true }
    assert.equal(hasDraft(waiting), false)
    assert.deepEqual(decodeTrusted(channelPartyCodec, encodeParty(waiting)).unconfirmed.length, 256)
    assert.equal(hasDraft(confirmStored(waiting, 1)), true)
  })
})

describe('CH-11 confirmStored', () => {
  test('drops what is confirmed; what was never sent, or is confirmed already, changes nothing', () => {
    let party = client()
    for (let count = 0; count < 3; count++) party = signed(party, []).party
    const versions = (of: ChannelParty) => of.unconfirmed.map(({ version }) => version)
    assert.deepEqual(versions(confirmStored(party, 2)), [3])
    assert.deepEqual(versions(confirmStored(party, 3)), [])
    assert.equal(confirmStored(party, 4), party)
    assert.equal(confirmStored(party, 0), party)
    assert.equal(nextLane(party).version, 4)
    assert.equal(party.own.transferred, amount(0n))
  })
})
