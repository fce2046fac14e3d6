import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { amount, BLOCK_COST_MAX, earlierLink, keyLock } from '@tallystick/protocol'
import type { Candidate } from '@tallystick/settlement'
import { guardDraft } from './guard-draft.js'
import { MempoolScene, WIDE } from './mempool-scene.js'
import {
  challengeDraft,
  closeOperation,
  forceCloseDraft,
  lane,
  lastLink,
  openChannel,
} from './test-channel.js'
import { ALICE, BOB, CAROL, type Draft, HUB, keyLockOf, openOperation } from './test-ledger.js'

/** As much as a transaction carries along to weigh more than it pays for. */
const BLOAT = new Uint8Array(256)

/** A channel of Alice and the hub; Alice is honest, the hub attacks together with Carol. */
class Dispute extends MempoolScene {
  constructor(bounds = WIDE) {
    super(bounds)
    openChannel(this.ledger, { client: 1_000n, hub: 500n }, { exitReserve: amount(400n) })
  }

  draft(draft: Draft): Candidate {
    return this.candidate(this.ledger.sign(draft))
  }

  /** The hub closes with a lane that it had gone beyond. */
  closeByHub(): this {
    this.ledger.do(forceCloseDraft(this.ledger, 0, 'hub', lane(1, 0n), undefined))
    return this
  }

  /** Alice shows the hub's version `version`, and burns all but `change` of her coin. */
  challenge(version = 2, change = 9_990n): Candidate {
    const draft = challengeDraft(this.ledger, 0, 'client', lane(version, 100n))
    return this.draft({ ...draft, outputs: this.#change(change) })
  }

  /** Carol, whom Alice trusts, shows what the hub has signed for her; she burns half a coin for it. */
  challengeByGuard(version: number): Candidate {
    const draft = guardDraft(this.ledger, 0, CAROL, { proof: lane(version, 0n) })
    return this.draft({ ...draft, outputs: this.#change(5_000n) })
  }

  forceClose(by: 'client' | 'hub', change: bigint, memo = new Uint8Array()): Candidate {
    const draft = forceCloseDraft(this.ledger, 0, by, lane(1, 0n), undefined)
    return this.draft({ ...draft, outputs: this.#change(change), memo })
  }

  /** The hub touches the closing channel, for a fee of `fee` and no more. */
  payFeeByHub(fee: bigint, memo = BLOAT): Candidate {
    return this.draft({
      ...{ spends: [this.ledger.coin(HUB)], signers: [HUB], memo },
      operations: [{ kind: 'payFee', channel: 0, role: 'hub', amount: amount(1n) }],
      outputs: this.#change(10_001n - fee),
    })
  }

  #change(value: bigint) {
    return [{ asset: 0, amount: amount(value), lock: keyLockOf(ALICE.publicKey) }]
  }
}

describe('nobody can keep a dispute out:', () => {
  test('MEM-5 flood: a challenge enters a mempool full of dearer payments, and goes into the next block', async () => {
    const scene = new Dispute({ ...WIDE, transactions: 16 }).closeByHub()
    for (const owner of [BOB, CAROL]) {
      for (let i = 0; i < 8; i++) {
        const flood = scene.payment(scene.ledger.coin(owner), owner, 1_000n)
        assert.equal(scene.admit(flood), 'admitted')
      }
    }
    assert.equal(scene.admit(scene.paying(100n)), 'mempool_full')
    const challenge = scene.challenge()
    assert.equal(scene.admit(challenge), 'admitted')
    assert.equal(scene.mempool.size, 16)
    await scene.sync()
    const small = { transactions: 1_000, bytes: 1_000_000, cost: 6_000 }
    assert.deepEqual(scene.candidates(small)[0], challenge.checks.id)
    assert.ok(scene.block(small).included.includes(challenge.checks.id))
  })

  test('MEM-5 flood: dearer disputes of other channels are outbid by whoever pays more', () => {
    const scene = new Dispute({ ...WIDE, transactions: 4 }).closeByHub()
    for (let i = 0; i < 4; i++) assert.equal(scene.admit(scene.payFeeByHub(20n)), 'admitted')
    assert.equal(scene.admit(scene.challenge(2, 9_999n)), 'mempool_full')
    assert.equal(scene.admit(scene.challenge(2, 9_000n)), 'admitted')
    assert.equal(scene.mempool.size, 4)
  })

  test('MEM-2 dilution: the challenge does not wait behind cheap bulk that touches the channel', async () => {
    const scene = new Dispute().closeByHub()
    const bulk = scene.payFeeByHub(2n)
    assert.equal(scene.admit(bulk), 'admitted')
    const challenge = scene.challenge()
    assert.equal(scene.admit(challenge), 'admitted')
    await scene.sync()
    assert.deepEqual(scene.candidates(), [challenge.checks.id, bulk.checks.id])
    // The challenge penalizes the hub, which has no more to pay fees with.
    const { included, refused } = scene.block()
    assert.deepEqual(included, [challenge.checks.id])
    assert.equal(refused[0]?.rejection.code, 'fee_above_payout')
  })

  test('MEM-3 DSP-11 guards: a bribed one’s dearer challenges keep out neither the owner’s nor the penalty', async () => {
    const scene = new Dispute().closeByHub()
    for (const version of [900, 901]) {
      const bribed = scene.challengeByGuard(version)
      assert.equal(scene.admit(bribed), 'admitted')
    }
    const challenge = scene.challenge()
    assert.equal(scene.admit(challenge), 'admitted')
    await scene.sync()
    assert.ok(scene.block().included.includes(challenge.checks.id))
    const { status } = scene.ledger.channel(0)
    assert.ok(status.kind === 'closing' && status.challenged && status.penalized)
  })

  test('MEM-4 crowding: the places on a channel go to who pays more, or has a deadline', () => {
    const scene = new Dispute()
    const deposits = Array.from({ length: 16 }, () =>
      scene.draft({
        ...{ spends: [scene.ledger.coin(HUB)], signers: [HUB] },
        operations: [{ kind: 'deposit', channel: 0, role: 'hub', amount: amount(1n) }],
      }),
    )
    for (const deposit of deposits) assert.equal(scene.admit(deposit), 'admitted')
    const another = scene.draft({
      ...{ spends: [scene.ledger.coin(HUB)], signers: [HUB] },
      operations: [{ kind: 'deposit', channel: 0, role: 'hub', amount: amount(9_000n) }],
    })
    assert.equal(scene.admit(another), 'too_many_dependents')
    assert.equal(scene.admit(scene.forceClose('client', 9_990n)), 'admitted')
    assert.equal(scene.mempool.size, 16)
  })

  test('MEM-4 a crowd: hundreds of cheap reveals of lower links keep nobody out who bids more', () => {
    const scene = new Dispute()
    const [anchors, each] = [17, 16]
    const outputs = Array.from({ length: anchors * each }, () => {
      return { asset: 0, amount: amount(20n), lock: keyLockOf(HUB.publicKey) }
    })
    const split = scene.draft({ spends: [scene.ledger.coin(HUB)], signers: [HUB], outputs })
    scene.ledger.apply(split.transaction)
    const linkOf = (anchor: number, index: number) => {
      return { index, link: earlierLink(lastLink(anchor), each + 1 - index) }
    }
    for (let at = 0; at < anchors * each; at++) {
      const cheap = scene.draft({
        ...{
          spends: [
            { outpoint: { txId: split.checks.id, index: at }, lock: keyLock(HUB.publicKey) },
          ],
          signers: [HUB],
        },
        reveals: [linkOf(at % anchors, 1 + Math.floor(at / anchors))],
      })
      assert.equal(scene.admit(cheap), 'admitted')
    }
    const newest = (change: bigint) =>
      scene.draft({
        ...{ spends: [scene.ledger.coin(ALICE)], signers: [ALICE] },
        reveals: Array.from({ length: anchors }, (_, anchor) => linkOf(anchor, each + 1)),
        outputs: [{ asset: 0, amount: amount(change), lock: keyLockOf(ALICE.publicKey) }],
      })
    assert.equal(scene.admit(newest(9_980n)), 'too_many_dependents')
    assert.equal(scene.admit(newest(5_000n)), 'admitted')
  })

  test('MEM-3 rule 3: what hangs behind a rival makes it no dearer to replace', () => {
    const scene = new Dispute()
    const spend = scene.ledger.coin(CAROL)
    const rival = scene.payment(spend, CAROL, 9_990n)
    assert.equal(scene.admit(rival), 'admitted')
    // One chain behind it, whose fees are far above all that the honest side bids.
    let [last, value] = [rival, 9_990n]
    for (let i = 0; i < 24; i++) {
      value -= 300n
      last = scene.payment(scene.outputOf(last), BOB, value)
      assert.equal(scene.admit(last), 'admitted')
    }
    assert.equal(scene.admit(scene.payment(spend, CAROL, 9_980n)), 'admitted')
    assert.equal(scene.mempool.size, 1)
  })

  test('MEM-3 a force close replaces the cheap one that the other side has sent to be slow', async () => {
    const scene = new Dispute()
    const slow = scene.forceClose('hub', 9_999n)
    assert.equal(scene.admit(slow), 'admitted')
    assert.equal(scene.admit(scene.forceClose('client', 9_999n)), 'replacement_fee_too_low')
    const honest = scene.forceClose('client', 9_990n)
    assert.equal(scene.admit(honest), 'admitted')
    assert.equal(scene.waits(slow), false)
    await scene.sync()
    assert.deepEqual(scene.block().included, [honest.checks.id])
  })

  test('MEM-3 nothing without a deadline replaces a force close, whatever it pays', () => {
    const scene = new Dispute()
    const forced = scene.forceClose('client', 9_999n)
    assert.equal(scene.admit(forced), 'admitted')
    const agreed = scene.draft({
      ...{ spends: [scene.ledger.coin(HUB)], signers: [HUB] },
      operations: [closeOperation(scene.ledger, 0, { clientPayout: 0n })],
    })
    assert.equal(scene.admit(agreed), 'channel_closing')
    assert.ok(scene.waits(forced))
  })

  test('MEM-3 an older proof that pays more goes in front of the newer, and does not push it out', async () => {
    const scene = new Dispute().closeByHub()
    const newer = scene.challenge(3, 9_900n)
    assert.equal(scene.admit(newer), 'admitted')
    assert.equal(scene.admit(scene.challenge(2, 9_990n)), 'replacement_fee_too_low')
    const older = scene.challenge(2, 5_000n)
    assert.equal(scene.admit(older), 'admitted')
    assert.ok(scene.waits(newer))
    await scene.sync()
    assert.deepEqual(scene.block().included, [older.checks.id, newer.checks.id])
  })

  test('MEM-3 a reveal that somebody else has sent to be slow is revealed by who pays more', async () => {
    const scene = new Dispute()
    const reveal = (change: bigint, memo: Uint8Array) =>
      scene.draft({
        ...{ spends: [scene.ledger.coin(CAROL)], signers: [CAROL], memo },
        reveals: [{ index: 1, link: lastLink(1) }],
        outputs: [{ asset: 0, amount: amount(change), lock: keyLockOf(BOB.publicKey) }],
      })
    const bare = scene.draft({ reveals: [{ index: 1, link: lastLink(1) }] })
    assert.equal(scene.admit(bare), 'fee_too_low')
    const slow = reveal(9_999n, BLOAT)
    const quick = reveal(9_990n, new Uint8Array())
    assert.equal(scene.admit(slow), 'admitted')
    assert.equal(scene.admit(quick), 'admitted')
    await scene.sync()
    const [first] = scene.candidates({ transactions: 8, bytes: 10_000, cost: BLOCK_COST_MAX })
    assert.equal(first, quick.checks.id)
  })

  test('MEM-4 a channel that waits to be opened has no number that others could name', () => {
    const scene = new Dispute()
    const open = scene.draft({
      ...{ spends: [scene.ledger.coin(CAROL)], signers: [CAROL] },
      operations: [openOperation({ client: 5_000n, hub: 0n })],
    })
    assert.equal(scene.admit(open), 'admitted')
    const deposit = scene.draft({
      ...{ spends: [scene.ledger.coin(BOB)], signers: [BOB] },
      operations: [{ kind: 'deposit', channel: 1, role: 'hub', amount: amount(1n) }],
    })
    assert.equal(scene.admit(deposit), 'channel_missing')
  })
})
