import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  anchorOf,
  askToResume,
  type ChannelParty,
  declineItem,
  earlierLink,
  encode,
  feeFor,
  grantResume,
  isRejection,
  LANE_START,
  type LaneState,
  learnLink,
  REVEAL_SECONDS,
  type Role,
  seeReveal,
  TIMESTAMP_MAX,
  type Timestamp,
  takeResume,
  timestamp,
  transactionCodec,
  transactionCost,
} from '@tallystick/protocol'
import { type Duty, dutiesOf, forceCloseOperation } from '#client-sdk/guard/duties.js'
import { finalizeTransaction } from '#client-sdk/ledger/finalize-transaction.js'
import {
  ANCHOR,
  ChannelPair,
  DEPOSIT,
  FEE_PER_KILO_COST,
  itemId,
  preimage,
  WINDOW_SECONDS,
} from './channel-pair.js'
import { START } from './ledger-world.js'

const at = (seconds: number) => timestamp(START + seconds)
const EXPIRY = 500
const DEADLINE = 10 + WINDOW_SECONDS

function duties(pair: ChannelPair, role: Role, now: Timestamp): Duty[] {
  return dutiesOf(pair[role], pair.world.chainId, now, pair.world.revealedBy)
}
const kinds = (list: readonly Duty[]) => list.map(({ kind }) => kind)

function knows(party: ChannelParty, name: number): ChannelParty {
  const learnt = learnLink(party, itemId(name), { index: 1, link: preimage(name) })
  assert.ok(!isRejection(learnt))
  return learnt
}

/** Does every duty of `role` in the next block; the ledger must take each. */
function doDuties(pair: ChannelPair, role: Role, now: Timestamp): void {
  for (const duty of duties(pair, role, now)) {
    switch (duty.kind) {
      case 'challenge':
        pair.act(role, [duty.operation], now)
        break
      case 'reveal':
        if (duty.closing) pair.act(role, [], now, [duty.reveal])
        else pair.act(role, [forceCloseOperation(pair[role])], now, [duty.reveal])
        break
      case 'finalize':
        pair.world.produce(now, finalizeTransaction(duty.channel, duty.part))
        pair.see(now)
        break
    }
  }
}

describe('DSP-8 challenge', () => {
  /** The client pays 300 and then 200 more, and closes with what it had after the first. */
  function staleClose(): ChannelPair {
    const pair = new ChannelPair()
    pair.add('client', 1, 300n, START + EXPIRY)
    pair.update('client', [{ kind: 'redeem', id: itemId(1), index: 1, link: preimage(1) }], START)
    const then = pair.client
    pair.add('client', 2, 200n, START + EXPIRY)
    pair.update('client', [{ kind: 'redeem', id: itemId(2), index: 1, link: preimage(2) }], START)
    pair.act('client', [forceCloseOperation(then)], at(10))
    return pair
  }

  for (const [now, due] of [
    [DEADLINE - 1, ['challenge']],
    [DEADLINE, ['challenge']],
    [DEADLINE + 1, ['finalize']],
  ] as const) {
    test(`an old state is answered until the deadline: at ${now - DEADLINE}`, () => {
      const pair = staleClose()
      const found = duties(pair, 'hub', at(now))
      assert.deepEqual(kinds(found), due)
      assert.equal(found[0]?.deadline, due[0] === 'challenge' ? at(DEADLINE) : TIMESTAMP_MAX)
      doDuties(pair, 'hub', at(now))
    })
  }

  test('INV-9 the answer puts it right, is due once, and the liar pays', () => {
    const pair = staleClose()
    doDuties(pair, 'hub', at(11))
    assert.deepEqual(duties(pair, 'hub', at(12)), [])
    assert.deepEqual(duties(pair, 'client', at(12)), [])
    doDuties(pair, 'hub', at(DEADLINE + 1))
    assert.ok(pair.paidOut('hub') > DEPOSIT + 500n)
  })

  test('the newest state of an honest side is left alone, by either side', () => {
    const pair = new ChannelPair()
    pair.add('client', 1, 300n, START + EXPIRY)
    pair.act('client', [forceCloseOperation(pair.client)], at(10))
    assert.deepEqual(duties(pair, 'hub', at(11)), [])
    assert.deepEqual(duties(pair, 'client', at(11)), [])
  })

  test('a side that holds no proof of the other has nothing to show', () => {
    const pair = new ChannelPair()
    pair.add('hub', 1, 300n, START + EXPIRY)
    pair.act('client', [forceCloseOperation(pair.client)], at(10))
    assert.deepEqual(duties(pair, 'hub', at(11)), [])
  })

  test('DSP-9 an unsure close is answered with the newest that is held, and nobody pays for it', () => {
    const pair = new ChannelPair()
    pair.add('client', 1, 300n, START + EXPIRY)
    pair.update('client', [{ kind: 'redeem', id: itemId(1), index: 1, link: preimage(1) }], START)
    const lost = { ...forceCloseOperation(pair.client), own: LANE_START, unsure: true }
    pair.act('client', [lost], at(10))
    assert.deepEqual(kinds(duties(pair, 'hub', at(DEADLINE + 1))), ['challenge'])
    doDuties(pair, 'hub', at(DEADLINE + 1))
    assert.deepEqual(duties(pair, 'hub', at(DEADLINE + 2)), [])
    const { status } = pair.hub.ledger
    assert.ok(status.kind === 'closing' && !status.penalized)
    assert.equal(status.closerLane.transferred, 300n)
  })

  test('DSP-9 an unsure close with a hub proof that the client gave up: the newest goes along', () => {
    const pair = new ChannelPair()
    pair.add('hub', 1, 300n, START + EXPIRY)
    const then = pair.client
    const declined = declineItem(pair.client, itemId(1))
    assert.ok(!isRejection(declined))
    pair.client = declined
    pair.update('hub', [{ kind: 'cancel', id: itemId(1) }], START)
    pair.update('client', [], START)
    pair.act('client', [{ ...forceCloseOperation(then), unsure: true }], at(10))
    doDuties(pair, 'hub', at(11))
    const { status } = pair.hub.ledger
    assert.ok(status.kind === 'closing')
    assert.deepEqual(status.otherLane, pair.hub.own)
    assert.deepEqual(duties(pair, 'hub', at(12)), [])
  })

  test('DSP-10 a proof that the closing side had given up by a resume is answered with it', () => {
    const pair = new ChannelPair()
    const { chainId } = pair.world
    pair.add('client', 1, 300n, START + EXPIRY)
    const known = { client: pair.client, hub: pair.hub }
    pair.add('client', 2, 200n, START + EXPIRY)
    const hidden = pair.hub
    // The client lost the second proof; the hub says that it has never seen it.
    const asked = askToResume(known.client, new Uint8Array(16), at(-2))
    assert.ok(!isRejection(asked))
    assert.equal(forceCloseOperation(asked).unsure, true)
    pair.hub = known.hub
    const granted = grantResume(
      ...([chainId, pair.hub, { nonce: new Uint8Array(16), lostAt: at(-2) }] as const),
      ...([pair.signers.hub, at(-1)] as const),
    )
    assert.ok(granted.kind === 'granted')
    const taken = takeResume(chainId, asked, granted.answer, at(0))
    assert.ok(taken.kind === 'resumed')
    ;[pair.client, pair.hub] = [{ ...taken.party, lostAt: undefined }, granted.party]
    pair.add('client', 3, 100n, START + EXPIRY)
    pair.act('hub', [forceCloseOperation(hidden)], at(10))
    const [duty] = duties(pair, 'client', at(11))
    assert.ok(duty?.kind === 'challenge' && duty.operation.resume !== undefined)
    doDuties(pair, 'client', at(11))
    const { status } = pair.client.ledger
    assert.ok(status.kind === 'closing' && status.penalized)
    assert.deepEqual(status.otherLane, pair.client.own)
    assert.deepEqual(duties(pair, 'client', at(12)), [])
  })

  /** A client that breaks the law of the lane; a force close vouches for any lane of one's own. */
  function forge(pair: ChannelPair, lane: LaneState): void {
    pair.client = { ...pair.client, own: lane }
  }

  test('an item dropped without right is brought back, known link or not', () => {
    for (const known of [true, false]) {
      const pair = new ChannelPair()
      pair.add('client', 1, 300n, START + EXPIRY)
      if (known) pair.hub = knows(pair.hub, 1)
      forge(pair, { ...pair.client.own, version: 2, items: [] })
      pair.act('client', [forceCloseOperation(pair.client)], at(10))
      assert.deepEqual(
        kinds(duties(pair, 'hub', at(11))),
        known ? ['reveal', 'challenge'] : ['challenge'],
      )
      doDuties(pair, 'hub', at(11))
      assert.deepEqual(duties(pair, 'hub', at(12)), [])
      assert.deepEqual(
        pair.hub.ledger.status.kind === 'closing' && pair.hub.ledger.status.closerLane.items.length,
        1,
      )
    }
  })

  test('an item dropped after its expiry is not worth a challenge', () => {
    const pair = new ChannelPair()
    pair.add('client', 1, 300n, START + 5)
    forge(pair, { ...pair.client.own, version: 2, items: [] })
    pair.act('client', [forceCloseOperation(pair.client)], at(10))
    assert.deepEqual(duties(pair, 'hub', at(11)), [])
  })

  test('more paid than an item was worth, but less than it and the item: brought back', () => {
    const pair = new ChannelPair()
    pair.add('client', 1, 300n, START + EXPIRY)
    forge(pair, { ...pair.client.own, version: 2, transferred: amount(299n), items: [] })
    pair.act('client', [forceCloseOperation(pair.client)], at(10))
    assert.deepEqual(kinds(duties(pair, 'hub', at(11))), ['challenge'])
    const [id, anchor] = [itemId(1), ANCHOR(1)]
    const shorter = { id, anchor, unit: amount(300n), ticks: 1, paid: 0, expiry: at(EXPIRY - 1) }
    const other = new ChannelPair()
    other.add('client', 1, 300n, START + EXPIRY)
    forge(other, { ...other.client.own, version: 2, items: [shorter] })
    other.act('client', [forceCloseOperation(other.client)], at(10))
    assert.deepEqual(kinds(duties(other, 'hub', at(11))), ['challenge'])
  })

  test('INV-10 a redeem that never arrived is taken as it is: the older proof would pay less', () => {
    const pair = new ChannelPair()
    pair.add('client', 1, 300n, START + 5)
    pair.hub = knows(pair.hub, 1)
    const redeem = { kind: 'redeem', id: itemId(1), index: 1, link: preimage(1) } as const
    pair.update('client', [redeem], START, { lost: true })
    pair.act('client', [forceCloseOperation(pair.client)], at(10))
    assert.deepEqual(duties(pair, 'hub', at(11)), [])
    doDuties(pair, 'hub', at(DEADLINE + 1))
    assert.equal(pair.paidOut('hub'), DEPOSIT + 300n)
  })

  test('INV-12 an acked cancel stays cancelled: the own lane is carried along', () => {
    const pair = new ChannelPair()
    pair.add('hub', 1, 300n, START + EXPIRY)
    pair.add('client', 2, 10n, START + EXPIRY)
    const then = pair.client
    const declined = declineItem(pair.client, itemId(1))
    assert.ok(!isRejection(declined))
    pair.client = declined
    pair.update('hub', [{ kind: 'cancel', id: itemId(1) }], START)
    pair.update('client', [], START)
    pair.act('client', [forceCloseOperation(then)], at(10))
    const [duty] = duties(pair, 'hub', at(11))
    assert.ok(duty?.kind === 'challenge')
    assert.equal(duty.operation.own, pair.hub.own)
    doDuties(pair, 'hub', at(11))
    const { status } = pair.hub.ledger
    assert.ok(status.kind === 'closing' && status.otherLane.items.length === 0 && status.penalized)
  })
})

describe('DSP-8 reveal', () => {
  const REVEAL = EXPIRY - REVEAL_SECONDS

  for (const [now, due] of [
    [REVEAL - 1, []],
    [REVEAL, ['reveal']],
    [REVEAL + 1, ['reveal']],
    [EXPIRY - 1, ['reveal']],
    [EXPIRY, ['reveal']],
    [EXPIRY + 1, []],
  ] as const) {
    test(`INV-30 on an open channel at ${now - EXPIRY} before or after the expiry`, () => {
      const pair = new ChannelPair()
      pair.add('client', 1, 300n, START + EXPIRY)
      pair.hub = knows(pair.hub, 1)
      const found = duties(pair, 'hub', at(now))
      assert.deepEqual(kinds(found), due)
      assert.ok(found.every((duty) => duty.kind === 'reveal' && !duty.closing))
      assert.ok(found.every(({ deadline }) => deadline === at(EXPIRY)))
      doDuties(pair, 'hub', at(now))
      assert.deepEqual(duties(pair, 'hub', at(now)), [])
      if (due.length === 0) return
      doDuties(pair, 'hub', at(now + WINDOW_SECONDS + 1))
      const fees = 2_000n
      assert.ok(pair.paidOut('hub') > DEPOSIT + 300n - fees && pair.paidOut('hub') < DEPOSIT + 300n)
    })
  }

  test('on a closing channel at once, until the expiry', () => {
    const pair = new ChannelPair()
    pair.add('client', 1, 300n, START + EXPIRY)
    pair.hub = knows(pair.hub, 1)
    pair.act('client', [forceCloseOperation(pair.client)], at(10))
    assert.deepEqual(kinds(duties(pair, 'hub', at(10))), ['reveal'])
    assert.ok(duties(pair, 'hub', at(10)).every((duty) => duty.kind === 'reveal' && duty.closing))
    assert.deepEqual(kinds(duties(pair, 'hub', at(EXPIRY))), ['reveal'])
    assert.deepEqual(duties(pair, 'hub', at(EXPIRY + 1)), [])
    doDuties(pair, 'hub', at(EXPIRY))
    assert.deepEqual(duties(pair, 'hub', at(EXPIRY)), [])
  })

  test('not without the link, not by the payer, not once it is paid or recorded', () => {
    const pair = new ChannelPair()
    pair.add('client', 1, 300n, START + EXPIRY)
    assert.deepEqual(duties(pair, 'hub', at(EXPIRY)), [])
    pair.hub = knows(pair.hub, 1)
    assert.deepEqual(duties(pair, 'client', at(EXPIRY)), [])
    const known = { index: 1, link: preimage(1) }
    const seen = seeReveal(pair.hub, { anchor: ANCHOR(1), known, time: at(EXPIRY) }, at(EXPIRY))
    assert.deepEqual(
      dutiesOf(seen.party, pair.world.chainId, at(EXPIRY), () => 0),
      [],
    )
    const recorded = (_: unknown, notAfter: Timestamp) => (notAfter >= at(EXPIRY) ? 1 : 0)
    assert.deepEqual(dutiesOf(pair.hub, pair.world.chainId, at(EXPIRY), recorded), [])
    const closed: ChannelParty = { ...pair.hub, phase: { kind: 'closed' } }
    assert.deepEqual(
      dutiesOf(closed, pair.world.chainId, at(EXPIRY), () => 0),
      [],
    )
  })

  test('not for an item that the other side has redeemed in what it asserted', () => {
    const pair = new ChannelPair()
    pair.add('client', 1, 300n, START + EXPIRY)
    pair.hub = knows(pair.hub, 1)
    const redeem = { kind: 'redeem', id: itemId(1), index: 1, link: preimage(1) } as const
    pair.update('client', [redeem], START, { lost: true })
    pair.act('client', [forceCloseOperation(pair.client)], at(10))
    assert.deepEqual(duties(pair, 'hub', at(11)), [])
  })

  test('a stream: the newest link, and only beyond what is paid', () => {
    const pair = new ChannelPair()
    const [root, id] = [preimage(9), itemId(9)]
    const stream = { id, anchor: anchorOf(root, 3), unit: amount(5n), ticks: 3, expiry: at(EXPIRY) }
    pair.update('client', [{ kind: 'add', ...stream, forward: undefined }], START)
    const link = (index: number) => ({ index, link: earlierLink(root, 3 - index) })
    const learnt = learnLink(pair.hub, id, link(2))
    assert.ok(!isRejection(learnt))
    pair.hub = learnt
    const [duty] = duties(pair, 'hub', at(EXPIRY))
    assert.deepEqual(duty?.kind === 'reveal' && duty.reveal, link(2))
    pair.update('client', [{ kind: 'redeem', id, ...link(2) }], START)
    assert.deepEqual(duties(pair, 'hub', at(EXPIRY)), [])
    const newer = learnLink(pair.hub, id, link(3))
    assert.ok(!isRejection(newer))
    pair.hub = newer
    assert.deepEqual(kinds(duties(pair, 'hub', at(EXPIRY))), ['reveal'])
    doDuties(pair, 'hub', at(EXPIRY))
    assert.equal(pair.world.revealedBy(stream.anchor, at(EXPIRY)), 3)
  })

  test('two items of one anchor are one reveal, by the earlier expiry', () => {
    const pair = new ChannelPair()
    pair.add('client', 1, 300n, START + EXPIRY)
    const item = { id: itemId(7), anchor: ANCHOR(1), unit: amount(5n), ticks: 1 }
    const add = { kind: 'add', ...item, expiry: at(EXPIRY - 30), forward: undefined } as const
    pair.update('client', [add], START)
    pair.hub = knows(pair.hub, 1)
    const found = duties(pair, 'hub', at(REVEAL))
    assert.deepEqual(
      found.map(({ kind, deadline }) => ({ kind, deadline })),
      [{ kind: 'reveal', deadline: at(EXPIRY - 30) }],
    )
  })
})

describe('DSP-8 finalize', () => {
  for (const [now, due] of [
    [DEADLINE - 1, []],
    [DEADLINE, []],
    [DEADLINE + 1, ['finalize']],
  ] as const) {
    test(`after the window only: at ${now - DEADLINE}`, () => {
      const pair = new ChannelPair()
      pair.act('client', [forceCloseOperation(pair.client)], at(10))
      for (const role of ['client', 'hub'] as const) {
        assert.deepEqual(kinds(duties(pair, role, at(now))), due)
      }
      doDuties(pair, 'client', at(now))
      if (due.length > 0) assert.equal(pair.client.phase.kind, 'closed')
      assert.equal(duties(pair, 'hub', at(now)).length, 0)
    })
  }

  test('INV-14 in parts: what is decided now, the rest after its expiry', () => {
    const pair = new ChannelPair()
    const expiry = DEADLINE + 1_000
    pair.add('client', 1, 300n, START + expiry)
    const { fee } = pair.act('client', [forceCloseOperation(pair.client)], at(10))
    doDuties(pair, 'hub', at(DEADLINE + 1))
    assert.equal(pair.paidOut('hub'), DEPOSIT)
    assert.equal(pair.paidOut('client'), DEPOSIT - 300n - fee)
    for (const now of [DEADLINE + 2, expiry - 1, expiry]) {
      assert.deepEqual(duties(pair, 'hub', at(now)), [])
    }
    const [last] = duties(pair, 'hub', at(expiry + 1))
    assert.deepEqual(last, { kind: 'finalize', channel: 0, part: 1, deadline: TIMESTAMP_MAX })
    doDuties(pair, 'hub', at(expiry + 1))
    assert.equal(pair.paidOut('client'), DEPOSIT - fee)
    assert.equal(pair.hub.phase.kind, 'closed')
  })

  test('the nearest deadline comes first', () => {
    const pair = new ChannelPair()
    const expiry = DEADLINE + 1_000
    pair.add('client', 1, 300n, START + expiry)
    pair.add('client', 2, 300n, START + expiry - 1)
    pair.hub = knows(knows(pair.hub, 1), 2)
    pair.act('client', [forceCloseOperation(pair.client)], at(10))
    assert.deepEqual(
      duties(pair, 'hub', at(DEADLINE + 1)).map(({ deadline }) => deadline),
      [at(expiry - 1), at(expiry), TIMESTAMP_MAX],
    )
  })
})

describe('channelFeeTransaction', () => {
  test('INV-15 takes the exact fee from the share of the side that acts', () => {
    const pair = new ChannelPair()
    const openingFee = pair.world.burnt(0)
    for (let name = 1; name <= 8; name++) pair.add('client', name, 3n, START + EXPIRY)
    const { transaction, fee } = pair.act('client', [forceCloseOperation(pair.client)], at(10))
    const bytes = encode(transactionCodec, transaction).length
    assert.equal(fee, feeFor(transactionCost(transaction, bytes), FEE_PER_KILO_COST))
    assert.equal(pair.world.channel(0).client.feesPaid, fee)
    assert.equal(pair.world.channel(0).hub.feesPaid, 0n)
    assert.equal(pair.world.burnt(0), fee + openingFee)
  })
})
