import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type TxId, timestamp } from '@tallystick/protocol'
import type { TransactionRejection } from '@tallystick/settlement'
import { problemDetails } from '#settlement/api/problem.js'
import { MempoolScene as Scene, WIDE } from './mempool-scene.js'
import { ALICE, BOB, START } from './test-ledger.js'

const SMALL = { ...WIDE, transactions: 3 }
const FOURTEEN_DAYS_MS = 1_209_600_000

/** A block that could not take a transaction. */
function refuse(scene: Scene, id: TxId, rejection: TransactionRejection, nowMs: number): void {
  const block = { included: [], refused: [{ id, rejection }], writes: [] }
  scene.mempool.advance(scene.ledger.state, block, scene.context, nowMs)
}

describe('the mempool', () => {
  test('takes what may follow what waits: one transaction spends what another creates', async () => {
    const scene = new Scene()
    const first = scene.payment(scene.ledger.coin(ALICE), ALICE, 9_990n)
    const second = scene.payment(scene.outputOf(first), BOB, 9_980n)
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
    assert.equal(scene.admit(scene.payment(spend, ALICE, 9_990n, 1)), 'replacement_fee_too_low')
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
    const scene = new Scene(SMALL)
    const more = () => scene.payment(scene.ledger.coin(ALICE), ALICE, 9_990n)
    const held = [more(), more(), more()]
    for (const candidate of held) assert.equal(scene.admit(candidate), 'admitted')
    assert.equal(scene.admit(more()), 'mempool_full')
    const [first] = held
    assert.ok(first !== undefined)
    assert.equal(scene.admit(first), 'known')
    const block = { included: [first.checks.id], refused: [], writes: [] }
    scene.mempool.advance(scene.ledger.state, block, scene.context, 0)
    assert.equal(scene.admit(more()), 'admitted')

    const small = new Scene({ ...WIDE, bytes: first.encoded.length })
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

  test('MEM-7 drops what a block has made invalid, and remembers why for a while', async () => {
    const scene = new Scene()
    const spend = scene.ledger.coin(ALICE)
    const brief = scene.payment(scene.ledger.coin(ALICE), ALICE, 9_990n, 0, START + 5)
    const late = scene.payment(spend, ALICE, 9_990n)
    scene.admit(brief)
    scene.admit(late)
    await scene.sync()
    const { writes } = scene.ledger.do({ spends: [spend], signers: [ALICE] })
    scene.ledger.time = timestamp(START + 6)
    const block = { included: [], refused: [], writes }
    scene.mempool.advance(scene.ledger.state, block, scene.context, 1_000)
    assert.deepEqual(scene.mempool.takeGone(), [brief.checks.id, late.checks.id])
    assert.deepEqual(scene.mempool.takeGone(), [])
    assert.equal(scene.mempool.rejectionOf(brief.checks.id)?.code, 'no_longer_valid')
    assert.equal(scene.mempool.rejectionOf(late.checks.id)?.code, 'coin_missing')
    assert.equal(scene.mempool.size, 0)
    // Another rejection, eleven minutes later, sweeps out the old ones.
    const other = scene.payment(scene.ledger.coin(ALICE), ALICE, 9_990n)
    const rejection = { kind: 'rejection', code: 'coin_missing', detail: '' } as const
    refuse(scene, other.checks.id, rejection, 661_000)
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
    const block = { included: [], refused: [], writes: [] }
    scene.mempool.advance(scene.ledger.state, block, scene.context, 0)
    assert.equal(scene.mempool.size, 2)
    scene.ledger.height = 20
    scene.mempool.advance(scene.ledger.state, block, scene.context, 0)
    assert.equal(scene.mempool.size, 1)
    assert.equal(scene.mempool.rejectionOf(cheap.checks.id)?.code, 'fee_too_low')
  })

  test('forgets a rejection when the transaction has become good again', () => {
    const scene = new Scene()
    const waiting = scene.payment(scene.ledger.coin(ALICE), ALICE, 9_990n)
    const rejection = { kind: 'rejection', code: 'not_yet_valid', detail: '' } as const
    refuse(scene, waiting.checks.id, rejection, 0)
    assert.equal(scene.mempool.rejectionOf(waiting.checks.id)?.code, 'not_yet_valid')
    assert.equal(scene.admit(waiting), 'admitted')
    assert.equal(scene.mempool.rejectionOf(waiting.checks.id), undefined)
  })

  test('MEM-7 lets go of what has waited for fourteen days, by its own clock', async () => {
    const scene = new Scene()
    const old = scene.paying(10n)
    scene.admit(old)
    await scene.sync()
    const block = { included: [], refused: [], writes: [] }
    scene.mempool.advance(scene.ledger.state, block, scene.context, FOURTEEN_DAYS_MS)
    assert.ok(scene.waits(old))
    scene.mempool.advance(scene.ledger.state, block, scene.context, FOURTEEN_DAYS_MS + 1)
    assert.equal(scene.mempool.rejectionOf(old.checks.id)?.code, 'expired')
    assert.deepEqual(scene.mempool.takeGone(), [old.checks.id])
  })

  test('MEM-6 a block takes the highest fee rate first, and of equal ones the oldest', async () => {
    const scene = new Scene()
    const [low, high, second, middle] = [10n, 1_000n, 1_000n, 100n].map((fee) => scene.paying(fee))
    assert.ok(low !== undefined && high !== undefined)
    assert.ok(second !== undefined && middle !== undefined)
    for (const each of [low, high, second, middle]) assert.equal(scene.admit(each), 'admitted')
    await scene.sync()
    const due = [high, second, middle, low].map(({ checks }) => checks.id)
    assert.deepEqual(scene.candidates(), due)
    assert.deepEqual(scene.candidates({ ...WIDE, transactions: 2 }), due.slice(0, 2))
  })

  test('MEM-6 a child pays for its parent: together they go before what pays less', async () => {
    const scene = new Scene()
    const parent = scene.paying(1n)
    const child = scene.payment(scene.outputOf(parent), BOB, 8_999n)
    const other = scene.paying(100n)
    for (const each of [parent, other, child]) assert.equal(scene.admit(each), 'admitted')
    await scene.sync()
    const due = [parent, child, other].map(({ checks }) => checks.id)
    assert.deepEqual(scene.candidates(), due)
  })

  test('MEM-6 a poor child of a rich parent is not carried in front by it', async () => {
    const scene = new Scene()
    const parent = scene.paying(1_000n)
    const child = scene.payment(scene.outputOf(parent), BOB, 8_999n)
    const other = scene.paying(100n)
    for (const each of [parent, child, other]) assert.equal(scene.admit(each), 'admitted')
    await scene.sync()
    const due = [parent, other, child].map(({ checks }) => checks.id)
    assert.deepEqual(scene.candidates(), due)
  })

  test('MEM-5 when full, the lowest rate goes with its descendants, and the least rate is told', () => {
    const scene = new Scene(SMALL)
    assert.equal(scene.mempool.leastFeeRatePpm, 1_000_000n)
    const [a, b, c] = [10n, 100n, 100n].map((fee) => scene.paying(fee))
    assert.ok(a !== undefined && b !== undefined && c !== undefined)
    for (const each of [a, b, c]) assert.equal(scene.admit(each), 'admitted')
    assert.ok(scene.mempool.leastFeeRatePpm > 1_000_000n)
    assert.equal(scene.admit(scene.paying(10n)), 'mempool_full')
    assert.equal(scene.admit(scene.paying(50n)), 'admitted')
    assert.equal(scene.waits(a), false)
    assert.equal(scene.mempool.rejectionOf(a.checks.id)?.code, 'evicted')
    assert.equal(scene.mempool.size, 3)
  })

  test('MEM-3 a second spender with eleven tenths of the rate replaces the first and its children', async () => {
    const scene = new Scene()
    const spend = scene.ledger.coin(ALICE)
    const first = scene.payment(spend, ALICE, 9_900n)
    const child = scene.payment(scene.outputOf(first), BOB, 1_000n)
    scene.admit(first)
    scene.admit(child)
    assert.equal(scene.admit(scene.payment(spend, ALICE, 9_891n)), 'replacement_fee_too_low')
    const better = scene.payment(spend, ALICE, 9_890n)
    assert.equal(scene.admit(better), 'admitted')
    assert.deepEqual([scene.waits(first), scene.waits(child)], [false, false])
    for (const { checks } of [first, child]) {
      assert.equal(scene.mempool.rejectionOf(checks.id)?.code, 'replaced')
    }
    assert.deepEqual(scene.mempool.takeGone(), [], 'their rows are not on disk yet')
    await scene.sync()
    assert.deepEqual(new Set(scene.mempool.takeGone()), new Set([first.checks.id, child.checks.id]))
    assert.deepEqual(scene.block().included, [better.checks.id])
  })

  test('MEM-4 a chain of more than 24 that wait is refused', () => {
    const scene = new Scene()
    let last = scene.payment(scene.ledger.coin(ALICE), ALICE, 9_999n)
    let value = 9_999n
    for (let i = 0; i <= 24; i++) {
      assert.equal(scene.admit(last), 'admitted')
      last = scene.payment(scene.outputOf(last), BOB, --value)
    }
    assert.equal(scene.admit(last), 'too_many_dependents')
  })

  test('API-6 MEM-3 MEM-4 a refusal by policy says that the same transaction may be taken later', () => {
    for (const code of ['replacement_fee_too_low', 'too_many_dependents'] as const) {
      const { status, retryable } = problemDetails({ code, detail: '' }, 'req_1')
      assert.deepEqual([status, retryable], [422, true])
    }
    const { status, retryable } = problemDetails({ code: 'mempool_full', detail: '' }, 'req_1')
    assert.deepEqual([status, retryable], [503, true])
  })
})
