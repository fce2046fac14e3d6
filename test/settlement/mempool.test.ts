import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Amount,
  encode,
  isRejection,
  keyLock,
  type Signer,
  timestamp,
  transactionCodec,
} from '@tallystick/protocol'
import { type Candidate, TransactionChecks } from '@tallystick/settlement'
import { Mempool } from '#settlement/node/mempool.js'
import { ALICE, BOB, keyLockOf, type Spend, START, TestLedger } from './test-ledger.js'

const BOUNDS = { transactionsMax: 3, bytesMax: 10_000 }

/** A ledger, a mempool over it, and promises of writing that the test keeps when it likes. */
class Scene {
  readonly ledger = new TestLedger()
  readonly kept: (() => void)[] = []
  readonly mempool: Mempool

  constructor(bounds = BOUNDS) {
    const keep = () => new Promise<void>((resolve) => this.kept.push(resolve))
    this.mempool = new Mempool(this.ledger.state, keep, bounds)
  }

  get context() {
    return this.ledger.context
  }

  payment(spend: Spend, owner: Signer, value: bigint, memo = 0, validUntil?: number): Candidate {
    const outputs = [{ asset: 0, amount: value as Amount, lock: keyLockOf(BOB.publicKey) }]
    const transaction = this.ledger.sign({
      ...{ spends: [spend], outputs, signers: [owner], memo: Uint8Array.of(memo) },
      ...(validUntil !== undefined && { validUntil }),
    })
    return {
      transaction,
      encoded: encode(transactionCodec, transaction),
      checks: new TransactionChecks(this.ledger.chainId, transaction),
    }
  }

  admit(candidate: Candidate): string {
    const admission = this.mempool.admit(candidate, this.context)
    return isRejection(admission) ? admission.code : admission.kind
  }

  /** The ids that a block would take. */
  candidates() {
    return [...this.mempool.candidates()].map(({ checks }) => checks.id)
  }

  /** Lets the writes asked for so far reach the disk. */
  async sync(): Promise<void> {
    for (const kept of this.kept.splice(0)) kept()
    await Promise.resolve()
  }
}

describe('the mempool', () => {
  test('takes what may follow what waits: one transaction spends what another creates', async () => {
    const scene = new Scene()
    const first = scene.payment(scene.ledger.coin(ALICE), ALICE, 9_990n)
    const spend = { outpoint: { txId: first.checks.id, index: 0 }, lock: keyLock(BOB.publicKey) }
    const second = scene.payment(spend, BOB, 9_980n)
    assert.equal(scene.admit(second), 'coin_missing')
    assert.equal(scene.admit(first), 'admitted')
    assert.equal(scene.admit(second), 'admitted')
    await scene.sync()
    assert.deepEqual(scene.candidates(), [first.checks.id, second.checks.id])
  })

  test('INV-35 refuses a second spender of a coin at once, and knows the first again', () => {
    const scene = new Scene()
    const spend = scene.ledger.coin(ALICE)
    const first = scene.payment(spend, ALICE, 9_990n)
    assert.equal(scene.admit(first), 'admitted')
    assert.equal(scene.admit(scene.payment(spend, ALICE, 9_980n)), 'coin_missing')
    assert.equal(scene.admit(first), 'known')
    assert.equal(scene.mempool.size, 1)
  })

  test('INV-41 offers to a block only what is on disk, which is always the oldest part', async () => {
    const scene = new Scene()
    const [a, b] = [1, 2].map(() => scene.payment(scene.ledger.coin(ALICE), ALICE, 9_990n))
    assert.ok(a !== undefined && b !== undefined)
    scene.admit(a)
    assert.deepEqual(scene.candidates(), [])
    assert.equal(scene.mempool.hasCandidates(), false)
    await scene.sync()
    scene.admit(b)
    assert.deepEqual(scene.candidates(), [a.checks.id])
    await scene.sync()
    assert.deepEqual(scene.candidates(), [a.checks.id, b.checks.id])
  })

  test('INV-45 is bounded in number and in bytes; what is full says so', () => {
    const scene = new Scene()
    const more = () => scene.payment(scene.ledger.coin(ALICE), ALICE, 9_990n)
    const held = [more(), more(), more()]
    for (const candidate of held) assert.equal(scene.admit(candidate), 'admitted')
    assert.equal(scene.admit(more()), 'mempool_full')
    const [first] = held
    assert.ok(first !== undefined)
    assert.equal(scene.admit(first), 'known')
    scene.mempool.settle([first.checks.id], [], 0)
    scene.mempool.rebase(scene.ledger.state, scene.context, 0)
    assert.equal(scene.admit(more()), 'admitted')

    const small = new Scene({ transactionsMax: 3, bytesMax: first.encoded.length })
    assert.equal(small.admit(first), 'admitted')
    small.ledger.coin(ALICE)
    const next = small.payment(small.ledger.coin(ALICE), ALICE, 9_990n)
    assert.equal(small.admit(next), 'mempool_full')
  })

  test('INV-37 a refusal leaves the accounting as it was', () => {
    const scene = new Scene()
    const good = scene.payment(scene.ledger.coin(ALICE), ALICE, 9_990n)
    for (let i = 0; i < 10; i++) {
      assert.equal(
        scene.admit(scene.payment(scene.ledger.coin(BOB), ALICE, 1n)),
        'missing_signature',
      )
    }
    assert.equal(scene.mempool.size, 0)
    assert.equal(scene.admit(good), 'admitted')
  })

  test('drops what a block has made invalid, and remembers why for a while', () => {
    const scene = new Scene()
    const spend = scene.ledger.coin(ALICE)
    const brief = scene.payment(scene.ledger.coin(ALICE), ALICE, 9_990n, 0, START + 5)
    const late = scene.payment(spend, ALICE, 9_990n)
    scene.admit(brief)
    scene.admit(late)
    scene.ledger.do({ spends: [spend], signers: [ALICE] })
    scene.ledger.time = timestamp(START + 6)
    const dropped = scene.mempool.rebase(scene.ledger.state, scene.context, 1_000)
    assert.deepEqual(dropped, [brief.checks.id, late.checks.id])
    assert.equal(scene.mempool.rejectionOf(brief.checks.id)?.code, 'no_longer_valid')
    assert.equal(scene.mempool.rejectionOf(late.checks.id)?.code, 'coin_missing')
    assert.equal(scene.mempool.size, 0)
    // Another rejection, eleven minutes later, sweeps out the old ones.
    const other = scene.payment(scene.ledger.coin(ALICE), ALICE, 9_990n)
    const rejection = scene.mempool.rejectionOf(late.checks.id)
    assert.ok(rejection !== undefined)
    scene.mempool.settle([], [{ id: other.checks.id, rejection }], 661_000)
    assert.equal(scene.mempool.rejectionOf(late.checks.id), undefined)
    assert.equal(scene.mempool.rejectionOf(other.checks.id)?.code, 'coin_missing')
  })

  test('PAR-1 what does not pay by the fee rates of the next block is dropped', () => {
    const scene = new Scene()
    const cheap = scene.payment(scene.ledger.coin(ALICE), ALICE, 9_990n)
    const dear = scene.payment(scene.ledger.coin(ALICE), ALICE, 9_000n)
    assert.deepEqual([scene.admit(cheap), scene.admit(dear)], ['admitted', 'admitted'])
    const feeRates = [{ asset: 0, feePerKiloCost: 1_000 }]
    const parameters = { ...scene.ledger.genesis.parameters, revision: 1, feeRates }
    scene.ledger.state.write('parametersChange', {}, { activationHeight: 20, parameters })
    scene.ledger.height = 19
    assert.deepEqual(scene.mempool.rebase(scene.ledger.state, scene.context, 0), [])
    scene.ledger.height = 20
    const dropped = scene.mempool.rebase(scene.ledger.state, scene.context, 0)
    assert.deepEqual(dropped, [cheap.checks.id])
    assert.equal(scene.mempool.rejectionOf(cheap.checks.id)?.code, 'fee_too_low')
  })

  test('forgets a rejection when the transaction has become good again', () => {
    const scene = new Scene()
    const waiting = scene.payment(scene.ledger.coin(ALICE), ALICE, 9_990n)
    const rejection = { kind: 'rejection', code: 'not_yet_valid', detail: '' } as const
    scene.mempool.settle([], [{ id: waiting.checks.id, rejection }], 0)
    assert.equal(scene.mempool.rejectionOf(waiting.checks.id)?.code, 'not_yet_valid')
    assert.equal(scene.admit(waiting), 'admitted')
    assert.equal(scene.mempool.rejectionOf(waiting.checks.id), undefined)
  })
})
