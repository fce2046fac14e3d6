import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  type Condition,
  type Lock,
  lockRoot,
  lockWitness,
  type Signer,
  type Timestamp,
  timestamp,
} from '@tallystick/protocol'
import {
  ALICE,
  BOB,
  CAROL,
  type Draft,
  HUB,
  keyLockOf,
  type Spend,
  START,
  TestLedger,
} from './test-ledger.js'

const KEYS = [ALICE, BOB, CAROL].map(({ publicKey }) => publicKey).sort()

/** A ledger with a coin of 9,000 under `lock`, created at START. */
function lockedCoin(lock: Lock): { readonly ledger: TestLedger; readonly spend: Spend } {
  const ledger = new TestLedger()
  const output = { asset: 0, amount: amount(9_000n), lock: lockRoot(lock) }
  const { id } = ledger.do({ spends: [ledger.coin(HUB)], outputs: [output], signers: [HUB] })
  return { ledger, spend: { outpoint: { txId: id, index: 0 }, lock } }
}

/** What the ledger says to spending the coin: `applied`, or the code of the refusal. */
function verdict(
  { ledger, spend }: ReturnType<typeof lockedCoin>,
  options: {
    readonly signers?: readonly Signer[]
    readonly alternative?: number
    readonly time?: number
  },
): string {
  const { signers = [], alternative = 0, time = START } = options
  ledger.time = time as Timestamp
  const draft: Draft = {
    spends: [{ ...spend, alternative }],
    outputs: [{ asset: 0, amount: amount(8_000n), lock: keyLockOf(BOB.publicKey) }],
    signers,
  }
  const judged = ledger.judge(ledger.sign(draft))
  return judged.kind === 'applied' ? 'applied' : judged.code
}

describe('LOCK-2 a lock opens', () => {
  test('by its key, and no other', () => {
    const coin = lockedCoin([[{ kind: 'key', publicKey: ALICE.publicKey }]])
    assert.equal(verdict(coin, { signers: [ALICE] }), 'applied')
    assert.equal(verdict(coin, { signers: [BOB] }), 'missing_signature')
    assert.equal(verdict(coin, {}), 'missing_signature')
  })

  test('by as many of several keys as it asks for, not by one fewer, whichever they are', () => {
    const coin = lockedCoin([[{ kind: 'multi', threshold: 2, publicKeys: KEYS }]])
    assert.equal(verdict(coin, { signers: [ALICE] }), 'missing_signature')
    assert.equal(verdict(coin, { signers: [ALICE, HUB] }), 'missing_signature')
    assert.equal(verdict(coin, { signers: [ALICE, BOB] }), 'applied')
    assert.equal(verdict(coin, { signers: [BOB, CAROL] }), 'applied')
    assert.equal(verdict(coin, { signers: [ALICE, BOB, CAROL] }), 'applied')
  })

  test('after a time: from that very second on', () => {
    const coin = lockedCoin([[{ kind: 'after', time: timestamp(START + 50) }]])
    assert.equal(verdict(coin, { time: START + 49 }), 'lock_not_yet_open')
    assert.equal(verdict(coin, { time: START + 50 }), 'applied')
    assert.equal(verdict(coin, { time: START + 51 }), 'applied')
  })

  test('older than so long: counted from the block that created the coin', () => {
    const coin = lockedCoin([[{ kind: 'older', seconds: 50 }]])
    assert.equal(verdict(coin, { time: START + 49 }), 'lock_not_yet_open')
    assert.equal(verdict(coin, { time: START + 50 }), 'applied')
  })

  test('older: a genesis coin counts from the time of the genesis', () => {
    const ledger = new TestLedger()
    const created = ledger.state.read('coin', ledger.coin(ALICE).outpoint)?.createdTime
    assert.equal(created, START)
  })

  test('by one whole alternative: no mixture of two', () => {
    const alice: Condition = { kind: 'key', publicKey: ALICE.publicKey }
    const bob: Condition = { kind: 'key', publicKey: BOB.publicKey }
    const later: Condition = { kind: 'after', time: timestamp(START + 50) }
    const coin = lockedCoin([
      [alice, bob],
      [bob, later],
      [alice, later],
    ])
    assert.equal(verdict(coin, { signers: [ALICE, BOB] }), 'applied')
    assert.equal(verdict(coin, { signers: [ALICE] }), 'missing_signature')
    assert.equal(verdict(coin, { signers: [BOB], alternative: 1 }), 'lock_not_yet_open')
    assert.equal(verdict(coin, { signers: [BOB], alternative: 1, time: START + 50 }), 'applied')
    assert.equal(
      verdict(coin, { signers: [BOB], alternative: 2, time: START + 50 }),
      'missing_signature',
    )
  })

  test('INV-36 only by an alternative that it commits to', () => {
    const lock: Lock = [
      [{ kind: 'key', publicKey: ALICE.publicKey }],
      [{ kind: 'after', time: timestamp(START + 50) }],
    ]
    const { ledger, spend } = lockedCoin(lock)
    const draft: Draft = { spends: [{ ...spend, alternative: 1 }] }
    ledger.time = timestamp(START + 50)
    const honest = lockWitness(lock, 1)
    const open = { kind: 'older', seconds: 0 } as const
    const forgeries = [
      { ...honest, alternative: [open] },
      { ...honest, index: 0 },
      { ...honest, path: [] },
      { ...honest, path: [...honest.path, new Uint8Array(32)] },
      { ...honest, count: 1, index: 0, path: [] },
    ]
    for (const witness of forgeries) {
      const transaction = { ...ledger.sign(draft), witnesses: [witness] }
      assert.equal(ledger.refusalOf(transaction), 'lock_mismatch')
    }
  })
})
