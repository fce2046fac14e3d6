import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { amount, type Operation, timestamp } from '@tallystick/protocol'
import {
  challengeDraft,
  closeOperation,
  finalizeDraft,
  forceCloseDraft,
  item,
  lane,
  openChannel,
  signedLane,
} from './test-channel.js'
import { ALICE, BOB, HUB, START, TestLedger } from './test-ledger.js'

/** The last second of the dispute window of a channel that is force-closed at START. */
const DEADLINE = START + 100

/** A ledger with a channel of 1,000 by the client and 500 by the hub. */
function opened(): TestLedger {
  const ledger = new TestLedger()
  openChannel(ledger, { client: 1_000n, hub: 500n })
  return ledger
}

/** The same, closed by the client with lanes that the client names. */
function closedWith(own = lane(1, 100n), peer = lane(1, 50n)): TestLedger {
  const ledger = opened()
  ledger.do(forceCloseDraft(ledger, 0, 'client', own, peer))
  return ledger
}

/** Finalizes after the window; what the client and the hub are paid. */
function payouts(ledger: TestLedger): readonly [client: bigint, hub: bigint] {
  ledger.time = timestamp(DEADLINE + 1)
  const { id } = ledger.do(finalizeDraft(0))
  const paid = (index: number) => ledger.coinAmount({ txId: id, index }) ?? 0n
  return [paid(0), paid(1)]
}

describe('DSP-2 a force close is refused:', () => {
  test('missing_signature: not signed by the side that closes', () => {
    const ledger = opened()
    const draft = forceCloseDraft(ledger, 0, 'client', lane(1, 0n), undefined)
    const byHub = { ...draft, spends: [ledger.coin(HUB)], signers: [HUB] }
    assert.equal(ledger.refusal(byHub), 'missing_signature')
  })

  test('channel_closing: it is closing already, whoever tries what', () => {
    const ledger = closedWith()
    const again = forceCloseDraft(ledger, 0, 'hub', lane(1, 50n), undefined)
    assert.equal(ledger.refusal(again), 'channel_closing')
    const deposit: Operation = { kind: 'deposit', channel: 0, role: 'hub', amount: amount(1n) }
    const operations: Operation[] = [deposit, closeOperation(ledger, 0, { clientPayout: 1n })]
    for (const operation of operations) {
      const draft = { spends: [ledger.coin(HUB)], operations: [operation], signers: [HUB] }
      assert.equal(ledger.refusal(draft), 'channel_closing')
    }
  })

  test('lane_start_malformed: version 0 has promised nothing', () => {
    const ledger = opened()
    const starts = [lane(0, 1n), lane(0, 0n, { epoch: 1 }), lane(0, 0n, { acked: 1 })]
    for (const own of [...starts, lane(0, 0n, { items: [item(1, 1n, START + 9)] })]) {
      const draft = forceCloseDraft(ledger, 0, 'client', own, lane(1, 0n))
      assert.equal(ledger.refusal(draft), 'lane_start_malformed')
    }
  })

  test('bad_proof_signature: the other side did not sign this, for this channel and lane', () => {
    const ledger = opened()
    openChannel(ledger, { client: 1_000n, hub: 500n })
    const peer = lane(1, 50n)
    const forged = [
      signedLane(ledger, 0, 'hub', peer, { signer: ALICE }),
      signedLane(ledger, 1, 'hub', peer),
      { ...signedLane(ledger, 0, 'hub', peer), lane: lane(1, 51n) },
      { ...signedLane(ledger, 0, 'hub', peer), lane: lane(2, 50n) },
      signedLane(ledger, 0, 'client', peer, { signer: HUB }),
    ]
    for (const proof of forged) {
      const draft = forceCloseDraft(ledger, 0, 'client', lane(1, 0n), undefined)
      const operation: Operation = {
        ...{
          kind: 'forceClose',
          channel: 0,
          by: 'client',
          own: lane(1, 0n),
          unsure: false,
          resume: undefined,
        },
        peer: proof,
      }
      assert.equal(ledger.refusal({ ...draft, operations: [operation] }), 'bad_proof_signature')
    }
  })

  test('INV-22 a proof inside a batch signature is as good as one alone', () => {
    const ledger = opened()
    const draft = forceCloseDraft(ledger, 0, 'client', lane(1, 0n), undefined)
    const peer = signedLane(ledger, 0, 'hub', lane(1, 50n), { batch: true })
    const operation: Operation = {
      ...{
        kind: 'forceClose',
        channel: 0,
        by: 'client',
        own: lane(1, 0n),
        unsure: false,
        resume: undefined,
        peer,
      },
    }
    ledger.do({ ...draft, operations: [operation] })
    assert.deepEqual(payouts(ledger), [1_050n, 450n])
  })

  test('proofs_contradict: a lane acks what the other has not reached', () => {
    const ledger = opened()
    const pairs = [
      [lane(1, 0n, { acked: 2 }), lane(1, 0n)],
      [lane(1, 0n), lane(1, 0n, { acked: 2 })],
      [lane(1, 0n, { acked: 1 }), undefined],
    ] as const
    for (const [own, peer] of pairs) {
      const draft = forceCloseDraft(ledger, 0, 'client', own, peer)
      assert.equal(ledger.refusal(draft), 'proofs_contradict')
    }
  })

  test('proofs_insolvent: a lane promises one unit more than there is, its items included', () => {
    const ledger = opened()
    const pairs = [
      [lane(1, 1_051n), lane(1, 50n)],
      [lane(1, 1_000n, { items: [item(1, 51n, START + 9)] }), lane(1, 50n)],
      [lane(1, 100n), lane(1, 601n)],
    ] as const
    for (const [own, peer] of pairs) {
      const draft = forceCloseDraft(ledger, 0, 'client', own, peer)
      assert.equal(ledger.refusal(draft), 'proofs_insolvent')
    }
    ledger.do(forceCloseDraft(ledger, 0, 'client', lane(1, 1_050n), lane(1, 50n)))
    assert.deepEqual(payouts(ledger), [0n, 1_500n])
  })
})

describe('DSP-4 a challenge is refused:', () => {
  test('channel_not_closing: there is nothing to answer', () => {
    const ledger = opened()
    const draft = challengeDraft(ledger, 0, 'hub', lane(2, 0n))
    assert.equal(ledger.refusal(draft), 'channel_not_closing')
  })

  test('missing_signature: INV-13 by the closing side itself, or by a stranger', () => {
    const ledger = closedWith()
    const draft = challengeDraft(ledger, 0, 'hub', lane(2, 200n))
    for (const signer of [ALICE, BOB]) {
      const spends = [ledger.coin(signer)]
      assert.equal(ledger.refusal({ ...draft, spends, signers: [signer] }), 'missing_signature')
    }
  })

  test('window_closed: one second after the last', () => {
    const ledger = closedWith()
    const draft = challengeDraft(ledger, 0, 'hub', lane(2, 200n))
    ledger.time = timestamp(DEADLINE + 1)
    assert.equal(ledger.refusal(draft), 'window_closed')
    ledger.time = timestamp(DEADLINE)
    ledger.do(draft)
  })

  test('bad_proof_signature: the closing side did not sign it', () => {
    const ledger = closedWith()
    const draft = challengeDraft(ledger, 0, 'hub', lane(2, 200n))
    const proof = signedLane(ledger, 0, 'client', lane(2, 200n), { signer: HUB })
    const operation: Operation = {
      kind: 'challenge',
      channel: 0,
      proof,
      own: undefined,
      resume: undefined,
      guard: undefined,
    }
    assert.equal(ledger.refusal({ ...draft, operations: [operation] }), 'bad_proof_signature')
  })

  test('challenge_not_newer: what was asserted itself, or what was shown already', () => {
    const ledger = closedWith(lane(1, 100n))
    assert.equal(
      ledger.refusal(challengeDraft(ledger, 0, 'hub', lane(1, 100n))),
      'challenge_not_newer',
    )
    ledger.do(challengeDraft(ledger, 0, 'hub', lane(3, 300n)))
    for (const proof of [lane(3, 300n), lane(2, 200n)]) {
      const draft = challengeDraft(ledger, 0, 'hub', proof)
      assert.equal(ledger.refusal(draft), 'challenge_not_newer')
    }
  })

  test('challenge_not_relevant: a version that the challenger gave up', () => {
    const ledger = closedWith(lane(3, 100n), lane(1, 50n, { acked: 2 }))
    const old = lane(1, 100n, { items: [item(1, 10n, START + 9)] })
    assert.equal(ledger.refusal(challengeDraft(ledger, 0, 'hub', old)), 'challenge_not_relevant')
    ledger.do(challengeDraft(ledger, 0, 'hub', { ...old, version: 2 }))
  })

  test('own_proof_too_old: not newer than the chosen, older than acked, or without a stale proof', () => {
    const ledger = closedWith(lane(2, 100n), lane(1, 50n))
    const stale = lane(3, 200n, { acked: 3 })
    for (const own of [lane(1, 40n), lane(2, 40n)]) {
      const draft = challengeDraft(ledger, 0, 'hub', stale, own)
      assert.equal(ledger.refusal(draft), 'own_proof_too_old')
    }
    const substitute = lane(1, 100n, { items: [item(1, 10n, START + 9)] })
    const beside = challengeDraft(ledger, 0, 'hub', substitute, lane(2, 40n))
    assert.equal(ledger.refusal(beside), 'own_proof_too_old')
    ledger.do(challengeDraft(ledger, 0, 'hub', stale, lane(3, 60n)))
  })
})

describe('DSP-6 a dispute pays', () => {
  test('what the two newest proofs say when nobody objects', () => {
    const ledger = closedWith(lane(3, 300n), lane(2, 100n))
    assert.deepEqual(payouts(ledger), [800n, 700n])
  })

  test('INV-9 the newest proof, less the penalty, when an old one was asserted', () => {
    const ledger = closedWith(lane(1, 100n), lane(2, 100n))
    ledger.do(challengeDraft(ledger, 0, 'hub', lane(3, 300n)))
    // 1,000 - 300 + 100 = 800, and a tenth of it is lost.
    assert.deepEqual(payouts(ledger), [720n, 780n])
  })

  test('INV-9 everything to the client when the hub asserted an old proof', () => {
    const ledger = opened()
    ledger.do(forceCloseDraft(ledger, 0, 'hub', lane(1, 10n), lane(1, 20n)))
    ledger.do(challengeDraft(ledger, 0, 'client', lane(2, 30n)))
    assert.deepEqual(payouts(ledger), [1_500n, 0n])
  })

  test('two contents of one version are two histories, whichever pays more', () => {
    const ledger = closedWith(lane(2, 300n), lane(1, 0n))
    ledger.do(challengeDraft(ledger, 0, 'hub', lane(2, 200n)))
    // 1,000 - 200 = 800, and a tenth of it is lost.
    assert.deepEqual(payouts(ledger), [720n, 780n])
  })

  test('an older version that had paid more is stale, too', () => {
    const ledger = closedWith(lane(5, 100n), lane(1, 0n))
    ledger.do(challengeDraft(ledger, 0, 'hub', lane(4, 200n)))
    assert.deepEqual(payouts(ledger), [720n, 780n])
  })

  test('a dropped item by the substitute that still holds it, without a penalty', () => {
    const ledger = closedWith(lane(3, 100n), lane(1, 0n, { acked: 2 }))
    const holding = lane(2, 100n, { items: [item(1, 50n, START + 200)] })
    ledger.do(challengeDraft(ledger, 0, 'hub', holding))
    ledger.do({
      spends: [ledger.coin(HUB)],
      reveals: [{ index: 1, link: new Uint8Array(32).fill(1) }],
      signers: [HUB],
    })
    assert.deepEqual(payouts(ledger), [850n, 650n])
  })

  test('the challenger by its own newer proof when that acks what the stale one replaced', () => {
    const ledger = closedWith(lane(1, 100n), lane(1, 0n))
    ledger.do(challengeDraft(ledger, 0, 'hub', lane(2, 300n, { acked: 2 }), lane(2, 40n)))
    // 1,000 - 300 + 40 = 740, and a tenth of it is lost.
    assert.deepEqual(payouts(ledger), [666n, 834n])
  })

  test('INV-14 window_open until the last second, and from the next on for ever', () => {
    const ledger = closedWith()
    ledger.time = timestamp(DEADLINE)
    assert.equal(ledger.refusal(finalizeDraft(0)), 'window_open')
    ledger.time = timestamp(DEADLINE + 1_000_000)
    ledger.do(finalizeDraft(0))
  })

  test('channel_not_closing and finalize_out_of_order: nothing to pay, or another part', () => {
    const open = opened()
    assert.equal(open.refusal(finalizeDraft(0)), 'channel_not_closing')
    const ledger = closedWith()
    ledger.time = timestamp(DEADLINE + 1)
    assert.equal(ledger.refusal(finalizeDraft(0, 1)), 'finalize_out_of_order')
    ledger.do(finalizeDraft(0))
    assert.equal(ledger.refusal(finalizeDraft(0)), 'channel_missing')
  })
})
