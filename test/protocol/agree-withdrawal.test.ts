import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  agreeToWithdraw,
  amount,
  balanceOf,
  type Channel,
  type ChannelParty,
  channelPartyCodec,
  decodeTrusted,
  draftChange,
  encodeParty,
  forceClose,
  lapseWithdrawal,
  receivable,
  requestWithdrawal,
  type SignedWithdrawal,
  type Signer,
  seeLedger,
  spendable,
  WITHDRAWAL_SECONDS_MAX,
  type Withdrawal,
  withdrawable,
  withdrawalDigest,
  withdrawalOf,
} from '@tallystick/protocol'
import { signedLane } from './closing-channel.js'
import {
  accepted,
  addItem,
  at,
  CHAIN,
  codeOf,
  NOW,
  OTHER_CHAIN,
  SIGNERS,
  signed,
  TestPair,
  testChannel,
} from './test-channel.js'

/** The hub has paid 5,000 and the client 300: 14,700 and 5,300, of which 100 each is reserved. */
function paid(): TestPair {
  const pair = new TestPair()
  pair.pay('hub', 1, 5_000n)
  pair.pay('client', 2, 300n)
  return pair
}

function word(
  change: Partial<Withdrawal> = {},
  { signer = SIGNERS.client, chain = CHAIN }: { signer?: Signer; chain?: typeof CHAIN } = {},
): SignedWithdrawal {
  const withdrawal: Withdrawal = {
    ...{
      channel: testChannel().id,
      role: 'client',
      withdrawn: amount(14_600n),
      validUntil: at(600),
    },
    ...change,
  }
  return { withdrawal, signature: signer.sign(withdrawalDigest(chain, withdrawal)) }
}

const agree = (party: ChannelParty, said = word(), now = NOW) =>
  agreeToWithdraw(CHAIN, party, said, now)

/** The channel once a side has withdrawn up to a total. */
function withdrawn(channel: Channel, role: 'client' | 'hub', total: bigint): Channel {
  return { ...channel, [role]: { ...channel[role], withdrawn: amount(total) } }
}

describe('CH-17 agreeToWithdraw', () => {
  test('both sides allow the same amount: the balance less the exit reserve', () => {
    const { client, hub } = paid()
    for (const party of [client, hub]) {
      assert.equal(withdrawable(party, 'client'), 14_600n)
      assert.equal(withdrawable(party, 'hub'), 5_200n)
      const bound = accepted(agree(party))
      assert.deepEqual(withdrawalOf(bound), word())
      assert.equal(withdrawalOf(party), undefined)
      assert.equal(agree(bound), bound, 'the same word again changes nothing')
    }
  })

  const { hub } = paid()
  const busy = accepted(agree(hub, word({ withdrawn: amount(1n) })))
  for (const [code, party, said] of [
    ['channel_not_usable', { ...busy, phase: { kind: 'leaving' } }, word()],
    ['channel_not_usable', busy, word({ channel: testChannel({ number: 8 }).id })],
    ['withdrawal_pending', busy, word({ validUntil: NOW })],
    ['agreement_expiry_out_of_bounds', hub, word({ validUntil: NOW, withdrawn: amount(0n) })],
    [
      'agreement_expiry_out_of_bounds',
      hub,
      word({ validUntil: at(WITHDRAWAL_SECONDS_MAX + 1), withdrawn: amount(0n) }),
    ],
    ['withdrawal_not_newer', hub, word({ withdrawn: amount(0n) })],
    ['insolvent', hub, word({ withdrawn: amount(14_601n) }, { signer: SIGNERS.hub })],
    ['insolvent', hub, word({ role: 'hub', withdrawn: amount(5_201n) })],
    ['bad_agreement_signature', hub, word({}, { signer: SIGNERS.hub })],
    ['bad_agreement_signature', hub, word({}, { chain: OTHER_CHAIN })],
  ] as readonly (readonly [string, ChannelParty, SignedWithdrawal])[]) {
    test(`INV-24 ${code}`, () => {
      assert.equal(codeOf(agree(party, said)), code)
    })
  }

  test('INV-20 the word for one side, total, time or channel is none for another', () => {
    const { withdrawal, signature } = word({ withdrawn: amount(100n) })
    for (const change of [
      { role: 'hub' },
      { withdrawn: amount(101n) },
      { validUntil: at(601) },
    ] as const) {
      const forged = { withdrawal: { ...withdrawal, ...change }, signature }
      assert.equal(codeOf(agree(hub, forged)), 'bad_agreement_signature')
    }
  })

  test('what is pending, signed or drafted, cannot be withdrawn', () => {
    const pair = paid()
    pair.update('client', [addItem(3, { unit: 600n })])
    assert.equal(withdrawable(pair.hub, 'client'), 14_000n)
    const drafted = accepted(draftChange(pair.client, addItem(4, { unit: 50n }), NOW))
    assert.equal(withdrawable(drafted as ChannelParty, 'client'), 13_950n)
    pair.update('client', [{ kind: 'redeem', id: addItem(3).id, index: 1, link: ofThree() }])
    assert.equal(withdrawable(pair.hub, 'client'), 14_000n)
  })

  test('what the hub has only drafted to pay is not there to be withdrawn', () => {
    const pair = paid()
    pair.update('hub', [addItem(3, { unit: 600n })])
    const redeem = { kind: 'redeem', id: addItem(3).id, index: 1, link: ofThree() } as const
    const drafted = accepted(draftChange(pair.hub, redeem, NOW)) as ChannelParty
    assert.equal(receivable(drafted), 15_200n)
    assert.equal(withdrawable(drafted, 'client'), 14_600n)
  })
})

const ofThree = () => new Uint8Array(32).fill(3)

describe('CH-17 a withdrawal under way', () => {
  test('INV-24 counts as gone for both until it is done: neither promises nor takes more', () => {
    const pair = paid()
    pair.client = accepted(agree(pair.client, word({ withdrawn: amount(14_000n) })))
    pair.hub = accepted(agree(pair.hub, word({ withdrawn: amount(14_000n) })))
    assert.deepEqual([spendable(pair.client), receivable(pair.hub)], [600n, 600n])
    assert.equal(balanceOf(pair.client), 700n)
    assert.equal(codeOf(draftChange(pair.client, addItem(5, { unit: 601n }), NOW)), 'insolvent')
    const greedy = signed({ ...pair.client, withdrawing: undefined }, [addItem(5, { unit: 601n })])
    assert.throws(() => pair.take('hub', greedy.update), /insolvent/)
    pair.update('client', [addItem(5, { unit: 600n })])
    pair.update('hub', [addItem(6, { unit: 5_200n })])
  })

  test('the hub asks for its own: its money is set aside before the client has signed', () => {
    const pair = paid()
    const [withdrawal, validUntil] = [amount(5_000n), at(600)]
    pair.hub = accepted(requestWithdrawal(pair.hub, { withdrawn: withdrawal, validUntil }, NOW))
    assert.equal(spendable(pair.hub), 200n)
    assert.equal(withdrawalOf(pair.hub), undefined)
    const asked = { withdrawn: amount(1n), validUntil }
    assert.equal(codeOf(requestWithdrawal(pair.hub, asked, NOW)), 'withdrawal_pending')
    const said = word({ role: 'hub', withdrawn: withdrawal })
    pair.client = accepted(agree(pair.client, said))
    const forged = { ...said, signature: new Uint8Array(64) }
    assert.equal(codeOf(agree(pair.hub, forged)), 'bad_agreement_signature')
    pair.hub = accepted(agree(pair.hub, said))
    assert.deepEqual(withdrawalOf(pair.hub), said)
    assert.equal(receivable(pair.client), 200n)
  })

  test('both ask at once: what the client has signed goes first', () => {
    const pair = paid()
    const asked = { withdrawn: amount(5_000n), validUntil: at(600) }
    pair.hub = accepted(requestWithdrawal(pair.hub, asked, NOW))
    pair.hub = accepted(agree(pair.hub, word({ withdrawn: amount(10n) })))
    assert.deepEqual(withdrawalOf(pair.hub), word({ withdrawn: amount(10n) }))
    const late = word({ role: 'hub', withdrawn: asked.withdrawn })
    assert.equal(codeOf(agree(pair.hub, late)), 'withdrawal_pending')
  })

  for (const [now, under] of [
    [599, true],
    [600, true],
    [601, false],
  ] as const) {
    test(`INV-24 valid until 600, at ${now} it is ${under ? 'under way' : 'over'}`, () => {
      const bound = accepted(agree(paid().hub))
      const lapsed = lapseWithdrawal(bound, at(now))
      assert.equal(lapsed.withdrawing !== undefined, under)
      assert.deepEqual(seeLedger(bound, bound.ledger, at(now)), lapsed)
    })
  }

  test('INV-35 once the ledger shows it, it is taken over and counts once', () => {
    const pair = paid()
    const bound = accepted(agree(pair.client))
    const done = seeLedger(bound, withdrawn(bound.ledger, 'client', 14_600n), at(5))
    assert.equal(done.withdrawing, undefined)
    assert.deepEqual([spendable(done), balanceOf(done)], [0n, 100n])
    assert.equal(codeOf(agree(done)), 'withdrawal_not_newer')
    const other = seeLedger(bound, withdrawn(bound.ledger, 'hub', 9n), at(5))
    assert.deepEqual(other.withdrawing, bound.withdrawing)
  })

  test('INV-17 is part of what is stored', () => {
    const bound = accepted(agree(paid().hub))
    const { draft: _, ...stored } = bound
    assert.deepEqual(decodeTrusted(channelPartyCodec, encodeParty(bound)), stored)
  })

  test('INV-4 whether it happens or not, a force close with the newest lanes is taken', () => {
    const pair = paid()
    pair.client = accepted(agree(pair.client))
    pair.hub = accepted(agree(pair.hub))
    pair.update('hub', [addItem(6, { unit: 5_200n })])
    for (const total of [0n, 14_600n]) {
      const channel = withdrawn(pair.client.ledger, 'client', total)
      for (const { role, own, peer } of [pair.client, pair.hub]) {
        const other = role === 'client' ? 'hub' : 'client'
        const chosen = signedLane(channel, other, peer)
        accepted(
          forceClose(
            CHAIN,
            channel,
            { by: role, own, unsure: false, resume: undefined, peer: chosen },
            NOW,
          ),
        )
      }
    }
    // The hub cannot take back, by an old state, the payments that were withdrawn.
    const channel = withdrawn(pair.client.ledger, 'client', 14_600n)
    const old = { ...pair.hub.own, version: 1, acked: 0, transferred: amount(0n), items: [] }
    assert.equal(
      codeOf(
        forceClose(
          CHAIN,
          channel,
          { by: 'hub', own: old, unsure: false, resume: undefined, peer: undefined },
          NOW,
        ),
      ),
      'proofs_insolvent',
    )
  })
})
