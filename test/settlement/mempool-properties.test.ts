import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount, keyLock, type Signer } from '@tallystick/protocol'
import { fillBlock } from '@tallystick/settlement'
import fc from 'fast-check'
import { compareRates } from '#settlement/mempool/fee-rate.js'
import type { PendingTransaction } from '#settlement/mempool/pending-transaction.js'
import { checkAsyncProperty } from './check-property.js'
import { MempoolScene, WIDE } from './mempool-scene.js'
import { ALICE, BOB, genesisCoin, keyLockOf, type Spend } from './test-ledger.js'

const BOUNDS = { transactions: 8, bytes: 2_600, cost: 4_000 }

type Payment = { readonly fee: bigint; readonly bulk: number }
type Step =
  | ({ readonly kind: 'pay'; readonly coin: number } & Payment)
  | ({ readonly kind: 'payOn'; readonly parent: number } & Payment)
  | { readonly kind: 'block'; readonly transactions: number }

const rest = { fee: fc.bigInt(1n, 60n), bulk: fc.constantFrom(0, 0, 100, 256) }
const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('pay' as const), coin: fc.nat(7), ...rest }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('payOn' as const), parent: fc.nat(5), ...rest }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('block' as const), transactions: fc.nat(4) }),
  },
)

/** Plays steps on a small mempool; `check` is asked after each, when all is on disk. */
async function play(steps: readonly Step[], check: (scene: MempoolScene) => void): Promise<void> {
  const scene = new MempoolScene(BOUNDS)
  const outputs: { readonly spend: Spend; readonly value: bigint }[] = []
  const hand = (spend: Spend, owner: Signer, value: bigint, step: Payment, memo: number) => {
    const left = value - step.fee
    if (left <= 0n) return
    const draft = {
      ...{ spends: [spend], signers: [owner], memo: new Uint8Array(step.bulk).fill(memo) },
      outputs: [{ asset: 0, amount: amount(left), lock: keyLockOf(BOB.publicKey) }],
    }
    const paid = scene.candidate(scene.ledger.sign(draft))
    if (scene.admit(paid) === 'admitted') {
      outputs.push({ spend: scene.outputOf(paid), value: left })
    }
  }
  for (const [memo, step] of steps.entries()) {
    switch (step.kind) {
      case 'pay': {
        const outpoint = genesisCoin(scene.ledger.genesis, ALICE, step.coin)
        hand({ outpoint, lock: keyLock(ALICE.publicKey) }, ALICE, 10_000n, step, memo)
        break
      }
      case 'payOn': {
        const parent = outputs.at(-1 - step.parent)
        if (parent !== undefined) hand(parent.spend, BOB, parent.value, step, memo)
        break
      }
      case 'block':
        assert.deepEqual(scene.block({ ...WIDE, transactions: step.transactions }).refused, [])
        break
    }
    await scene.sync()
    check(scene)
  }
}

const run = (check: (scene: MempoolScene) => void) =>
  fc.asyncProperty(fc.array(stepArbitrary, { maxLength: 40 }), (steps) => play(steps, check))

test('MEM-5 INV-45 no sequence of transactions and blocks takes more than the bounds', async (context) => {
  const property = run(({ mempool }) => {
    const waiting = mempool.template(WIDE)
    assert.equal(waiting.length, mempool.size)
    const sum = (of: (pending: PendingTransaction) => number) =>
      waiting.reduce((total, pending) => total + of(pending), 0)
    assert.ok(waiting.length <= BOUNDS.transactions)
    assert.ok(sum(({ encoded }) => encoded.length) <= BOUNDS.bytes)
    assert.ok(sum(({ standing }) => standing.cost) <= BOUNDS.cost)
  })
  await checkAsyncProperty(context, property, 150)
})

test('MEM-5 whatever leaves strands no child: all that one builds on waits with it', async (context) => {
  const property = run(({ mempool }) => {
    for (const { standing } of mempool.template(WIDE)) {
      for (const { checks } of standing.ancestors) assert.ok(mempool.get(checks.id) !== undefined)
    }
  })
  await checkAsyncProperty(context, property, 150)
})

test('MEM-6 a template applies cleanly in its order, within its bounds, and never a child first', async (context) => {
  const property = run(({ mempool, ledger, context: at }) => {
    const bounds = { transactions: 5, bytes: 1_500, cost: 2_000 }
    const template = mempool.template(bounds)
    const filled = fillBlock(ledger.state, template, at, bounds.bytes)
    assert.deepEqual(filled.refused, [])
    assert.equal(filled.included.length, template.length)
    assert.ok(template.length <= bounds.transactions)
    assert.ok(template.reduce((sum, { standing }) => sum + standing.cost, 0) <= bounds.cost)
  })
  await checkAsyncProperty(context, property, 150)
})

test('MEM-6 without bounds, no transaction comes before one of a higher rate that needs none', async (context) => {
  const property = run(({ mempool }) => {
    const template = mempool.template(WIDE)
    for (const [at, later] of template.entries()) {
      if (later.standing.ancestors.length > 0) continue
      for (const earlier of template.slice(0, at)) {
        const isCarried = template.some(({ standing }) => standing.ancestors.includes(earlier))
        const rates = [later.standing.rate, earlier.standing.rate] as const
        assert.ok(isCarried || compareRates(...rates) <= 0)
      }
    }
  })
  await checkAsyncProperty(context, property, 150)
})
