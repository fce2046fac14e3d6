import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  blockDigest,
  blockId,
  encode,
  isRejection,
  keyLock,
  type Output,
  type Signer,
  type Transaction,
  timestamp,
  transactionCodec,
  transactionRoot,
} from '@tallystick/protocol'
import {
  applyBlock,
  fillBlock,
  StateOverlay,
  type StateWrite,
  TransactionChecks,
} from '@tallystick/settlement'
import fc from 'fast-check'
import { checkProperty } from './check-property.js'
import { advanceTree, EMPTY_TREE, treeRoot } from './reference-tree.js'
import { tipOf } from './test-block.js'
import {
  ALICE,
  BOB,
  CAROL,
  keyLockOf,
  type Spend,
  START,
  TestLedger,
  VALIDATOR,
} from './test-ledger.js'

const OWNERS: readonly Signer[] = [ALICE, BOB, CAROL]

/** What a random payment does; `spend` and `to` are taken modulo what there is. */
type Step = {
  readonly spend: readonly number[]
  readonly to: readonly { readonly owner: number; readonly share: number }[]
  readonly excess: bigint
  readonly withoutSigner: boolean
}
const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  spend: fc.array(fc.nat(1_000), { minLength: 1, maxLength: 3 }),
  to: fc.array(fc.record({ owner: fc.nat(2), share: fc.nat(100) }), { maxLength: 3 }),
  excess: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0n) },
    { weight: 1, arbitrary: fc.bigInt(1n, 9n) },
  ),
  withoutSigner: fc.nat(5).map((die) => die === 0),
})

type Wallet = { spend: Spend; owner: Signer; value: bigint }[]

function firstCoins(ledger: TestLedger): Wallet {
  return OWNERS.flatMap((owner) =>
    [0, 1].map(() => ({ spend: ledger.coin(owner), owner, value: 10_000n })),
  )
}

/** The transaction of a step over coins that were seen so far, spent ones among them. */
function transactionOf(ledger: TestLedger, seen: Wallet, step: Step, memo: number): Transaction {
  const coins = step.spend.map((pick) => seen[pick % seen.length] ?? assert.fail())
  const sum =
    new Set(coins).size === coins.length ? coins.reduce((all, { value }) => all + value, 0n) : 0n
  const shares = step.to.reduce((all, { share }) => all + BigInt(share), 0n) || 1n
  const outputs = step.to.map(({ owner, share }): Output => {
    const value = ((sum - 10n) * BigInt(share)) / shares
    const lock = keyLockOf((OWNERS[owner] ?? ALICE).publicKey)
    return { asset: 0, amount: amount((value > 0n ? value : 0n) + step.excess * 3n), lock }
  })
  const signers = [...new Set(coins.map(({ owner }) => owner))]
  return ledger.sign({
    ...{ spends: coins.map(({ spend }) => spend), outputs },
    signers: step.withoutSigner ? signers.slice(1) : signers,
    memo: Uint8Array.of(memo),
  })
}

/** Everything that a transaction creates, to be spent by later ones. */
function created(ledger: TestLedger, transaction: Transaction): Wallet {
  const { id } = new TransactionChecks(ledger.chainId, transaction)
  return transaction.body.outputs.map(({ amount: value, lock }, index) => {
    const owner = OWNERS.find(({ publicKey }) => keyLockOf(publicKey) === lock) ?? ALICE
    return {
      spend: { outpoint: { txId: id, index }, lock: keyLock(owner.publicKey) },
      owner,
      value,
    }
  })
}

function supply(ledger: TestLedger, seen: Wallet): bigint {
  const coins = seen.reduce((sum, { spend }) => sum + (ledger.coinAmount(spend.outpoint) ?? 0n), 0n)
  return coins + (ledger.burnt(0) ?? 0n)
}

describe('random payments, good and bad, in chains:', () => {
  test('INV-1 value is conserved, INV-35 no coin is spent twice, INV-37 a refusal changes nothing', (context) => {
    let accepted = 0
    const property = fc.property(fc.array(stepArbitrary, { maxLength: 12 }), (steps) => {
      const ledger = new TestLedger()
      const seen = firstCoins(ledger)
      const spent = new Set<string>()
      for (const [memo, step] of steps.entries()) {
        const transaction = transactionOf(ledger, seen, step, memo)
        const before = treeRoot(advanceTree(EMPTY_TREE, ledger.state.writes()))
        if (isRejection(ledger.judge(transaction))) {
          const after = treeRoot(advanceTree(EMPTY_TREE, ledger.state.writes()))
          assert.deepEqual(after, before)
          continue
        }
        accepted++
        ledger.apply(transaction)
        seen.push(...created(ledger, transaction))
        for (const { txId, index } of transaction.body.inputs) {
          assert.ok(!spent.has(`${txId}:${index}`), 'a coin is spent once')
          spent.add(`${txId}:${index}`)
        }
        assert.equal(supply(ledger, seen), 60_000n)
      }
      assert.deepEqual(
        treeRoot(ledger.tree),
        treeRoot(advanceTree(EMPTY_TREE, ledger.state.writes())),
      )
    })
    checkProperty(context, property, 100)
    assert.ok(accepted > 50, `only ${accepted} transactions were good: the property tries nothing`)
  })

  test('INV-34 the root is of the set of entries, whatever the order and the batches of writes', (context) => {
    const property = fc.property(
      fc.array(stepArbitrary, { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat(1_000), { minLength: 40, maxLength: 40 }),
      fc.integer({ min: 1, max: 7 }),
      (steps, ranks, batch) => {
        const ledger = new TestLedger()
        const seen = firstCoins(ledger)
        for (const [memo, step] of steps.entries()) {
          const transaction = transactionOf(ledger, seen, step, memo)
          if (isRejection(ledger.judge(transaction))) continue
          ledger.apply(transaction)
          seen.push(...created(ledger, transaction))
        }
        const ranked = ledger.state
          .writes()
          .map((write, i) => ({ write, rank: ranks[i % 40] ?? 0 }))
        const shuffled = ranked.sort((a, b) => a.rank - b.rank).map(({ write }) => write)
        let tree = EMPTY_TREE
        for (let from = 0; from < shuffled.length; from += batch) {
          tree = advanceTree(tree, shuffled.slice(from, from + batch))
        }
        assert.deepEqual(treeRoot(tree), treeRoot(ledger.tree))
      },
    )
    checkProperty(context, property, 60)
  })

  test('INV-33 what fills a block is what every other node accepts, and nothing good is left out', (context) => {
    const property = fc.property(fc.array(stepArbitrary, { maxLength: 10 }), (steps) => {
      const ledger = new TestLedger()
      const seen = firstCoins(ledger)
      const candidates = steps.map((step, memo) => {
        const transaction = transactionOf(ledger, seen, step, memo)
        seen.push(...created(ledger, transaction))
        const encoded = encode(transactionCodec, transaction)
        return { transaction, encoded, checks: new TransactionChecks(ledger.chainId, transaction) }
      })
      const context = { chainId: ledger.chainId, time: timestamp(START + 1), height: 1 }
      const filled = fillBlock(ledger.state, candidates, context, 1_000_000)
      assert.equal(filled.included.length + filled.refused.length, candidates.length)
      const transactions = filled.included.map(({ encoded }) => encoded)
      const header = {
        ...ledger.header,
        ...{ height: 1, time: context.time, parent: blockId(ledger.header) },
        transactionRoot: transactionRoot(transactions),
        stateRoot: treeRoot(advanceTree(ledger.tree, filled.writes)),
      }
      const certificate = [{ validator: 0, signature: VALIDATOR.sign(blockDigest(header)) }]
      const block = { header, certificate, transactions }
      const applied = applyBlock(tipOf(ledger), block, START + 1)
      assert.equal(applied.kind, 'appliedBlock')
    })
    checkProperty(context, property, 100)
  })
})

test('INV-38 a block is filled up to its bound of bytes, and the rest waits', () => {
  const ledger = new TestLedger()
  const candidates = Array.from({ length: 20 }, () => {
    const outputs = [{ asset: 0, amount: amount(9_990n), lock: keyLockOf(BOB.publicKey) }]
    const transaction = ledger.sign({ spends: [ledger.coin(ALICE)], outputs, signers: [ALICE] })
    const encoded = encode(transactionCodec, transaction)
    return { transaction, encoded, checks: new TransactionChecks(ledger.chainId, transaction) }
  })
  const [first] = candidates
  assert.ok(first !== undefined)
  const context = { chainId: ledger.chainId, time: START, height: 1 }
  const size = candidates.slice(0, 3).reduce((sum, { encoded }) => sum + encoded.length, 0)
  const filled = fillBlock(ledger.state, candidates, context, size)
  assert.equal(filled.included.length, 3)
  assert.equal(filled.refused.length, 0)
})

test('an overlay answers with the last write of each entry and leaves its base as it was', () => {
  const base = new TestLedger().state
  const overlay = new StateOverlay(base)
  const count = (value: number): StateWrite => {
    return { kind: 'channelCount', key: {}, value: { count: value } }
  }
  overlay.absorb([count(1), count(2)])
  assert.deepEqual(overlay.read('channelCount', {}), { count: 2 })
  assert.deepEqual(base.read('channelCount', {}), { count: 0 })
  assert.equal(overlay.writes().length, 1)
})
