import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AGREEMENT_SECONDS_MAX,
  agreementOf,
  agreeToClose,
  amount,
  type ChannelParty,
  type CloseAgreement,
  clientPayoutOf,
  closeAgreementDigest,
  declineItem,
  draftChange,
  drainAsTold,
  hasDraft,
  isQuiescent,
  lapseAgreement,
  maySign,
  positionOf,
  receiveUpdate,
  requestWithdrawal,
  type SignedAgreement,
  type Signer,
  seeLedger,
  startDraining,
} from '@tallystick/protocol'
import {
  accepted,
  addItem,
  at,
  CHAIN,
  codeOf,
  itemId,
  NOW,
  OTHER_CHAIN,
  SIGNERS,
  TestPair,
  testChannel,
} from './test-channel.js'

/** The client has paid 300, the hub 50: 9,750 and 10,250 are due. */
function drained(): TestPair {
  const pair = new TestPair()
  pair.pay('client', 1, 300n)
  pair.pay('hub', 2, 50n)
  pair.client = accepted(startDraining(pair.client))
  pair.hub = accepted(startDraining(pair.hub))
  return pair
}

function agreed(
  change: Partial<CloseAgreement> = {},
  { signer = SIGNERS.client, chain = CHAIN }: { signer?: Signer; chain?: typeof CHAIN } = {},
): SignedAgreement {
  const channel = testChannel().id
  const agreement = { channel, clientPayout: amount(9_750n), validUntil: at(600), ...change }
  return { agreement, signature: signer.sign(closeAgreementDigest(chain, agreement)) }
}

const agree = (party: ChannelParty, word = agreed(), now = NOW) =>
  agreeToClose(CHAIN, party, word, now)

describe('CH-12 agreeToClose', () => {
  test('both sides compute the same payout and are bound by it', () => {
    const { client, hub } = drained()
    for (const party of [client, hub]) {
      assert.equal(clientPayoutOf(party), 9_750n)
      const bound = accepted(agree(party))
      assert.deepEqual(agreementOf(bound), agreed())
      assert.equal(agreementOf(party), undefined)
      assert.equal(agree(bound), bound)
    }
  })

  const pending = () => {
    const pair = drained()
    return { ...pair.hub, owed: [{ id: itemId(9), known: { index: 1, link: new Uint8Array(32) } }] }
  }
  const { hub } = drained()
  for (const [code, party, word] of [
    ['channel_not_usable', { ...pending(), phase: { kind: 'leaving' } }, agreed()],
    ['channel_not_usable', hub, agreed({ channel: testChannel({ number: 8 }).id })],
    ['items_pending', pending(), agreed({ validUntil: NOW })],
    ['agreement_expiry_out_of_bounds', hub, agreed({ validUntil: NOW, clientPayout: amount(1n) })],
    [
      'agreement_expiry_out_of_bounds',
      hub,
      agreed({ validUntil: at(AGREEMENT_SECONDS_MAX + 1), clientPayout: amount(1n) }),
    ],
    ['payout_mismatch', hub, agreed({ clientPayout: amount(9_749n) }, { signer: SIGNERS.hub })],
    ['payout_mismatch', hub, agreed({ clientPayout: amount(9_751n) })],
    ['bad_agreement_signature', hub, agreed({}, { signer: SIGNERS.hub })],
    ['bad_agreement_signature', hub, agreed({}, { chain: OTHER_CHAIN })],
  ] as readonly (readonly [string, ChannelParty, SignedAgreement])[]) {
    test(`INV-24 ${code}`, () => {
      assert.equal(codeOf(agree(party, word)), code)
    })
  }

  test('INV-24 withdrawal_pending: a withdrawal under way would change what is due', () => {
    const asked = { withdrawn: amount(1n), validUntil: at(9) }
    const busy = accepted(requestWithdrawal(hub, asked, NOW))
    assert.equal(codeOf(agree(busy, agreed({ validUntil: NOW }))), 'withdrawal_pending')
  })

  test('the edges of its validity', () => {
    accepted(agree(hub, agreed({ validUntil: at(1) })))
    accepted(agree(hub, agreed({ validUntil: at(AGREEMENT_SECONDS_MAX) })))
  })
})

describe('CH-6.6 an agreement binds', () => {
  test('INV-24 nothing is signed or taken until ledger time has passed validUntil', () => {
    const pair = drained()
    const bound = accepted(agree(pair.hub))
    assert.equal(maySign(bound), false)
    assert.equal(hasDraft({ ...bound, ackDue: true }), false)
    assert.equal(codeOf(draftChange(bound, addItem(5), NOW)), 'channel_not_usable')
    assert.equal(codeOf(startDraining(bound)), 'channel_not_usable')
    for (const closing of [true, false]) {
      assert.equal(drainAsTold(bound, { ...positionOf(bound), closing }), bound)
    }
    const later = { ...agreed({ validUntil: at(601) }) }
    assert.equal(codeOf(agree(bound, later)), 'channel_not_usable')
    const update = pair.update('client', [], { lost: true })
    assert.equal(codeOf(receiveUpdate(CHAIN, bound, update, NOW)), 'channel_not_usable')
  })

  for (const [now, phase] of [
    [599, 'agreed'],
    [600, 'agreed'],
    [601, 'open'],
  ] as const) {
    test(`INV-24 valid until 600, at ${now} the channel is ${phase}`, () => {
      const bound = accepted(agree(drained().hub))
      assert.equal(lapseAgreement(bound, at(now)).phase.kind, phase)
      assert.equal(seeLedger(bound, bound.ledger, at(now)).phase.kind, phase)
    })
  }

  test('what is settled is closed, whatever was agreed', () => {
    const bound = accepted(agree(drained().hub))
    assert.equal(seeLedger(bound, undefined, at(1)).phase.kind, 'closed')
    assert.equal(maySign(seeLedger(bound, undefined, at(1))), false)
  })
})

describe('CH-12 draining', () => {
  test('no new items are made, what is pending settles, and a lost close goes back', () => {
    const pair = new TestPair()
    pair.update('client', [addItem(1)])
    const draining = accepted(startDraining(pair.client))
    assert.equal(codeOf(draftChange(draining, addItem(2), NOW)), 'channel_not_usable')
    accepted(draftChange(draining, { kind: 'cancel', id: itemId(1) }, NOW))
  })

  test('goes on after a connection where the other side still closes, and else goes back', () => {
    const { client, hub } = new TestPair()
    const draining = accepted(startDraining(client))
    assert.deepEqual([positionOf(client).closing, positionOf(draining).closing], [false, true])
    assert.equal(drainAsTold(hub, positionOf(draining)).phase.kind, 'draining')
    assert.equal(drainAsTold(draining, positionOf(draining)), draining)
    assert.equal(drainAsTold(hub, positionOf(client)), hub)
    assert.equal(drainAsTold(draining, positionOf(client)).phase.kind, 'open')
  })

  test('quiescent is: no items, no debts, no cancel that is not acked, nothing unsigned', () => {
    const pair = new TestPair()
    assert.ok(isQuiescent(pair.hub))
    pair.update('client', [addItem(1)])
    assert.ok(!isQuiescent(pair.client) && !isQuiescent(pair.hub))
    pair.hub = accepted(declineItem(pair.hub, itemId(1)))
    pair.update('client', [{ kind: 'cancel', id: itemId(1) }])
    assert.ok(isQuiescent(pair.hub))
    assert.ok(!isQuiescent(pair.client), 'the cancel is not acked')
    pair.update('hub', [])
    assert.ok(isQuiescent(pair.client))
    assert.ok(!isQuiescent(accepted(draftChange(pair.client, addItem(2), NOW))))
  })
})
