import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Alternative,
  amount,
  anchorOf,
  type Condition,
  encode,
  feeFor,
  isRejection,
  keyLock,
  type Lock,
  lockRoot,
  type PublicKey,
  parseLock,
  type Reveal,
  type Signer,
  TIMESTAMP_MAX,
  type TxId,
  timestamp,
  transactionCodec,
  transactionCost,
} from '@tallystick/protocol'
import fc from 'fast-check'
import type { OwnedCoin } from '#client-sdk/ledger/coin-selection.js'
import { buildTransaction, type TransactionPlan } from '#client-sdk/ledger/transaction-builder.js'
import { LedgerWorld, START, testGenesis, testSigner } from './ledger-world.js'

const OWNER = testSigner(100)
const SIGNERS = new Map(
  Array.from({ length: 20 }, (_, i) => testSigner(1 + i)).map((each) => [each.publicKey, each]),
)
const KEYS = [...SIGNERS.keys()].sort()
const FEE = { asset: 0, feePerKiloCost: 1_000 }
/** Until then the test's links are in time. */
const BY = timestamp(START + 1_000_000)

function linkOf(byte: number): Reveal {
  return { index: 1, link: new Uint8Array(32).fill(byte) }
}

/** What it takes to spend a coin of START by an alternative: signers, links, and from when on. */
function needsOf(alternative: Alternative) {
  const signers: Signer[] = []
  const reveals: Reveal[] = []
  let from: number = START
  const sign = (key: PublicKey) => signers.push(SIGNERS.get(key) ?? assert.fail('a known key'))
  for (const condition of alternative) {
    switch (condition.kind) {
      case 'key':
        sign(condition.publicKey)
        break
      case 'multi':
        for (const key of condition.publicKeys.slice(0, condition.threshold)) sign(key)
        break
      case 'after':
        from = Math.max(from, condition.time)
        break
      case 'older':
        from = Math.max(from, START + condition.seconds)
        break
      case 'revealed': {
        const known = [1, 2, 3]
          .map(linkOf)
          .find(({ link }) => anchorOf(link, 1) === condition.anchor)
        reveals.push(known ?? assert.fail('a known link'))
        break
      }
      case 'unrevealed':
        from = Math.max(from, condition.by + 1)
    }
  }
  return { signers, reveals, from: timestamp(from) }
}

/** A ledger with a coin of `value` of asset 0 under `lock`, and one of 100,000 of the owner. */
function worldWith(lock: Lock, value: bigint) {
  const genesis = testGenesis(OWNER, [FEE.feePerKiloCost, 0], [])
  const own = lockRoot(keyLock(OWNER.publicKey))
  const world = new LedgerWorld({
    ...genesis,
    allocations: [
      { asset: 0, amount: amount(value), lock: lockRoot(lock) },
      { asset: 0, amount: amount(100_000n), lock: own },
      { asset: 1, amount: amount(value), lock: lockRoot(lock) },
    ],
  })
  const coinAt = (index: number) => {
    const outpoint = { txId: world.chainId as string as TxId, index }
    return { outpoint, coin: world.state.read('coin', outpoint) ?? assert.fail('a coin') }
  }
  const ownCoin: OwnedCoin = {
    ...coinAt(1),
    lock: keyLock(OWNER.publicKey),
    alternative: 0,
    signers: [OWNER],
  }
  return { world, coinAt, ownCoin, changeLock: own }
}

type World = ReturnType<typeof worldWith>

function planOf({ world, changeLock }: World, plan: Partial<TransactionPlan>): TransactionPlan {
  return {
    ...{ chainId: world.chainId, coins: [], outputs: [], operations: [], channels: [] },
    ...{ signers: [], fee: FEE, changeLock, validFrom: START, validUntil: TIMESTAMP_MAX },
    ...plan,
  }
}

const seconds = fc.nat(5_000)
const conditionArbitrary: fc.Arbitrary<Condition> = fc.oneof(
  fc.constantFrom(...KEYS).map((publicKey): Condition => ({ kind: 'key', publicKey })),
  fc
    .record({ publicKeys: fc.subarray(KEYS, { minLength: 1, maxLength: 16 }), share: fc.nat(15) })
    .map(({ publicKeys, share }): Condition => {
      return { kind: 'multi', threshold: 1 + (share % publicKeys.length), publicKeys }
    }),
  seconds.map((after): Condition => ({ kind: 'after', time: timestamp(START + after) })),
  seconds.map((age): Condition => ({ kind: 'older', seconds: age })),
  fc.integer({ min: 1, max: 3 }).map((byte): Condition => {
    return { kind: 'revealed', anchor: anchorOf(linkOf(byte).link, 1), by: BY }
  }),
  fc
    .record({ byte: fc.integer({ min: 4, max: 6 }), after: seconds })
    .map(({ byte, after }): Condition => {
      const by = timestamp(START + after)
      return { kind: 'unrevealed', anchor: anchorOf(linkOf(byte).link, 1), by }
    }),
)
const lockArbitrary: fc.Arbitrary<Lock> = fc.array(
  fc.array(conditionArbitrary, { minLength: 1, maxLength: 8 }),
  { minLength: 1, maxLength: 12 },
)

describe('buildTransaction spends a coin', () => {
  test('LOCK-2 under any lock, by any alternative, from the second on in which it opens', () => {
    fc.assert(
      fc.property(lockArbitrary, fc.nat(), (lock, pick) => {
        const alternative = pick % lock.length
        const { signers, reveals, from } = needsOf(lock[alternative] ?? assert.fail())
        const world = worldWith(lock, 50_000n)
        const spends = [{ ...world.coinAt(0), lock, alternative, signers }]
        const built = buildTransaction(planOf(world, { spends, reveals, validFrom: from }))
        assert.ok(!isRejection(built))
        const { transaction } = built
        const bytes = encode(transactionCodec, transaction).length
        const due = feeFor(transactionCost(transaction, bytes), FEE.feePerKiloCost)
        assert.ok(built.fee - due <= 1n, `${built.fee} for ${due}`)
        assert.equal(transaction.body.inputs.length, 1)
        const early = world.world.judge(transaction, timestamp(from - 1))
        assert.ok(isRejection(early) && early.code === 'not_yet_valid')
        if (from > START) {
          const hasty = buildTransaction(planOf(world, { spends, reveals, validFrom: START }))
          assert.ok(!isRejection(hasty))
          const closed = world.world.judge(hasty.transaction, timestamp(from - 1))
          assert.ok(isRejection(closed) && closed.code === 'lock_not_yet_open')
        }
        world.world.produce(from, transaction)
      }),
      { numRuns: 150 },
    )
  })

  test('LOCK-1 by each of 256 alternatives', () => {
    const lock: Lock = Array.from({ length: 256 }, (_, i) => {
      return [
        { kind: 'older', seconds: i },
        { kind: 'key', publicKey: KEYS[i % 20] ?? assert.fail() },
      ]
    })
    const world = worldWith(lock, 50_000n)
    for (let alternative = 0; alternative < 256; alternative += 15) {
      const { signers, from } = needsOf(lock[alternative] ?? assert.fail())
      const spends = [{ ...world.coinAt(0), lock, alternative, signers }]
      const built = buildTransaction(planOf(world, { spends, validFrom: from }))
      assert.ok(!isRejection(built))
      assert.equal(built.transaction.witnesses[0]?.path.length, 8)
      assert.equal(world.world.judge(built.transaction, from).kind, 'applied')
    }
  })

  test('LOCK-3 that is sold for a preimage: one transaction claims it and pays from elsewhere', () => {
    const { link } = linkOf(1)
    const hash = anchorOf(link, 1)
    const [buyer, seller] = [testSigner(1), testSigner(2)]
    const lock = parseLock(
      `any(all(key(${buyer.publicKey}), revealed(${hash}, ${BY})),` +
        `all(key(${seller.publicKey}), unrevealed(${hash}, ${BY})))`,
    )
    assert.ok(!isRejection(lock))
    // Worth less than its own fee, and in an asset that pays none: the owner's coin pays for both.
    const world = worldWith(lock, 7n)
    const coins = [world.ownCoin]
    const claimed = [0, 2].map((index) => {
      return { ...world.coinAt(index), lock, alternative: 0, signers: [buyer] }
    })
    const claim = { coins, spends: claimed, reveals: [linkOf(1)], validUntil: BY }
    const built = buildTransaction(planOf(world, claim))
    assert.ok(!isRejection(built))
    assert.deepEqual(
      built.transaction.body.outputs.map(({ asset, amount: value }) => [asset, value]),
      [
        [1, 7n],
        [0, 100_007n - built.fee],
      ],
    )
    const late = world.world.judge(built.transaction, timestamp(BY + 1))
    assert.ok(isRejection(late) && late.code === 'no_longer_valid')

    const returned = claimed.map((owned) => ({ ...owned, alternative: 1, signers: [seller] }))
    const validFrom = timestamp(BY + 1)
    const refund = buildTransaction(planOf(world, { coins, spends: returned, validFrom }))
    assert.ok(!isRejection(refund))
    assert.equal(world.world.judge(refund.transaction, validFrom).kind, 'applied')

    world.world.produce(BY, built.transaction)
    const tooLate = world.world.judge(refund.transaction, validFrom)
    assert.ok(isRejection(tooLate) && tooLate.code === 'coin_missing')
  })

  test('INV-35 once, also if it is among those that may be chosen as well', () => {
    const world = worldWith(keyLock(OWNER.publicKey), 1_000n)
    const output = { asset: 0, amount: amount(90_000n), lock: world.changeLock }
    const owned = { ...world.ownCoin, ...world.coinAt(0) }
    const plan = { coins: [owned, world.ownCoin], spends: [owned], outputs: [output] }
    const built = buildTransaction(planOf(world, plan))
    assert.ok(!isRejection(built))
    assert.deepEqual(
      built.transaction.body.inputs.map(({ index }) => index),
      [0, 1],
    )
    world.world.produce(START, built.transaction)
  })

  test('LIM-1 and says so when there are more than a transaction takes', () => {
    const world = worldWith(keyLock(OWNER.publicKey), 1_000n)
    const built = buildTransaction(planOf(world, { spends: Array(1_025).fill(world.ownCoin) }))
    assert.ok(isRejection(built) && built.code === 'too_many_inputs')
  })
})
