import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  type Block,
  type BlockHeader,
  type BlockId,
  type ChainId,
  equalBytes,
  timestamp,
} from '@tallystick/protocol'
import {
  type AppliedBlock,
  applyBlock,
  nextBlockTime,
  type StagedRoot,
} from '@tallystick/settlement'
import { treeRoot } from './reference-tree.js'
import { testBlock, tipOf } from './test-block.js'
import { ALICE, BOB, keyLockOf, START, TestLedger } from './test-ledger.js'

const CLOCK = START + 10

/** The code that a block is refused with, or `applied`. */
function verdict(ledger: TestLedger, block: Block, clock: number = CLOCK): string {
  const applied = applyBlock(tipOf(ledger), block, clock)
  return applied.kind === 'rejection' ? applied.code : 'applied'
}

function payment(ledger: TestLedger, value = 9_990n) {
  const outputs = [{ asset: 0, amount: amount(value), lock: keyLockOf(BOB.publicKey) }]
  return ledger.sign({ spends: [ledger.coin(ALICE)], outputs, signers: [ALICE] })
}

describe('a block is refused:', () => {
  const time = timestamp(START + 5)
  const changes: readonly (readonly [code: string, change: Partial<BlockHeader>])[] = [
    ['wrong_chain', { chainId: 'ab'.repeat(32) as ChainId }],
    ['wrong_version', { version: 3 }],
    ['wrong_revision', { revision: 1 }],
    ['wrong_height', { height: 2 }],
    ['wrong_height', { height: 0 }],
    ['wrong_parent', { parent: 'ab'.repeat(32) as BlockId }],
    ['wrong_transaction_root', { transactionRoot: new Uint8Array(32).fill(1) }],
    ['wrong_state_root', { stateRoot: new Uint8Array(32).fill(1) }],
  ]
  for (const [code, change] of changes) {
    test(`${code}: ${Object.keys(change).join()} is not what follows`, () => {
      const ledger = new TestLedger()
      const block = testBlock(ledger, time, [payment(ledger)], { change })
      assert.equal(verdict(ledger, block), code)
    })
  }

  test('INV-39 time_out_of_bounds: it falls, or rises by more than a step', () => {
    const ledger = new TestLedger()
    for (const [seconds, due] of [
      [-1, 'time_out_of_bounds'],
      [0, 'applied'],
      [10, 'applied'],
      [11, 'time_out_of_bounds'],
    ] as const) {
      const block = testBlock(ledger, timestamp(START + seconds), [])
      assert.equal(verdict(ledger, block, START + 1_000), due, `${seconds} s`)
    }
  })

  test('INV-39 time_out_of_bounds: it is more than five seconds ahead of the clock', () => {
    const ledger = new TestLedger()
    const block = testBlock(ledger, timestamp(START + 8), [])
    assert.equal(verdict(ledger, block, START + 2), 'time_out_of_bounds')
    assert.equal(verdict(ledger, block, START + 3), 'applied')
  })

  test('INV-40 bad_certificate: nobody, a stranger, too few or one too many signed it', () => {
    const ledger = new TestLedger()
    const good = testBlock(ledger, time, [])
    const stranger = testBlock(ledger, time, [], { signers: [ALICE] })
    const [signature] = good.certificate
    assert.ok(signature !== undefined)
    const elsewhere = { ...good, header: { ...good.header, time: timestamp(START + 6) } }
    for (const block of [
      { ...good, certificate: [] },
      stranger,
      elsewhere,
      { ...good, certificate: [{ ...signature, validator: 1 }] },
      { ...good, certificate: [signature, { ...signature, validator: 1 }] },
    ]) {
      assert.equal(verdict(ledger, block), 'bad_certificate')
    }
    assert.equal(verdict(ledger, good), 'applied')
  })

  test('wrong_transaction_root: it holds fewer, more or reordered transactions', () => {
    const ledger = new TestLedger()
    const block = testBlock(ledger, time, [payment(ledger), payment(ledger)])
    const [first, second] = block.transactions
    assert.ok(first !== undefined && second !== undefined)
    for (const transactions of [[], [first], [second, first], [first, second, second]]) {
      assert.equal(verdict(ledger, { ...block, transactions }), 'wrong_transaction_root')
    }
    assert.equal(verdict(ledger, block), 'applied')
  })

  test('INV-37 block_transaction_refused: one bad transaction refuses all of it', () => {
    const ledger = new TestLedger()
    const before = treeRoot(ledger.tree)
    const bad = payment(ledger, 10_001n)
    const block = testBlock(ledger, time, [payment(ledger), bad])
    assert.equal(verdict(ledger, block), 'block_transaction_refused')
    assert.deepEqual(treeRoot(ledger.tree), before)
  })

  test('INV-35 block_transaction_refused: a coin is spent twice within it', () => {
    const ledger = new TestLedger()
    const spends = [ledger.coin(ALICE)]
    const twice = [9_990n, 9_989n].map((value) => {
      const outputs = [{ asset: 0, amount: amount(value), lock: keyLockOf(BOB.publicKey) }]
      return ledger.sign({ spends, outputs, signers: [ALICE] })
    })
    assert.equal(verdict(ledger, testBlock(ledger, time, twice)), 'block_transaction_refused')
    const [once] = twice
    assert.ok(once !== undefined)
    const again = testBlock(ledger, time, [once, once])
    assert.equal(verdict(ledger, again), 'block_transaction_refused')
  })
})

describe('a block', () => {
  test('may spend what it creates itself, in order only', () => {
    const ledger = new TestLedger()
    const first = payment(ledger)
    const id = ledger.idOf({
      spends: [{ outpoint: first.body.inputs[0] ?? assert.fail(), lock: ALICE_LOCK }],
      outputs: first.body.outputs,
      signers: [ALICE],
    })
    const second = ledger.sign({
      spends: [{ outpoint: { txId: id, index: 0 }, lock: BOB_LOCK }],
      outputs: [{ asset: 0, amount: amount(9_980n), lock: keyLockOf(ALICE.publicKey) }],
      signers: [BOB],
    })
    const time = timestamp(START + 1)
    assert.equal(verdict(ledger, testBlock(ledger, time, [first, second])), 'applied')
    const backwards = testBlock(ledger, time, [second, first])
    assert.equal(verdict(ledger, backwards), 'block_transaction_refused')
  })

  test('INV-33 leads every node from the same state to the same root', () => {
    const applied = [0, 1].map(() => {
      const ledger = new TestLedger()
      const block = testBlock(ledger, timestamp(START + 1), [payment(ledger), payment(ledger)])
      return applyBlock(tipOf(ledger), block, CLOCK) as AppliedBlock<StagedRoot>
    })
    const [one, other] = applied
    assert.ok(one !== undefined && other !== undefined)
    assert.ok(equalBytes(one.staged.root, other.staged.root))
  })
})

test('INV-39 INV-47 the next block time follows the clock within a step and never falls', () => {
  const { header, genesis } = new TestLedger()
  for (const [clock, due] of [
    [START - 3_600, START],
    [START, START],
    [START + 4, START + 4],
    [START + 10, START + 10],
    [START + 3_600, START + 10],
  ] as const) {
    assert.equal(nextBlockTime(header, genesis.parameters, clock), due)
  }
})

const ALICE_LOCK = [[{ kind: 'key' as const, publicKey: ALICE.publicKey }]]
const BOB_LOCK = [[{ kind: 'key' as const, publicKey: BOB.publicKey }]]
