import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  encode,
  isRejection,
  keyLock,
  lockRoot,
  type Operation,
  type Transaction,
  timestamp,
  transactionCodec,
  transactionCost,
} from '@tallystick/protocol'
import { TransactionChecks } from '@tallystick/settlement'
import { traceTransaction } from '#settlement/core/trace-transaction.js'
import { guardDraft } from './guard-draft.js'
import {
  challengeDraft,
  closeOperation,
  finalizeDraft,
  forceCloseDraft,
  item,
  lane,
  lastLink,
  openChannel,
} from './test-channel.js'
import {
  ALICE,
  BOB,
  type Draft,
  genesisCoin,
  HUB,
  keyLockOf,
  openOperation,
  START,
  TestLedger,
} from './test-ledger.js'

function trace(ledger: TestLedger, transaction: Transaction) {
  const { state, chainId, context } = ledger
  const bytes = encode(transactionCodec, transaction).length
  const checks = new TransactionChecks(chainId, transaction)
  const traced = traceTransaction(state, transaction, bytes, context, checks)
  const untraced = ledger.judge(transaction)
  // Whoever listens changes no verdict.
  assert.deepEqual(
    isRejection(traced.applied) ? traced.applied.code : traced.applied.writes,
    isRejection(untraced) ? untraced.code : untraced.writes,
  )
  return traced
}

const line = (step: { rule: string; subject: string; outcome: string }) =>
  `${step.rule} ${step.subject}: ${step.outcome}`

/** Alice pays 9,000 to Bob with her first coin. */
function payment(ledger: TestLedger, value = 9_000n) {
  return ledger.sign({
    spends: [{ outpoint: genesisCoin(ledger.genesis, ALICE, 0), lock: keyLock(ALICE.publicKey) }],
    outputs: [{ asset: 0, amount: amount(value), lock: keyLockOf(BOB.publicKey) }],
    signers: [ALICE],
  })
}

const DEPOSIT: Operation = { kind: 'deposit', channel: 0, role: 'client', amount: amount(500n) }

const AFTER = { kind: 'after', time: timestamp(2_000_000_000) } as const

describe('a trace', () => {
  test('API-9 TX-2 names every rule that a good transaction passed, in the order of the rules', () => {
    const ledger = new TestLedger()
    const traced = trace(ledger, payment(ledger))
    assert.deepEqual(traced.steps.map(line), [
      'UPG-2 version: passed',
      'TX-3 transaction: passed',
      'TX-4 validity: passed',
      'COST-1 bytes: passed',
      'REV-2 reveals: passed',
      'TX-5 input 0: passed',
      'LOCK-2 input 0 condition 0 key: passed',
      'LOCK-2 input 0: passed',
      'TX-6 output 0: passed',
      'TX-8 fee: passed',
      'TX-9 signers: passed',
      'TX-9 signature 0: passed',
    ])
  })

  test('API-9 the first rule that refuses fails, and those behind it are not reached', () => {
    const ledger = new TestLedger()
    const lock = [[{ kind: 'key', publicKey: ALICE.publicKey } as const, AFTER]]
    const paid = ledger.do({
      spends: [{ outpoint: genesisCoin(ledger.genesis, ALICE, 0), lock: keyLock(ALICE.publicKey) }],
      outputs: [{ asset: 0, amount: amount(9_000n), lock: lockRoot(lock) }],
      signers: [ALICE],
    })
    const traced = trace(
      ledger,
      ledger.sign({
        spends: [{ outpoint: { txId: paid.id, index: 0 }, lock }],
        outputs: [{ asset: 0, amount: amount(8_000n), lock: keyLockOf(BOB.publicKey) }],
        signers: [ALICE],
      }),
    )
    assert.deepEqual(traced.steps.map(line).slice(5), [
      'TX-5 input 0: passed',
      'LOCK-2 input 0 condition 0 key: passed',
      'LOCK-2 input 0 condition 1 after: failed',
      'LOCK-2 input 0: failed',
      'TX-6 output 0: not_reached',
      'TX-8 fee: not_reached',
      'TX-9 signers: not_reached',
      'TX-9 signature 0: not_reached',
    ])
    assert.deepEqual(
      traced.steps.flatMap(({ refusal }) => refusal?.code ?? []),
      ['lock_not_yet_open', 'lock_not_yet_open'],
    )
  })

  test('API-9 OP-1 OP-7 shows what an operation asked for on its way', () => {
    const ledger = new TestLedger()
    ledger.do(opening(ledger, [openOperation({ client: 500n, hub: 0n })]))
    const fee: Operation = { kind: 'payFee', channel: 0, role: 'client', amount: amount(1n) }
    const traced = trace(ledger, ledger.sign(opening(ledger, [fee], 1)))
    assert.deepEqual(traced.steps.map(line).slice(9, 13), [
      'OP-0 channel 0: passed',
      'OP-7 operation 0 payFee: failed',
      'TX-8 fee: not_reached',
      'TX-9 signers: not_reached',
    ])
  })

  test('COST-1 the costs of the steps sum to the cost of the transaction, failed or not', () => {
    const ledger = new TestLedger()
    for (const transaction of [
      payment(ledger),
      payment(ledger, 20_000n),
      ledger.sign(opening(ledger, [openOperation({ client: 500n, hub: 0n })])),
      ledger.sign({
        ...opening(ledger, []),
        reveals: [{ index: 700, link: new Uint8Array(32) }],
      }),
    ]) {
      const bytes = encode(transactionCodec, transaction).length
      const sum = trace(ledger, transaction).steps.reduce((total, { cost }) => total + cost, 0)
      assert.equal(sum, transactionCost(transaction, bytes))
    }
  })
})

describe('API-9 a whole dispute, traced: nothing that was accepted has a step that was not reached', () => {
  const ledger = new TestLedger()
  openChannel(ledger, { client: 1_000n, hub: 500n })
  openChannel(ledger, { client: 1_000n, hub: 500n })
  const items = [item(1, 80n, START + 200)]
  const dispute: readonly (readonly [rule: string, time: number, draft: () => Draft])[] = [
    ['OP-2', 0, () => ({ ...acting(ledger, [DEPOSIT]), ...rest(9_400n) })],
    [
      'OP-3',
      0,
      () => ({
        ...acting(ledger, [closeOperation(ledger, 1, { clientPayout: 700n })]),
        signers: [ALICE, HUB],
        outputs: [{ asset: 0, amount: amount(10_700n), lock: keyLockOf(HUB.publicKey) }],
      }),
    ],
    ['OP-4', 0, () => forceCloseDraft(ledger, 0, 'client', lane(1, 100n, { items }), undefined)],
    ['OP-5', 1, () => guardDraft(ledger, 0, BOB, { proof: lane(2, 200n, { items }) })],
    ['OP-5', 1, () => challengeDraft(ledger, 0, 'hub', lane(2, 200n, { items }))],
    ['REV-2', 2, () => ({ ...acting(ledger, []), reveals: [{ index: 1, link: lastLink(1) }] })],
    ['OP-6', 201, () => finalizeDraft(0)],
  ]
  for (const [rule, time, draft] of dispute) {
    test(rule, () => {
      ledger.time = timestamp(START + time)
      const transaction = ledger.sign(draft())
      const bytes = encode(transactionCodec, transaction).length
      const { steps } = trace(ledger, transaction)
      assert.deepEqual([...new Set(steps.map(({ outcome }) => outcome))], ['passed'])
      assert.equal(steps.filter((step) => step.rule === rule).length, 1)
      const sum = steps.reduce((total, { cost }) => total + cost, 0)
      assert.equal(Math.max(0, sum), transactionCost(transaction, bytes))
      ledger.apply(transaction)
    })
  }
})

/** Alice acts with a coin of her own. */
function acting(ledger: TestLedger, operations: readonly Operation[]): Draft {
  return { spends: [ledger.coin(ALICE)], operations, signers: [ALICE] }
}

function rest(value: bigint): Draft {
  return { outputs: [{ asset: 0, amount: amount(value), lock: keyLockOf(ALICE.publicKey) }] }
}

function opening(ledger: TestLedger, operations: readonly Operation[], coin = 0) {
  return {
    spends: [
      { outpoint: genesisCoin(ledger.genesis, ALICE, coin), lock: keyLock(ALICE.publicKey) },
    ],
    operations,
    outputs: [{ asset: 0, amount: amount(9_000n), lock: keyLockOf(ALICE.publicKey) }],
    signers: [ALICE],
  }
}
