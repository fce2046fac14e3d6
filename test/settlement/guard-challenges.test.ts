import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  type ChainId,
  type ChannelTerms,
  channelCodec,
  encode,
  type LaneState,
  laneHead,
  type Operation,
  operationCost,
  type Role,
  resumeDigest,
  timestamp,
} from '@tallystick/protocol'
import { ANSWERED } from '#settlement/api/answers.js'
import { channelResource } from '#settlement/api/resource.js'
import { type GuardShown, guardDraft } from './guard-draft.js'
import {
  challengeDraft,
  finalizeDraft,
  forceCloseDraft,
  item,
  lane,
  lastLink,
  openChannel,
  signedLane,
} from './test-channel.js'
import { ALICE, BOB, CAROL, HUB, keyLockOf, START, TestLedger } from './test-ledger.js'

/** The last second of the dispute window of a channel that is force-closed at START. */
const DEADLINE = START + 100

/**
 * A channel of 1,000 by the client and 500 by the hub, which the client, who loses a tenth when it
 * lies, has closed with an old state; the hub is away and has appointed Bob, for a quarter of it.
 */
function closedByClient(
  own: LaneState = lane(1, 100n),
  peer: LaneState | undefined = lane(1, 50n),
  terms: Partial<ChannelTerms> = {},
): TestLedger {
  const ledger = new TestLedger()
  openChannel(ledger, { client: 1_000n, hub: 500n }, terms)
  ledger.do(forceCloseDraft(ledger, 0, 'client', own, peer))
  return ledger
}

/**
 * The same, where the client has resumed the hub's lane from 50, and asserts the 200 that it hid from
 * the hub then; with what gives that up.
 */
function closedByGivenUp() {
  const ledger = closedByClient(lane(1, 100n), lane(2, 200n))
  const own = lane(1, 50n)
  const channel = ledger.channel(0)
  const { digest } = laneHead(ledger.chainId, channel, 'hub', own)
  const nonce = new Uint8Array(16)
  const { version, acked, transferred } = own
  const point = { epoch: 1, nonce, base: digest, version, acked, transferred }
  const signature = ALICE.sign(resumeDigest(ledger.chainId, channel, 'hub', point))
  return { ledger, shown: { own, resume: { point, signature } } }
}

/** Finalizes after the window and all expiries: what client, hub and guard are paid. */
function payouts(ledger: TestLedger, part = 0): readonly (bigint | undefined)[] {
  ledger.time = timestamp(START + 1_000)
  const { id } = ledger.do(finalizeDraft(0, part))
  return [0, 1, 2].map((index) => ledger.coinAmount({ txId: id, index }))
}

const byBob = (ledger: TestLedger, shown: GuardShown) => guardDraft(ledger, 0, BOB, shown)
const byCarol = (ledger: TestLedger, shown: GuardShown) => guardDraft(ledger, 0, CAROL, shown)
const byHub = (ledger: TestLedger, proof: LaneState, own?: LaneState) =>
  challengeDraft(ledger, 0, 'hub', proof, own)

describe('DSP-11 a guard that its owner has appointed', () => {
  test('INV-9 is paid its share of the penalty, in a coin of its own', () => {
    const ledger = closedByClient()
    ledger.do(byBob(ledger, { proof: lane(3, 300n) }))
    // 1,000 - 300 + 50 = 750; a tenth of it is lost, 75, and a quarter of that is Bob's: 18.75.
    assert.deepEqual(payouts(ledger), [675n, 807n, 18n])
  })

  test('guards a client as well: the hub loses all, and the share comes out of that', () => {
    const ledger = new TestLedger()
    openChannel(ledger, { client: 1_000n, hub: 500n })
    ledger.do(forceCloseDraft(ledger, 0, 'hub', lane(1, 10n), lane(1, 20n)))
    ledger.do(byBob(ledger, { proof: lane(2, 30n), ppm: 500_000 }))
    // The hub would be paid 500 - 30 + 20 = 490.
    assert.deepEqual(payouts(ledger), [1_255n, undefined, 245n])
  })

  test('takes the whole penalty if it was promised that, and nothing that is the owner’s own', () => {
    const ledger = closedByClient()
    ledger.do(byBob(ledger, { proof: lane(3, 300n), ppm: 1_000_000 }))
    assert.deepEqual(payouts(ledger), [675n, 750n, 75n])
  })

  test('is paid nothing, by no coin, where its share comes to less than a unit or is 0', () => {
    for (const ppm of [0, 13_333]) {
      const ledger = closedByClient()
      ledger.do(byBob(ledger, { proof: lane(3, 300n), ppm }))
      assert.deepEqual(payouts(ledger), [675n, 825n, undefined])
    }
    const ledger = closedByClient()
    ledger.do(byBob(ledger, { proof: lane(3, 300n), ppm: 13_334 }))
    assert.deepEqual(payouts(ledger), [675n, 824n, 1n])
  })

  test('is paid nothing where nobody has lied', () => {
    const holding = lane(2, 100n, { items: [item(1, 60n, START + 200)] })
    const ledger = closedByClient(lane(3, 100n), lane(1, 0n, { acked: 2 }))
    ledger.do(byBob(ledger, { proof: holding }))
    ledger.do({
      spends: [ledger.coin(HUB)],
      reveals: [{ index: 1, link: lastLink(1) }],
      signers: [HUB],
    })
    assert.deepEqual(payouts(ledger), [840n, 660n, undefined])
  })

  test('DSP-9 is paid nothing where an unsure client had newer states', () => {
    const ledger = new TestLedger()
    openChannel(ledger, { client: 1_000n, hub: 500n })
    const draft = forceCloseDraft(ledger, 0, 'client', lane(0, 0n), lane(2, 50n, { acked: 2 }))
    const operations = (draft.operations ?? []).map((operation) => {
      return operation.kind === 'forceClose' ? { ...operation, unsure: true } : operation
    })
    ledger.do({ ...draft, operations })
    ledger.do(byBob(ledger, { proof: lane(2, 300n) }))
    assert.deepEqual(payouts(ledger), [750n, 750n, undefined])
  })

  test('INV-12 brings no cancelled item back: it shows the lane that its owner signed last', () => {
    // The client knows the link of item 7, which the hub has cancelled and the client given up.
    const items = [item(7, 200n, START + 200)]
    for (const [own, hub] of [
      [undefined, 450n],
      [lane(2, 0n), 650n],
    ] as const) {
      const terms = { clientPenaltyPpm: 1 }
      const ledger = closedByClient(lane(1, 100n), lane(1, 0n, { items }), terms)
      ledger.do(byBob(ledger, { proof: lane(2, 150n, { acked: 2 }), ...(own && { own }) }))
      ledger.do({
        spends: [ledger.coin(ALICE)],
        reveals: [{ index: 1, link: lastLink(7) }],
        signers: [ALICE],
      })
      assert.deepEqual(payouts(ledger), [1_500n - hub, hub, undefined])
    }
  })

  test('DSP-10 is paid for a resume alone, by which the closer had given up what it chose', () => {
    const { ledger, shown } = closedByGivenUp()
    ledger.do(byBob(ledger, shown))
    // 1,000 - 100 + 50 = 950, of which 95 are lost and 23 are Bob's.
    assert.deepEqual(payouts(ledger), [855n, 622n, 23n])
  })

  test('is paid nothing for a resume where another guard has shown a proof', () => {
    const { ledger, shown } = closedByGivenUp()
    ledger.do(byBob(ledger, shown))
    ledger.do(byCarol(ledger, { proof: lane(3, 300n), ppm: 1_000_000 }))
    // 1,000 - 300 + 50 = 750, of which 75 are lost, all of it to Carol.
    assert.deepEqual(payouts(ledger), [675n, 750n, 75n])
  })

  test('is paid nothing for a proof where the owner has itself shown a resume', () => {
    const { ledger, shown } = closedByGivenUp()
    ledger.do(byBob(ledger, { proof: lane(3, 300n) }))
    const operation = {
      ...({ kind: 'challenge', channel: 0, proof: undefined, guard: undefined } as const),
      ...shown,
    }
    ledger.do({ spends: [ledger.coin(HUB)], operations: [operation], signers: [HUB] })
    assert.deepEqual(payouts(ledger), [675n, 825n, undefined])
  })

  test('DSP-7 is paid with the last part, when the penalty is known', () => {
    const ledger = closedByClient()
    const items = [item(1, 200n, START + 300)]
    ledger.do(byBob(ledger, { proof: lane(3, 300n, { items }) }))
    ledger.time = timestamp(DEADLINE + 1)
    const { id } = ledger.do(finalizeDraft(0))
    // Without a penalty the client would be paid 550 to 750: 55 to 75 less, of which 13 to 18 are Bob's.
    assert.deepEqual(
      [0, 1, 2].map((index) => ledger.coinAmount({ txId: id, index })),
      [495n, 807n, undefined],
    )
    // The item was not revealed: 675 less 495, 807 less 807, 18.
    assert.deepEqual(payouts(ledger, 1), [180n, undefined, 18n])
  })
})

describe('DSP-11 a guard is refused:', () => {
  const proof = lane(3, 300n)

  test('missing_signature: signed by anybody but the key that was appointed', () => {
    const ledger = closedByClient()
    for (const signer of [CAROL, ALICE, HUB]) {
      const draft = byBob(ledger, { proof })
      const stolen = { ...draft, spends: [ledger.coin(signer)], signers: [signer] }
      assert.equal(ledger.refusal(stolen), 'missing_signature')
    }
  })

  test('signer_unused: the key of the owner has no part in it', () => {
    const ledger = closedByClient()
    const draft = byBob(ledger, { proof })
    assert.equal(ledger.refusal({ ...draft, signers: [BOB, HUB] }), 'signer_unused')
  })

  test('appointment_expired: one second after the last', () => {
    const ledger = closedByClient()
    const draft = byBob(ledger, { proof, validUntil: START + 50 })
    ledger.time = timestamp(START + 51)
    assert.equal(ledger.refusal(draft), 'appointment_expired')
    ledger.time = timestamp(START + 50)
    ledger.do(draft)
  })

  test('window_closed: an appointment makes no window longer', () => {
    const ledger = closedByClient()
    const draft = byBob(ledger, { proof })
    ledger.time = timestamp(DEADLINE + 1)
    assert.equal(ledger.refusal(draft), 'window_closed')
  })

  test('channel_not_closing: there is nothing to answer', () => {
    const ledger = new TestLedger()
    openChannel(ledger, { client: 1_000n, hub: 500n })
    const draft = byBob(ledger, { proof, owner: 'hub', appoints: HUB })
    assert.equal(ledger.refusal(draft), 'channel_not_closing')
  })

  test('bad_appointment_signature: INV-20 of another chain, channel or side, or by the closer', () => {
    const ledger = closedByClient()
    openChannel(ledger, { client: 1_000n, hub: 500n })
    const replayed: readonly GuardShown[] = [
      { chainId: 'ab'.repeat(32) as ChainId },
      { channel: ledger.channel(1) },
      // The hub's word as if it were the client.
      { owner: 'client' },
      // INV-13: the liar would let its own guard have a share of its penalty.
      { appoints: ALICE },
      { appoints: ALICE, owner: 'client' },
      // The guard appoints itself.
      { appoints: BOB },
    ]
    for (const shown of replayed) {
      const draft = byBob(ledger, { proof, ...shown })
      assert.equal(ledger.refusal(draft), 'bad_appointment_signature')
    }
  })

  test('bad_appointment_signature: INV-20 with another share, lock or end than was signed', () => {
    const ledger = closedByClient()
    const draft = byBob(ledger, { proof, validUntil: START + 50 })
    const [operation] = draft.operations ?? []
    assert.ok(operation?.kind === 'challenge' && operation.guard !== undefined)
    const { appointment, ...guard } = operation.guard
    const { bounty } = appointment
    for (const changed of [
      { bounty: { ...bounty, ppm: bounty.ppm + 1 } },
      { bounty: { ...bounty, payoutLock: ledger.channel(0).client.payoutLock } },
      { validUntil: timestamp(START + 51) },
    ]) {
      const forged = { ...guard, appointment: { ...appointment, ...changed } }
      const operations: Operation[] = [{ ...operation, guard: forged }]
      assert.equal(ledger.refusal({ ...draft, operations }), 'bad_appointment_signature')
    }
    ledger.do(draft)
  })

  test('bad_proof_signature: the closer did not sign the proof, or the owner the own lane', () => {
    const ledger = closedByClient()
    const draft = byBob(ledger, { proof: lane(3, 300n, { acked: 2 }), own: lane(2, 60n) })
    const [operation] = draft.operations ?? []
    assert.ok(operation?.kind === 'challenge' && operation.guard !== undefined)
    const forgedOwn = { ...operation, own: lane(2, 50n) }
    const forgedProof = signedLane(ledger, 0, 'client', lane(3, 300n), { signer: BOB })
    for (const forged of [forgedOwn, { ...operation, proof: forgedProof }]) {
      assert.equal(ledger.refusal({ ...draft, operations: [forged] }), 'bad_proof_signature')
    }
  })

  test('challenge_not_newer: nothing better than what a guard has shown', () => {
    const ledger = closedByClient()
    ledger.do(byBob(ledger, { proof }))
    assert.equal(ledger.refusal(byBob(ledger, { proof: lane(2, 200n) })), 'challenge_not_newer')
    assert.equal(ledger.refusal(byBob(ledger, { proof })), 'challenge_not_newer')
    // Another guard with the same for a larger share.
    assert.equal(ledger.refusal(byCarol(ledger, { proof, ppm: 300_000 })), 'challenge_not_newer')
  })

  test('OP-7 missing_signature: its fee comes out of no side of the channel', () => {
    for (const role of ['client', 'hub'] as const satisfies readonly Role[]) {
      const ledger = closedByClient()
      const draft = byBob(ledger, { proof })
      const payFee: Operation = { kind: 'payFee', channel: 0, role, amount: amount(5n) }
      const operations = [...(draft.operations ?? []), payFee]
      assert.equal(ledger.refusal({ ...draft, operations }), 'missing_signature')
    }
  })
})

describe('DSP-11 a bribed guard', () => {
  /** The client signs something newer than all that it ever signed, in which it has paid nothing. */
  const bribe = lane(1_000, 0n, { acked: 1 })

  test('INV-9 cannot make its owner lose by a newer proof that pays less: the asserted one counts', () => {
    const ledger = closedByClient(lane(3, 300n))
    ledger.do(byBob(ledger, { proof: bribe }))
    // 1,000 - 300 + 50 = 750 less a tenth; without the guard the hub would be paid 750.
    assert.deepEqual(payouts(ledger), [675n, 807n, 18n])
  })

  test('INV-10 keeps out neither its owner’s own answer nor the penalty, and is then paid nothing', () => {
    const ledger = closedByClient()
    ledger.do(byBob(ledger, { proof: bribe }))
    ledger.do(byHub(ledger, lane(3, 300n)))
    assert.deepEqual(payouts(ledger), [675n, 825n, undefined])
  })

  test('INV-11 is paid nothing behind its owner’s own answer, whatever it shows', () => {
    for (const proof of [bribe, lane(3, 300n), lane(2, 200n)]) {
      const ledger = closedByClient()
      ledger.do(byHub(ledger, lane(3, 300n)))
      ledger.do(byBob(ledger, { proof }))
      assert.deepEqual(payouts(ledger), [675n, 825n, undefined])
    }
  })

  test('INV-10 an owner that has lost data and answers with less undoes nothing of its guard’s', () => {
    for (const first of ['owner', 'guard'] as const) {
      const ledger = closedByClient()
      const challenges = [
        () => ledger.do(byHub(ledger, lane(2, 200n))),
        () => ledger.do(byBob(ledger, { proof: lane(3, 300n) })),
      ]
      for (const act of first === 'owner' ? challenges : challenges.toReversed()) act()
      assert.deepEqual(payouts(ledger), [675n, 825n, undefined])
    }
  })

  test('cannot push an honest guard aside by a newer proof that pays less', () => {
    for (const first of ['bribed', 'honest'] as const) {
      const ledger = closedByClient()
      const honest = () => ledger.do(byCarol(ledger, { proof: lane(3, 300n) }))
      if (first === 'honest') honest()
      if (first === 'bribed') ledger.do(byBob(ledger, { proof: bribe }))
      else assert.equal(ledger.refusal(byBob(ledger, { proof: bribe })), 'challenge_not_newer')
      if (first === 'bribed') honest()
      assert.deepEqual(payouts(ledger), [675n, 807n, 18n])
      assert.equal(ledger.state.read('channel', { channel: 0 }), undefined)
    }
  })

  test('INV-12 cannot make its owner pay more by a newer own lane: the chosen one counts', () => {
    // The hub has really paid 900 by now, of the 1,000 that the client paid it; the client's
    // bribe takes the 1,000 back, and the guard shows the 900.
    const ledger = closedByClient(lane(1, 0n), lane(1, 0n))
    ledger.do(byBob(ledger, { proof: lane(1_000, 0n, { acked: 2 }), own: lane(2, 900n) }))
    const [client, hub, bob] = payouts(ledger)
    assert.deepEqual([client, hub, bob], [900n, 575n, 25n])
  })

  test('INV-13 gives the liar no more than it would have kept without the lie', () => {
    for (const ppm of [0, 250_000, 1_000_000]) {
      const ledger = closedByClient(lane(3, 300n))
      ledger.do(byBob(ledger, { proof: bribe, ppm }))
      const [client = 0n, hub = 0n, bob = 0n] = payouts(ledger)
      assert.ok(client + bob <= 750n && hub >= 750n, `${client} and ${bob}`)
    }
  })
})

describe('DSP-11 several guards', () => {
  test('INV-11 of one proof the cheapest is paid, not the fastest; of equal shares one, always the same', () => {
    const shares: readonly (readonly [bob: number, carol: number])[] = [
      [250_000, 100_000],
      [100_000, 250_000],
      [250_000, 250_000],
    ]
    for (const [ppmOfBob, ppmOfCarol] of shares) {
      const outcomes = [0, 1].map((first) => {
        const ledger = closedByClient()
        const drafts = [
          byBob(ledger, { proof: lane(3, 300n), ppm: ppmOfBob }),
          byCarol(ledger, { proof: lane(3, 300n), ppm: ppmOfCarol }),
        ]
        for (const draft of first === 0 ? drafts : drafts.toReversed()) {
          const signed = ledger.sign(draft)
          if (ledger.judge(signed).kind === 'applied') ledger.apply(signed)
        }
        const { status } = ledger.channel(0)
        return status.kind === 'closing' ? status.guardCloserLane?.bounty : undefined
      })
      assert.deepEqual(outcomes[0], outcomes[1])
      assert.equal(outcomes[0]?.ppm, Math.min(ppmOfBob, ppmOfCarol))
    }
  })

  test('only the one whose proof is used is paid', () => {
    const ledger = closedByClient()
    ledger.do(byBob(ledger, { proof: lane(2, 200n), ppm: 100_000 }))
    ledger.do(byCarol(ledger, { proof: lane(3, 300n), ppm: 1_000_000 }))
    ledger.time = timestamp(DEADLINE + 1)
    const { id } = ledger.do(finalizeDraft(0))
    const coin = ledger.state.read('coin', { txId: id, index: 2 })
    assert.deepEqual([coin?.amount, coin?.lock], [75n, keyLockOf(CAROL.publicKey)])
  })

  test('one guard of both sides is paid by the side that was lied to, whichever that is', () => {
    for (const [by, paid] of [
      ['client', [675n, 807n, 18n]],
      ['hub', [1_375n, undefined, 125n]],
    ] as const) {
      const ledger = new TestLedger()
      openChannel(ledger, { client: 1_000n, hub: 500n })
      ledger.do(
        forceCloseDraft(ledger, 0, by, lane(1, 0n), by === 'client' ? lane(1, 50n) : undefined),
      )
      const wrong = byBob(ledger, {
        proof: lane(3, 300n),
        owner: by,
        appoints: by === 'client' ? ALICE : HUB,
      })
      assert.equal(ledger.refusal(wrong), 'bad_appointment_signature')
      ledger.do(byBob(ledger, { proof: lane(3, by === 'client' ? 300n : 0n) }))
      assert.deepEqual(payouts(ledger), paid)
    }
  })
})

test('API-2 DSP-11 a list of channels tells who is penalized, and whom that would pay', () => {
  const ledger = closedByClient()
  const listed = () => {
    const value = encode(channelCodec, ledger.channel(0))
    const { penalized, bounty, ...rest } = ANSWERED.channels.shape.data.element.parse(
      channelResource({
        kind: 'channel',
        key: new Uint8Array(),
        entryKey: new Uint8Array(),
        value,
      }),
    )
    assert.deepEqual([rest.status, rest.closing_by, rest.deadline], ['closing', 'client', DEADLINE])
    return { penalized, bounty }
  }
  assert.deepEqual(listed(), { penalized: false, bounty: null })
  ledger.do(byBob(ledger, { proof: lane(3, 300n) }))
  const bounty = { ppm: 250_000, payout_lock: keyLockOf(BOB.publicKey) }
  assert.deepEqual(listed(), { penalized: true, bounty })
  ledger.do(byHub(ledger, lane(3, 300n)))
  assert.deepEqual(listed(), { penalized: true, bounty: null })
})

test('COST-1 a guard pays for its appointment, its evidence and the coin of its bounty', () => {
  const ledger = closedByClient()
  const cost = (shown: GuardShown) => {
    const [operation] = byBob(ledger, shown).operations ?? []
    return operation && operationCost(operation)
  }
  const proof = lane(3, 300n, { acked: 2, items: [item(1, 5n, START + 9)] })
  assert.equal(cost({ proof: lane(3, 300n) }), 300)
  assert.equal(cost({ proof }), 500)
  assert.equal(cost({ proof, own: lane(2, 60n) }), 600)
})
