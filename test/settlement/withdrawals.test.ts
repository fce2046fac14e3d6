import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  encode,
  type OperationOf,
  operationCodec,
  type Role,
  timestamp,
  transactionCodec,
} from '@tallystick/protocol'
import fc from 'fast-check'
import { checkProperty } from './check-property.js'
import {
  challengeDraft,
  closeOperation,
  finalizeDraft,
  forceCloseDraft,
  lane,
  openChannel,
  withdrawOperation,
} from './test-channel.js'
import { ALICE, BOB, type Draft, HUB, START, TestLedger } from './test-ledger.js'

/** The hub brings it onto the ledger and pays the fee with a coin. */
function draftOf(ledger: TestLedger, ...operations: OperationOf<'withdraw'>[]): Draft {
  return { spends: [ledger.coin(HUB)], operations, signers: [HUB] }
}

function opened(): TestLedger {
  const ledger = new TestLedger()
  openChannel(ledger, { client: 1_000n, hub: 500n })
  return ledger
}

describe('OP-11 withdraw', () => {
  test('one transaction pays sides of several channels, which stay in use', () => {
    const ledger = opened()
    openChannel(ledger, { client: 1_000n, hub: 500n })
    const first = withdrawOperation(ledger, 0, { withdrawn: 300n })
    const second = withdrawOperation(ledger, 1, { role: 'hub', withdrawn: 200n })
    const withdrawals = [...first.withdrawals, ...second.withdrawals]
    const { id } = ledger.do(draftOf(ledger, { ...first, withdrawals }))
    assert.equal(ledger.coinAmount({ txId: id, index: 0 }), 300n)
    assert.equal(ledger.coinAmount({ txId: id, index: 1 }), 200n)
    const lock = ledger.state.read('coin', { txId: id, index: 0 })?.lock
    assert.equal(lock, ledger.channel(0).client.payoutLock)
    assert.deepEqual(ledger.channel(0).status, { kind: 'open' })
    assert.equal(ledger.channel(0).client.withdrawn, 300n)
    assert.equal(ledger.channel(1).hub.withdrawn, 200n)
  })

  test('COST-1 a withdrawal costs its bytes and one signature check', () => {
    const ledger = opened()
    const signed = ledger.sign(
      draftOf(ledger, withdrawOperation(ledger, 0, { withdrawn: 300n, validUntil: START })),
    )
    // Beside the transaction's own signer: a number, a role, a total of two bytes, 64 bytes.
    assert.equal(ledger.apply(signed).cost, encode(transactionCodec, signed).length + 100 + 100)
    const [one] = signed.body.operations
    assert.ok(one !== undefined)
    assert.equal(encode(operationCodec, one).length, 1 + 5 + 1 + (1 + 1 + 2 + 64))
  })

  test('INV-35 the total is cumulative: an agreement counts once, also after a deposit', () => {
    const ledger = opened()
    const operation = withdrawOperation(ledger, 0, { withdrawn: 300n })
    const withinOne = withdrawOperation(ledger, 0, { withdrawn: 300n })
    assert.equal(ledger.refusal(draftOf(ledger, operation, withinOne)), 'withdrawal_not_newer')
    ledger.do(draftOf(ledger, operation))
    const deposit = { kind: 'deposit', channel: 0, role: 'client', amount: amount(900n) } as const
    ledger.do({ spends: [ledger.coin(ALICE)], operations: [deposit], signers: [ALICE] })
    assert.equal(ledger.refusal(draftOf(ledger, operation)), 'withdrawal_not_newer')
    const { id } = ledger.do(draftOf(ledger, withdrawOperation(ledger, 0, { withdrawn: 450n })))
    assert.equal(ledger.coinAmount({ txId: id, index: 0 }), 150n)
  })

  test('INV-24 agreement_expired: one second after its end', () => {
    const ledger = opened()
    const operation = withdrawOperation(ledger, 0, { withdrawn: 300n, validUntil: START + 5 })
    ledger.time = timestamp(START + 6)
    assert.equal(ledger.refusal(draftOf(ledger, operation)), 'agreement_expired')
    ledger.time = timestamp(START + 5)
    ledger.do(draftOf(ledger, operation))
  })

  test('channel_missing and channel_closing: only from a channel in use', () => {
    const ledger = opened()
    const operation = withdrawOperation(ledger, 0, { withdrawn: 300n })
    const elsewhere = operation.withdrawals.map((one) => ({ ...one, channel: 1 }))
    const missing = draftOf(ledger, { ...operation, withdrawals: elsewhere })
    assert.equal(ledger.refusal(missing), 'channel_missing')
    ledger.do(forceCloseDraft(ledger, 0, 'client', lane(1, 0n), undefined))
    assert.equal(ledger.refusal(draftOf(ledger, operation)), 'channel_closing')
  })

  test('missing_signature and bad_agreement_signature: both sides have to sign', () => {
    const ledger = opened()
    const operation = withdrawOperation(ledger, 0, { withdrawn: 300n })
    const byAlice = { spends: [ledger.coin(ALICE)], operations: [operation], signers: [ALICE] }
    assert.equal(ledger.refusal(byAlice), 'missing_signature')
    const [said] = operation.withdrawals
    assert.ok(said !== undefined)
    const forged = [
      withdrawOperation(ledger, 0, { withdrawn: 300n, signer: BOB }),
      { ...operation, withdrawals: [{ ...said, role: 'hub' as const }] },
      { ...operation, withdrawals: [{ ...said, withdrawn: amount(301n) }] },
      { ...operation, validUntil: timestamp(START + 1) },
    ]
    for (const one of forged) {
      assert.equal(ledger.refusal(draftOf(ledger, one)), 'bad_agreement_signature')
    }
  })

  test('INV-2 payout_above_total: more than the channel holds, all of it may go', () => {
    const ledger = opened()
    const over = withdrawOperation(ledger, 0, { withdrawn: 1_501n })
    assert.equal(ledger.refusal(draftOf(ledger, over)), 'payout_above_total')
    ledger.do(draftOf(ledger, withdrawOperation(ledger, 0, { withdrawn: 1_500n })))
    const close = { operations: [closeOperation(ledger, 0, { clientPayout: 0n })], signers: [HUB] }
    ledger.do({ ...close, spends: [ledger.coin(HUB)] })
  })

  test('a withdrawal can happen once only, so that it needs no input (TX-3)', () => {
    const ledger = opened()
    ledger.do({
      operations: [
        withdrawOperation(ledger, 0, { withdrawn: 300n }),
        closeOperation(ledger, 0, { clientPayout: 1_190n }),
      ],
      signers: [HUB],
    })
    assert.equal(ledger.state.read('channel', { channel: 0 }), undefined)
  })

  test('DSP-3 a payment that was withdrawn cannot be taken back by an older proof', () => {
    const ledger = new TestLedger()
    openChannel(ledger, { client: 0n, hub: 500n })
    ledger.do(draftOf(ledger, withdrawOperation(ledger, 0, { withdrawn: 400n })))
    const old = forceCloseDraft(ledger, 0, 'hub', lane(1, 399n), undefined)
    assert.equal(ledger.refusal(old), 'proofs_insolvent')
    ledger.do(forceCloseDraft(ledger, 0, 'hub', lane(2, 450n), undefined))
    ledger.time = timestamp(START + 101)
    const { id } = ledger.do(finalizeDraft(0))
    assert.equal(ledger.coinAmount({ txId: id, index: 0 }), 50n)
    assert.equal(ledger.coinAmount({ txId: id, index: 1 }), 50n)
  })

  test('INV-1 INV-2 deposits, withdrawals and any dispute pay out what was put in', (context) => {
    const step = fc.record({
      role: fc.constantFrom<Role>('client', 'hub'),
      withdraw: fc.boolean(),
      value: fc.bigInt(1n, 900n),
    })
    const property = fc.property(
      fc.array(step, { maxLength: 5 }),
      fc.constantFrom<Role>('client', 'hub'),
      fc.bigInt(0n, 2_000n),
      fc.bigInt(0n, 2_000n),
      (steps, by, paid, shown) => {
        const ledger = opened()
        let inside = 1_500n
        for (const { role, withdraw, value } of steps) {
          if (withdraw) {
            const withdrawn = ledger.channel(0)[role].withdrawn + value
            const draft = draftOf(ledger, withdrawOperation(ledger, 0, { role, withdrawn }))
            if (value > inside) assert.equal(ledger.refusal(draft), 'payout_above_total')
            else ledger.do(draft)
            inside -= value > inside ? 0n : value
          } else {
            const operation = { kind: 'deposit', channel: 0, role, amount: amount(value) } as const
            ledger.do({ spends: [ledger.coin(BOB)], operations: [operation], signers: [BOB] })
            inside += value
          }
        }
        const close = ledger.sign(forceCloseDraft(ledger, 0, by, lane(1, paid), undefined))
        if (ledger.judge(close).kind === 'rejection') return
        ledger.apply(close)
        ledger.do(challengeDraft(ledger, 0, by === 'client' ? 'hub' : 'client', lane(2, shown)))
        ledger.time = timestamp(START + 101)
        const { id } = ledger.do(finalizeDraft(0))
        const paidTo = (index: number) => ledger.coinAmount({ txId: id, index }) ?? 0n
        assert.equal(paidTo(0) + paidTo(1), inside)
      },
    )
    checkProperty(context, property, 150)
  })
})
