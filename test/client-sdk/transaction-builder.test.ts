import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  type Coin,
  encode,
  feeFor,
  INPUTS_MAX,
  isRejection,
  keyLock,
  type Lock,
  lockRoot,
  type Outpoint,
  type Output,
  type Signer,
  TIMESTAMP_MAX,
  type TxId,
  timestamp,
  transactionCodec,
  transactionCost,
} from '@tallystick/protocol'
import fc from 'fast-check'
import type { OwnedCoin } from '#client-sdk/ledger/coin-selection.js'
import { largestAmount, smallestAmount } from '#client-sdk/ledger/exact-amount.js'
import { finalizeTransaction } from '#client-sdk/ledger/finalize-transaction.js'
import { buildTransaction, type TransactionPlan } from '#client-sdk/ledger/transaction-builder.js'
import { LedgerWorld, START, testGenesis, testSigner } from './ledger-world.js'

const alice = testSigner(1)
const bob = testSigner(2)
const carol = testSigner(3)
const twoOfThree: Lock = [
  [{ kind: 'after', time: TIMESTAMP_MAX }],
  [
    {
      kind: 'multi',
      threshold: 2,
      publicKeys: [alice, bob, carol].map(({ publicKey }) => publicKey).sort(),
    },
  ],
]
const LOCKS: readonly {
  readonly lock: Lock
  readonly alternative: number
  readonly signers: readonly Signer[]
}[] = [
  { lock: keyLock(alice.publicKey), alternative: 0, signers: [alice] },
  { lock: keyLock(bob.publicKey), alternative: 0, signers: [bob] },
  { lock: twoOfThree, alternative: 1, signers: [alice, carol] },
]
const changeLock = lockRoot(keyLock(alice.publicKey))
const OUTPUT_BYTES = 35

/** A ledger with exactly these coins. */
function worldOf(
  coins: readonly { readonly asset: number; readonly value: bigint; readonly lock: number }[],
  feeRates: readonly number[],
): { readonly world: LedgerWorld; readonly owned: readonly OwnedCoin[] } {
  const genesis = testGenesis(alice, feeRates, [])
  const lockOf = (i: number) => LOCKS[i] ?? assert.fail('a known lock')
  const allocations = coins.map(({ asset, value, lock }) => {
    return { asset, amount: amount(value), lock: lockRoot(lockOf(lock).lock) }
  })
  const world = new LedgerWorld({ ...genesis, allocations })
  const owned = coins.map(({ lock }, index) => {
    const outpoint: Outpoint = { txId: world.chainId as string as TxId, index }
    const coin: Coin = world.state.read('coin', outpoint) ?? assert.fail('an allocation is a coin')
    return { outpoint, coin, ...lockOf(lock) }
  })
  return { world, owned }
}

function planOf(
  world: LedgerWorld,
  coins: readonly OwnedCoin[],
  outputs: readonly Output[],
  feePerKiloCost: number,
): TransactionPlan {
  return {
    chainId: world.chainId,
    coins,
    outputs,
    operations: [],
    channels: [],
    signers: [],
    fee: { asset: 0, feePerKiloCost },
    changeLock,
    validFrom: timestamp(0),
    validUntil: TIMESTAMP_MAX,
  }
}

function outputOf(value: bigint, asset = 0): Output {
  return { asset, amount: amount(value), lock: lockRoot(keyLock(bob.publicKey)) }
}

const valueArbitrary = fc.oneof(
  fc.bigInt(1n, 400n),
  fc.bigInt(1n, 100_000n),
  fc.bigInt(1n, 2n ** 57n),
  fc.constantFrom(127n, 128n, 129n, 16_383n, 16_384n, 16_385n, 2_097_151n, 2_097_152n),
)
const coinArbitrary = fc.record({
  asset: fc.constantFrom(0, 0, 0, 1),
  value: valueArbitrary,
  lock: fc.nat(LOCKS.length - 1),
})
const planArbitrary = fc.record({
  coins: fc.array(coinArbitrary, { maxLength: 12 }),
  outputs: fc.array(fc.record({ asset: fc.constantFrom(0, 0, 1), value: valueArbitrary }), {
    maxLength: 4,
  }),
  rate: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20_000 })),
})

describe('amounts and the fee for stating them', () => {
  const bytesOf = (value: bigint) => {
    let bytes = 1n
    for (let rest = value >> 7n; rest > 0n; rest >>= 7n) bytes++
    return bytes
  }
  const priceArbitrary = fc.record({ base: fc.bigInt(0n, 500n), byte: fc.bigInt(0n, 200n) })
  const nearEdge = fc.oneof(fc.bigInt(0n, 700n), fc.bigInt(16_000n, 17_500n))

  test('the change is the largest that leaves its fee', () => {
    fc.assert(
      fc.property(priceArbitrary, nearEdge, ({ base, byte }, rest) => {
        const fee = (value: bigint) => base + byte * bytesOf(value)
        let best = 0n
        for (let value = 1n; value <= rest; value++) if (value + fee(value) <= rest) best = value
        assert.equal(largestAmount(rest, fee), best)
      }),
    )
  })

  test('the fee operation states the smallest amount that pays for itself', () => {
    fc.assert(
      fc.property(priceArbitrary, nearEdge, ({ byte }, base) => {
        const fee = (value: bigint) => base + byte * bytesOf(value)
        let best = 1n
        while (best < fee(best)) best++
        assert.equal(smallestAmount(fee), best)
      }),
    )
  })
})

describe('buildTransaction', () => {
  test('what is built is accepted, pays its exact fee and gives back all the rest', () => {
    let built = 0
    fc.assert(
      fc.property(planArbitrary, ({ coins, outputs, rate }) => {
        const { world, owned } = worldOf(coins, [rate, 0])
        const wanted = outputs.map(({ asset, value }) => outputOf(value, asset))
        const plan = planOf(world, owned, wanted, rate)
        const result = buildTransaction(plan)
        if (isRejection(result)) {
          assert.equal(result.code, 'insufficient_funds')
          assert.ok(!('asset' in result) || result.available < result.needed)
          return
        }
        if (result.transaction.body.inputs.length === 0) return
        built++
        const { transaction, fee } = result
        const bytes = encode(transactionCodec, transaction).length
        const due = feeFor(transactionCost(transaction, bytes), rate)
        const { body } = transaction
        assert.deepEqual(body.outputs.slice(0, wanted.length), wanted)
        const change = body.outputs.slice(wanted.length)
        assert.ok(change.every(({ lock, amount: value }) => lock === changeLock && value > 0n))
        const hasChange = change.some(({ asset }) => asset === 0)
        const excess = fee - due
        assert.ok(excess >= 0n, 'the fee is paid')
        assert.ok(excess <= feeFor(hasChange ? 1 : OUTPUT_BYTES, rate), `${excess} too much`)
        world.produce(START, transaction)
        assert.equal(world.burnt(0), fee)
        assert.equal(world.burnt(1), 0n)
        assert.deepEqual(buildTransaction({ ...plan, coins: [...owned].reverse() }), result)
      }),
      { numRuns: 500 },
    )
    assert.ok(built > 100, `only ${built} of the plans could be built`)
  })

  test('a plan that all its coins just pay for is built; with one unit less it is not', () => {
    // 1 input, 1 output, no change: its cost is known from building it once.
    const cost = (value: bigint) => {
      const { world, owned } = worldOf([{ asset: 0, value: 2n ** 40n, lock: 0 }], [1_000])
      const built = buildTransaction(planOf(world, owned, [outputOf(value)], 1_000))
      assert.ok(!isRejection(built))
      // The change: asset, six bytes of amount, lock.
      return built.fee - 39n
    }
    const fee = cost(500n)
    for (const [spare, outcome] of [
      [-1n, 'insufficient_funds'],
      [0n, 'built'],
      [1n, 'built'],
    ] as const) {
      const value = 500n + fee + spare
      const { world, owned } = worldOf([{ asset: 0, value, lock: 0 }], [1_000])
      const built = buildTransaction(planOf(world, owned, [outputOf(500n)], 1_000))
      if (outcome === 'built') {
        assert.ok(!isRejection(built))
        assert.equal(built.fee, fee + spare)
        assert.equal(built.transaction.body.outputs.length, 1)
      } else {
        assert.ok(isRejection(built) && built.code === outcome)
        assert.deepEqual([built.available, built.needed], [value, value + 1n])
      }
    }
  })

  test('a rest that is worth more than its own output comes back', () => {
    const { world, owned } = worldOf([{ asset: 0, value: 10_000n, lock: 0 }], [1_000])
    const built = buildTransaction(planOf(world, owned, [outputOf(500n)], 1_000))
    assert.ok(!isRejection(built))
    const bytes = encode(transactionCodec, built.transaction).length
    assert.equal(built.fee, BigInt(transactionCost(built.transaction, bytes)))
    const change = built.transaction.body.outputs[1]
    assert.deepEqual(change, { asset: 0, amount: 9_500n - built.fee, lock: changeLock })
  })

  test('coins that cost more than they are worth are left where they are', () => {
    const dust = Array.from({ length: 50 }, () => ({ asset: 0, value: 20n, lock: 0 }))
    const { world, owned } = worldOf([...dust, { asset: 0, value: 5_000n, lock: 1 }], [1_000])
    const built = buildTransaction(planOf(world, owned, [outputOf(500n)], 1_000))
    assert.ok(!isRejection(built))
    assert.deepEqual(built.transaction.body.inputs, [owned[50]?.outpoint])
  })

  test('dust does not count as funds', () => {
    const dust = Array.from({ length: 50 }, () => ({ asset: 0, value: 20n, lock: 0 }))
    const { world, owned } = worldOf([...dust, { asset: 0, value: 500n, lock: 1 }], [1_000])
    const built = buildTransaction(planOf(world, owned, [outputOf(500n)], 1_000))
    assert.ok(isRejection(built) && built.code === 'insufficient_funds')
    assert.deepEqual([built.asset, built.available, built.needed], [0, 500n, 815n])
  })

  test('no more inputs than a transaction holds: the most valuable, or a named refusal', () => {
    const coins = Array.from({ length: INPUTS_MAX + 6 }, (_, i) => {
      return { asset: 0, value: 1_000n + BigInt(i), lock: 0 }
    })
    const { world, owned } = worldOf(coins, [1])
    const most = buildTransaction(planOf(world, owned, [outputOf(1_500_000n)], 1))
    assert.ok(!isRejection(most))
    assert.ok(most.transaction.body.inputs.length <= INPUTS_MAX)
    world.produce(START, most.transaction)
    const tooMuch = buildTransaction(planOf(world, owned, [outputOf(1_554_000n)], 1))
    assert.ok(isRejection(tooMuch))
    assert.equal(tooMuch.code, 'too_many_inputs')
  })

  test('a finalize is the same transaction for everybody and costs nothing', () => {
    const transaction = finalizeTransaction(2 ** 48, 2 ** 48)
    const bytes = encode(transactionCodec, transaction).length
    assert.equal(transactionCost(transaction, bytes), 0)
    assert.deepEqual(transaction, finalizeTransaction(2 ** 48, 2 ** 48))
  })
})
