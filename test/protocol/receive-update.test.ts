import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AMOUNT_MAX,
  amount,
  applyChange,
  balanceProofDigest,
  type Change,
  type ChannelParty,
  declineItem,
  EXPIRY_SLACK_SECONDS,
  encodeParty,
  isRejection,
  type LaneState,
  type LaneUpdate,
  learnLink,
  lockedOf,
  newParty,
  receiveUpdate,
  seeReveal,
  type Timestamp,
  timestamp,
} from '@tallystick/protocol'
import {
  accepted,
  addItem,
  anchorFor,
  at,
  CHAIN,
  type ChannelSetup,
  codeOf,
  evidenceOf,
  itemId,
  NOW,
  OTHER_CHAIN,
  preimage,
  redeemItem,
  SIGNERS,
  TestPair,
  testChannel,
} from './test-channel.js'

/** A client that signs whatever it is told: the hub's checks are all that stands in its way. */
function forged(
  hub: ChannelParty,
  changes: readonly Change[],
  head: Partial<Pick<LaneUpdate, 'epoch' | 'version' | 'acked'>> = {},
): LaneUpdate {
  const { epoch = hub.peer.epoch, version = hub.peer.version + 1, acked = hub.peer.acked } = head
  let lane: LaneState = { ...hub.peer, epoch, version, acked }
  for (const change of changes) {
    const next = applyChange(lane, change)
    if (!isRejection(next)) lane = next as LaneState
  }
  // More than an amount can hold has no proof at all, only a message that claims there is one.
  const digest =
    lockedOf(lane) > AMOUNT_MAX
      ? new Uint8Array(32)
      : balanceProofDigest(CHAIN, hub.ledger.id, 'client', lane)
  const evidence = evidenceOf(digest, SIGNERS.client)
  return { channel: hub.ledger.id, epoch, version, acked, changes, evidence }
}

function receive(hub: ChannelParty, update: LaneUpdate, now: Timestamp = NOW) {
  const before = encodeParty(hub)
  const received = receiveUpdate(CHAIN, hub, update, now)
  assert.deepEqual(encodeParty(hub), before, 'the party that was given is never changed')
  return received
}

/** One item of 100 pending from the client, known by number 1; hub and client have 10,000. */
function pendingPair(setup: ChannelSetup = {}): TestPair {
  const pair = new TestPair(setup)
  pair.update('client', [addItem(1)])
  return pair
}

const cancel = (name: number): Change => ({ kind: 'cancel', id: itemId(name) })
const expire = (name: number): Change => ({ kind: 'expire', id: itemId(name) })

const badEvidence = { kind: 'single', signature: new Uint8Array(64) } as const

describe('CH-6 receiveUpdate: one rejection per rule, in checking order', () => {
  const full = () => {
    const pair = new TestPair()
    pair.update('client', [addItem(1), addItem(2), addItem(3), addItem(4)])
    return pair.hub
  }
  const badItem = addItem(9, { unit: 0n })
  const cases: readonly (readonly [
    code: string,
    hub: ChannelParty,
    update: (hub: ChannelParty) => LaneUpdate,
  ])[] = [
    ['wrong_epoch', pendingPair().hub, (hub) => forged(hub, [], { epoch: 1, version: 0 })],
    [
      'channel_not_usable',
      { ...pendingPair().hub, phase: { kind: 'leaving' } },
      (hub) => forged(hub, [], { version: 9, acked: 9 }),
    ],
    ['version_gap', pendingPair().hub, (hub) => forged(hub, [], { version: 3, acked: 9 })],
    ['acked_unknown', pendingPair().hub, (hub) => forged(hub, [badItem], { acked: 1 })],
    ['item_exists', pendingPair().hub, (hub) => forged(hub, [addItem(1, { unit: 0n })])],
    ['item_missing', pendingPair().hub, (hub) => forged(hub, [redeemItem(2)])],
    ['item_malformed', full(), (hub) => forged(hub, [badItem])],
    ['item_malformed', full(), (hub) => forged(hub, [addItem(9, { unit: AMOUNT_MAX, ticks: 2 })])],
    [
      'link_mismatch',
      pendingPair().hub,
      (hub) => forged(hub, [{ ...redeemItem(1), link: preimage(2) }]),
    ],
    ['link_mismatch', pendingPair().hub, (hub) => forged(hub, [{ ...redeemItem(1), index: 2 }])],
    ['too_many_items', full(), (hub) => forged(hub, [addItem(9, { unit: 1n })])],
    [
      'amount_too_small',
      pendingPair().hub,
      (hub) => forged(hub, [addItem(9, { unit: 9n, expiry: 9_999 })]),
    ],
    [
      'expiry_out_of_bounds',
      pendingPair().hub,
      (hub) => forged(hub, [addItem(9, { unit: 99_999n, expiry: 9_999 })]),
    ],
    ['not_asked_to_cancel', pendingPair().hub, (hub) => forged(hub, [cancel(1)])],
    ['not_expired', pendingPair().hub, (hub) => forged(hub, [expire(1)])],
    [
      'insolvent',
      pendingPair().hub,
      (hub) => ({ ...forged(hub, [addItem(9, { unit: 9_901n })]), evidence: badEvidence }),
    ],
    [
      'bad_proof_signature',
      pendingPair().hub,
      (hub) => ({ ...forged(hub, []), evidence: badEvidence }),
    ],
  ]
  for (const [code, hub, update] of cases) {
    test(`CH-6 ${code}`, () => {
      assert.equal(codeOf(receive(hub, update(hub))), code)
    })
  }

  test('CH-6.1 acked_falls: what was acked stays acked', () => {
    const pair = pendingPair()
    pair.update('hub', [addItem(5)])
    pair.update('client', [])
    assert.equal(pair.hub.peer.acked, 1)
    const update = forged(pair.hub, [], { acked: 0 })
    assert.equal(codeOf(receive(pair.hub, update)), 'acked_falls')
  })

  test('CH-6 amount_out_of_range: a lane transfers 2^63-1 in all and no more', () => {
    const pair = pendingPair()
    const room = (transferred: bigint) => {
      const peer: LaneState = { ...pair.hub.peer, transferred: amount(transferred) }
      const own: LaneState = { ...pair.hub.own, transferred: amount(AMOUNT_MAX) }
      const hub: ChannelParty = { ...pair.hub, own, peer }
      return receive(hub, forged(hub, [redeemItem(1)]))
    }
    assert.equal(room(AMOUNT_MAX - 100n).kind, 'received')
    assert.equal(codeOf(room(AMOUNT_MAX - 99n)), 'amount_out_of_range')
  })
})

describe('CH-6 receiveUpdate: repeats', () => {
  test('INV-26 an update that is stored is known, whatever else it says, also on the way out', () => {
    const pair = new TestPair()
    const update = pair.update('client', [addItem(1)])
    assert.deepEqual(receive(pair.hub, update), { kind: 'known' })
    const other = { ...update, acked: 77, changes: [] }
    assert.deepEqual(receive(pair.hub, other), { kind: 'known' })
    const leaving: ChannelParty = { ...pair.hub, phase: { kind: 'leaving' } }
    assert.deepEqual(receive(leaving, update), { kind: 'known' })
  })

  test('version 0 is known before anything was signed', () => {
    const hub = newParty('hub', testChannel())
    assert.deepEqual(receive(hub, { ...forged(hub, []), version: 0 }), { kind: 'known' })
  })
})

describe('CH-3 an id names one item for ever', () => {
  test('INV-7 cancel and add again in one update: the new item would inherit the old consent', () => {
    const pair = pendingPair()
    pair.hub = accepted(declineItem(pair.hub, itemId(1)))
    const again = { ...addItem(1), anchor: anchorFor(2) }
    const update = forged(pair.hub, [cancel(1), again])
    assert.equal(codeOf(receive(pair.hub, update)), 'item_exists')
    const hidden = forged(pair.hub, [cancel(1), again, cancel(1)])
    assert.equal(codeOf(receive(pair.hub, hidden)), 'item_exists')
  })

  test('INV-7 redeem and add again in one update: the new item would hide behind the old link', () => {
    const pair = pendingPair()
    const known = { index: 1, link: preimage(1) }
    pair.hub = accepted(learnLink(pair.hub, itemId(1), known))
    const update = forged(pair.hub, [redeemItem(1), { ...addItem(1), anchor: anchorFor(2) }])
    assert.equal(codeOf(receive(pair.hub, update)), 'item_exists')
    const fresh = forged(pair.hub, [addItem(5), redeemItem(5), addItem(5)])
    assert.equal(codeOf(receive(pair.hub, fresh)), 'item_exists')
  })

  test('in a later update nothing is left of what was known of the old one', () => {
    const pair = pendingPair()
    pair.hub = accepted(declineItem(pair.hub, itemId(1)))
    pair.hub = receivedBy(pair.hub, forged(pair.hub, [cancel(1)]))
    assert.deepEqual(pair.hub.incoming, [])
    pair.hub = receivedBy(pair.hub, forged(pair.hub, [addItem(1)]))
    assert.equal(codeOf(receive(pair.hub, forged(pair.hub, [cancel(1)]))), 'not_asked_to_cancel')
  })
})

function receivedBy(hub: ChannelParty, update: LaneUpdate, now = NOW): ChannelParty {
  const received = accepted(receive(hub, update, now))
  assert.ok(received.kind === 'received')
  return received.party
}

describe('CH-6.4 bounds of an item', () => {
  const max = 1_000 + EXPIRY_SLACK_SECONDS
  for (const [expiry, code] of [
    [max, undefined],
    [max + 1, 'expiry_out_of_bounds'],
    [1, undefined],
    [0, undefined],
    [-5_000, undefined],
  ] as const) {
    test(`INV-30 an item that expires at ${expiry} seconds from now: ${code ?? 'taken'}`, () => {
      const { hub } = new TestPair()
      assert.equal(codeOf(receive(hub, forged(hub, [addItem(1, { expiry })]))), code)
    })
  }

  test('CH-11 an update that arrives after its item expired does not break the lane', () => {
    const pair = new TestPair()
    const late = pair.update('client', [addItem(1, { expiry: 60 })], { lost: true })
    const next = pair.update('client', [expire(1)], { now: at(76), lost: true })
    pair.take('hub', late, at(5_000))
    pair.take('hub', next, at(5_000))
    assert.deepEqual(pair.hub.peer.items, [])
  })

  test('the amount of an item is unit times ticks', () => {
    const { hub } = new TestPair()
    const item = (unit: bigint, ticks: number) => forged(hub, [addItem(1, { unit, ticks })])
    assert.equal(receive(hub, item(1n, 10)).kind, 'received')
    assert.equal(codeOf(receive(hub, item(1n, 9))), 'amount_too_small')
    assert.equal(receive(hub, item(9_900n, 1)).kind, 'received')
  })

  test('the items of the whole update count, in the order in which they change', () => {
    const pair = new TestPair()
    pair.update('client', [addItem(1), addItem(2), addItem(3), addItem(4)])
    const { hub } = pair
    assert.equal(receive(hub, forged(hub, [redeemItem(1), addItem(5)])).kind, 'received')
    assert.equal(codeOf(receive(hub, forged(hub, [addItem(5), redeemItem(1)]))), 'too_many_items')
  })
})

describe('CH-6.2 solvency', () => {
  test('CH-9 a new item leaves the exit reserve: 9,900 of 10,000 with a reserve of 100', () => {
    const { hub } = new TestPair()
    assert.equal(receive(hub, forged(hub, [addItem(1, { unit: 9_900n })])).kind, 'received')
    assert.equal(codeOf(receive(hub, forged(hub, [addItem(1, { unit: 9_901n })]))), 'insolvent')
  })

  test('INV-3 what the payee has paid counts for the payer', () => {
    const pair = new TestPair({ client: 0n })
    const update = (unit: bigint) => forged(pair.hub, [addItem(1, { unit })])
    assert.equal(codeOf(receive(pair.hub, update(10n))), 'insolvent')
    pair.pay('hub', 7, 400n)
    assert.equal(receive(pair.hub, update(300n)).kind, 'received')
    assert.equal(codeOf(receive(pair.hub, update(301n))), 'insolvent')
  })

  test('INV-3 INV-15 amounts at the upper end are summed without wrapping', () => {
    const { hub } = new TestPair({ client: AMOUNT_MAX - 1n, hub: 0n })
    const items = (unit: bigint) => forged(hub, [addItem(1, { unit }), addItem(2, { unit: 10n })])
    assert.equal(receive(hub, items(AMOUNT_MAX - 111n)).kind, 'received')
    assert.equal(codeOf(receive(hub, items(AMOUNT_MAX - 110n))), 'insolvent')
    assert.equal(codeOf(receive(hub, items(AMOUNT_MAX))), 'insolvent')
  })
})

describe('CH-6.3 the law of the lane', () => {
  test('INV-6 a cancel needs the word of the payee, once', () => {
    const pair = new TestPair()
    pair.update('client', [addItem(1), addItem(2)])
    pair.hub = accepted(declineItem(pair.hub, itemId(1)))
    assert.equal(codeOf(receive(pair.hub, forged(pair.hub, [cancel(2)]))), 'not_asked_to_cancel')
    const received = accepted(receive(pair.hub, forged(pair.hub, [cancel(1)])))
    assert.ok(received.kind === 'received')
    assert.equal(received.party.ackDue, true)
    assert.deepEqual(
      received.events.map(({ kind }) => kind),
      ['itemDropped'],
    )
  })

  for (const [now, code] of [
    [599, 'not_expired'],
    [600, 'not_expired'],
    [601, undefined],
  ] as const) {
    test(`INV-30 an item of expiry 600 is dropped at ${now}: ${code ?? 'taken'}`, () => {
      const { hub } = pendingPair()
      assert.equal(codeOf(receive(hub, forged(hub, [expire(1)]), at(now))), code)
    })
  }

  for (const [time, code] of [
    [600, 'not_expired'],
    [601, undefined],
  ] as const) {
    test(`INV-30 a link that was public at ${time} decides an item of expiry 600`, () => {
      const pair = pendingPair()
      const known = { index: 1, link: preimage(1) }
      const reveal = { anchor: anchorFor(1), known, time: at(time) }
      const hub = seeReveal(pair.hub, reveal, at(700)).party
      assert.equal(codeOf(receive(hub, forged(hub, [expire(1)]), at(700))), code)
    })
  }

  test('a link that nobody made public in time holds up no expiry', () => {
    const pair = pendingPair()
    const known = { index: 1, link: preimage(1) }
    const hub = accepted(learnLink(pair.hub, itemId(1), known))
    assert.equal(receive(hub, forged(hub, [expire(1)]), at(601)).kind, 'received')
  })
})

describe('CH-6 what a stored update says', () => {
  test('events come in the order of the changes, releases last', () => {
    const pair = new TestPair()
    pair.update('hub', [addItem(7)])
    pair.client = accepted(declineItem(pair.client, itemId(7)))
    pair.update('hub', [cancel(7)])
    assert.deepEqual(pair.hub.cancelling, [{ id: itemId(7), version: 2 }])
    const changes = [addItem(2), addItem(1), redeemItem(2)]
    const received = accepted(receive(pair.hub, forged(pair.hub, changes, { acked: 2 })))
    assert.ok(received.kind === 'received')
    assert.deepEqual(
      received.events.map((event) => `${event.kind} ${'item' in event ? event.item.id : event.id}`),
      [
        `itemAdded ${itemId(2)}`,
        `itemAdded ${itemId(1)}`,
        `itemRedeemed ${itemId(2)}`,
        `itemReleased ${itemId(7)}`,
      ],
    )
    assert.deepEqual(received.party.cancelling, [])
    assert.equal(received.party.peer.transferred, 100n)
    assert.deepEqual(
      received.party.peer.items.map(({ id }) => id),
      [itemId(1)],
    )
  })

  test('INV-20 a proof of another chain, channel or payer is none here', () => {
    const { hub } = pendingPair()
    const lane = { ...hub.peer, version: 2 }
    const update = forged(hub, [])
    for (const [chain, channel, payer] of [
      [OTHER_CHAIN, hub.ledger.id, 'client'],
      [CHAIN, testChannel({ number: 8 }).id, 'client'],
      [CHAIN, hub.ledger.id, 'hub'],
    ] as const) {
      const digest = balanceProofDigest(chain, channel, payer, lane)
      const evidence = evidenceOf(digest, SIGNERS.client)
      assert.equal(codeOf(receive(hub, { ...update, evidence })), 'bad_proof_signature')
    }
    assert.equal(receive(hub, update).kind, 'received')
  })

  test('CH-6.6 a closing channel takes nothing, a draining one still settles', () => {
    const pair = pendingPair()
    const draining: ChannelParty = { ...pair.hub, phase: { kind: 'draining' } }
    assert.equal(receive(draining, forged(draining, [redeemItem(1)])).kind, 'received')
    const agreed: ChannelParty = {
      ...pair.hub,
      phase: {
        kind: 'agreed',
        clientPayout: amount(0n),
        validUntil: timestamp(0),
        signature: new Uint8Array(64),
      },
    }
    for (const hub of [agreed, { ...pair.hub, phase: { kind: 'closed' } } as ChannelParty]) {
      assert.equal(codeOf(receive(hub, forged(hub, []))), 'channel_not_usable')
    }
  })
})
