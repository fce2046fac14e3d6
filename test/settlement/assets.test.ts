import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AMOUNT_MAX,
  type AssetTerms,
  amount,
  encode,
  isRejection,
  keyLock,
  LANE_START,
  type Operation,
  type Output,
  type Signer,
  transactionCodec,
  transactionCost,
} from '@tallystick/protocol'
import fc from 'fast-check'
import { checkProperty } from './check-property.js'
import {
  ALICE,
  BOB,
  CAROL,
  genesisCoin,
  keyLockOf,
  openOperation,
  type Spend,
  TestLedger,
  testSigner,
} from './test-ledger.js'

const ISSUER = testSigner(60)
/** May issue more of asset 1 of the test ledger. */
const TOY_ISSUER = testSigner(50)
const TERMS: AssetTerms = { code: 'OIL', decimals: 3, issuer: ISSUER.publicKey }
const FIXED: AssetTerms = { code: 'OIL', decimals: 3, issuer: undefined }

function issue(asset: number, terms: AssetTerms, supply: bigint): Operation {
  return { kind: 'issue', asset, terms, supply: amount(supply) }
}

function reissue(asset: number, more: bigint): Operation {
  return { kind: 'reissue', asset, amount: amount(more) }
}

function output(asset: number, value: bigint, owner: Signer = BOB): Output {
  return { asset, amount: amount(value), lock: keyLockOf(owner.publicKey) }
}

/** A coin of Alice's, the 9,980 that its transaction leaves after the fee, and who signs. */
function paid(ledger: TestLedger, ...signers: readonly Signer[]) {
  return { spends: [ledger.coin(ALICE)], signers: [ALICE, ...signers] }
}

describe('OP-8 issue', () => {
  test('LED-5 makes the next asset and pays its supply to outputs of the same transaction', () => {
    const ledger = new TestLedger()
    ledger.do({
      ...paid(ledger, ISSUER),
      operations: [issue(3, TERMS, 500n)],
      outputs: [output(0, 9_980n), output(3, 200n), output(3, 300n, CAROL)],
    })
    const asset = ledger.state.read('asset', { asset: 3 })
    assert.deepEqual(asset, { terms: TERMS, issued: 500n, burnt: 0n })
    assert.deepEqual(ledger.state.read('assetCount', {}), { count: 4 })
  })

  test('several in one transaction get the numbers that they name, in order', () => {
    const ledger = new TestLedger()
    const operations = [issue(3, FIXED, 1n), issue(4, { ...FIXED, code: 'GAS' }, 2n)]
    const outputs = [output(0, 9_970n), output(3, 1n), output(4, 2n)]
    ledger.do({ ...paid(ledger), operations, outputs })
    assert.equal(ledger.state.read('asset', { asset: 4 })?.terms.code, 'GAS')
    assert.deepEqual(ledger.state.read('assetCount', {}), { count: 5 })
  })

  for (const asset of [0, 2, 4, 2 ** 32 - 1]) {
    test(`refuses number ${asset} where 3 is the next`, () => {
      const ledger = new TestLedger()
      const operations = [issue(asset, FIXED, 5n)]
      assert.equal(ledger.refusal({ ...paid(ledger), operations }), 'wrong_asset_number')
    })
  }

  test('asks for the issuer: nobody gives out a first supply under its key', () => {
    const ledger = new TestLedger()
    const draft = { operations: [issue(3, TERMS, 5n)], outputs: [output(3, 5n)] }
    assert.equal(ledger.refusal({ ...paid(ledger), ...draft }), 'missing_signature')
  })

  test('of nothing is for an issuer, who can issue later', () => {
    const ledger = new TestLedger()
    const outputs = [output(0, 9_980n)]
    const nothing = { ...paid(ledger), operations: [issue(3, FIXED, 0n)], outputs }
    assert.equal(ledger.refusal(nothing), 'amount_out_of_range')
    ledger.do({ ...nothing, operations: [issue(3, TERMS, 0n)], signers: [ALICE, ISSUER] })
    assert.equal(ledger.state.read('asset', { asset: 3 })?.issued, 0n)
  })

  test('INV-1 takes the supply up to 2^63-1, all of which goes somewhere', () => {
    const ledger = new TestLedger()
    const operations = [issue(3, FIXED, AMOUNT_MAX)]
    const draft = { ...paid(ledger), operations }
    const rest = output(0, 9_980n)
    assert.equal(ledger.refusal({ ...draft, outputs: [rest] }), 'asset_not_balanced')
    assert.equal(
      ledger.refusal({ ...draft, outputs: [rest, output(3, AMOUNT_MAX), output(3, 1n)] }),
      'inputs_below_outputs',
    )
    ledger.do({ ...draft, outputs: [rest, output(3, AMOUNT_MAX)] })
  })

  test('TX-3 happens once, without any input: the number is given once', () => {
    const ledger = new TestLedger()
    // A channel that closes pays the fee of 10 for the cost.
    ledger.do({ ...paid(ledger), operations: [openOperation({ client: 9_000n, hub: 0n })] })
    const forceClose: Operation = {
      ...{ kind: 'forceClose', channel: 0, by: 'client', peer: undefined },
      ...{ unsure: false, resume: undefined },
      own: LANE_START,
    }
    const payFee = (value: bigint): Operation => {
      return { kind: 'payFee', channel: 0, role: 'client', amount: amount(value) }
    }
    ledger.do({ operations: [forceClose, payFee(1n)], signers: [ALICE] })
    const draft = {
      operations: [issue(3, FIXED, 7n), payFee(11n)],
      outputs: [output(3, 7n)],
      signers: [ALICE],
    }
    const signed = ledger.sign(draft)
    ledger.apply(signed)
    assert.equal(ledger.refusalOf(signed), 'wrong_asset_number')
  })

  test('COST-1 costs 10,000 units besides its bytes and signatures', () => {
    const ledger = new TestLedger()
    const outputs = [output(3, 5n)]
    const signed = ledger.sign({ ...paid(ledger), operations: [issue(3, FIXED, 5n)], outputs })
    const bytes = encode(transactionCodec, signed).length
    assert.equal(transactionCost(signed, bytes), bytes + 100 + 10_000)
  })

  test('TX-8 an output of an asset that nothing makes is refused', () => {
    const ledger = new TestLedger()
    assert.equal(ledger.refusal({ ...paid(ledger), outputs: [output(3, 5n)] }), 'asset_unknown')
  })

  test('a channel holds an issued asset, opened where it is issued', () => {
    const ledger = new TestLedger()
    const open = { ...openOperation({ client: 400n, hub: 100n }), asset: 3 }
    ledger.do({
      ...paid(ledger),
      operations: [issue(3, FIXED, 500n), open],
      outputs: [output(0, 9_980n)],
    })
    assert.equal(ledger.channel(0).asset, 3)
    const early = { ...open, asset: 4 }
    const operations = [early, issue(4, FIXED, 500n)]
    assert.equal(ledger.refusal({ ...paid(ledger), operations }), 'asset_unknown')
  })
})

describe('OP-9 reissue', () => {
  test('LED-4 raises what was issued, by the issuer', () => {
    const ledger = new TestLedger()
    ledger.do({
      ...paid(ledger, TOY_ISSUER),
      operations: [reissue(1, 7n)],
      outputs: [output(0, 9_980n), output(1, 7n)],
    })
    assert.equal(ledger.state.read('asset', { asset: 1 })?.issued, 40_007n)
  })

  const cases: readonly (readonly [string, number, bigint, readonly Signer[], string])[] = [
    ['of an asset that there is not', 3, 1n, [TOY_ISSUER], 'asset_unknown'],
    ['of an asset without an issuer', 0, 1n, [TOY_ISSUER], 'supply_fixed'],
    ['by somebody else', 1, 1n, [], 'missing_signature'],
    ['of nothing', 1, 0n, [TOY_ISSUER], 'amount_out_of_range'],
    ['beyond 2^63-1 in all', 1, AMOUNT_MAX - 39_999n, [TOY_ISSUER], 'amount_out_of_range'],
  ]
  for (const [what, asset, value, signers, code] of cases) {
    test(`refuses more ${what}: ${code}`, () => {
      const ledger = new TestLedger()
      const outputs = value === 0n ? [] : [output(asset, value)]
      const draft = { ...paid(ledger, ...signers), operations: [reissue(asset, value)], outputs }
      assert.equal(ledger.refusal(draft), code)
    })
  }

  test('INV-3 up to 2^63-1 in all is possible, and no unit more', () => {
    const ledger = new TestLedger()
    const value = AMOUNT_MAX - 40_000n
    ledger.do({
      ...paid(ledger, TOY_ISSUER),
      operations: [reissue(1, value)],
      outputs: [output(0, 9_980n), output(1, value)],
    })
    const more = { operations: [reissue(1, 1n)], outputs: [output(1, 1n)] }
    assert.equal(ledger.refusal({ ...paid(ledger, TOY_ISSUER), ...more }), 'amount_out_of_range')
  })

  test('TX-3 does not by itself happen once only', () => {
    const ledger = new TestLedger()
    const draft = { operations: [reissue(1, 7n)], outputs: [output(1, 7n)], signers: [TOY_ISSUER] }
    assert.equal(ledger.refusal(draft), 'transaction_repeatable')
  })
})

/** One random transaction over three assets and those that it issues. */
type Move = {
  readonly spend: readonly number[]
  readonly issue: bigint | undefined
  readonly reissue: bigint | undefined
  readonly parts: number
  readonly skew: bigint
}
const moveArbitrary: fc.Arbitrary<Move> = fc.record({
  spend: fc.uniqueArray(fc.nat(40), { maxLength: 4 }),
  issue: fc.option(fc.bigInt(1n, 1_000n), { nil: undefined, freq: 3 }),
  reissue: fc.option(fc.bigInt(1n, 1_000n), { nil: undefined, freq: 3 }),
  parts: fc.integer({ min: 1, max: 3 }),
  skew: fc.oneof(
    { weight: 5, arbitrary: fc.constant(0n) },
    { weight: 1, arbitrary: fc.bigInt(-3n, 3n) },
  ),
})

type Held = { readonly spend: Spend; readonly asset: number; readonly value: bigint }

describe('random issues and payments of many assets', () => {
  test('INV-1 conserve the value of each: coins and burnt fees are what was issued', (context) => {
    let accepted = 0
    const property = fc.property(fc.array(moveArbitrary, { maxLength: 10 }), (moves) => {
      const ledger = new TestLedger()
      let held: Held[] = [0, 1, 2, 20, 21].map((index) => {
        const outpoint = genesisCoin(ledger.genesis, ALICE, index)
        const coin = ledger.state.read('coin', outpoint)
        assert.ok(coin !== undefined)
        return {
          spend: { outpoint, lock: keyLock(ALICE.publicKey) },
          asset: coin.asset,
          value: coin.amount,
        }
      })
      for (const [i, move] of moves.entries()) {
        const picked = [...new Set(move.spend.map((pick) => held[pick % held.length]))].flatMap(
          (coin) => (coin === undefined ? [] : [coin]),
        )
        const count = ledger.state.read('assetCount', {})?.count ?? 0
        const operations = [
          ...(move.issue === undefined ? [] : [issue(count, TERMS, move.issue)]),
          ...(move.reissue === undefined ? [] : [reissue(1, move.reissue)]),
        ]
        const left = new Map<number, bigint>()
        const add = (asset: number, value: bigint) =>
          left.set(asset, (left.get(asset) ?? 0n) + value)
        for (const { asset, value } of picked) add(asset, value)
        if (move.issue !== undefined) add(count, move.issue)
        if (move.reissue !== undefined) add(1, move.reissue)
        const fee = move.issue === undefined ? 2n : 12n
        const outputs = [...left].flatMap(([asset, sum]) => {
          const due = sum - (asset === 0 ? fee : 0n) + move.skew
          const rest = due > 0n ? due : 0n
          const part = rest / BigInt(move.parts)
          return Array.from({ length: move.parts }, (_, n) =>
            output(asset, n === 0 ? rest - part * BigInt(move.parts - 1) : part, ALICE),
          ).filter(({ amount: value }) => value > 0n)
        })
        const signers = [
          ...(picked.length > 0 ? [ALICE] : []),
          ...(move.issue === undefined ? [] : [ISSUER]),
          ...(move.reissue === undefined ? [] : [TOY_ISSUER]),
        ]
        const draft = {
          ...{ spends: picked.map(({ spend }) => spend), operations, outputs, signers },
          memo: Uint8Array.of(i),
        }
        const signed = ledger.sign(draft)
        if (isRejection(ledger.judge(signed))) continue
        accepted++
        const { id } = ledger.apply(signed)
        held = held.filter((coin) => !picked.includes(coin))
        for (const [index, { asset, amount: value }] of outputs.entries()) {
          const spend = { outpoint: { txId: id, index }, lock: keyLock(ALICE.publicKey) }
          held.push({ spend, asset, value })
        }
        assertSupplies(ledger)
      }
    })
    checkProperty(context, property, 150)
    assert.ok(accepted > 100, `only ${accepted} transactions were good`)
  })
})

/** Counts every coin of the state anew, by asset. */
function assertSupplies(ledger: TestLedger): void {
  const coins = new Map<number, bigint>()
  for (const { kind, value } of ledger.state.writes()) {
    if (kind !== 'coin' || value === undefined) continue
    coins.set(value.asset, (coins.get(value.asset) ?? 0n) + value.amount)
  }
  const count = ledger.state.read('assetCount', {})?.count ?? 0
  for (let asset = 0; asset < count; asset++) {
    const books = ledger.state.read('asset', { asset })
    assert.ok(books !== undefined)
    assert.equal((coins.get(asset) ?? 0n) + books.burnt, books.issued, `asset ${asset}`)
  }
}
