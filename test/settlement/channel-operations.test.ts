import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { amount, isClosing, type Operation, timestamp } from '@tallystick/protocol'
import {
  closeOperation,
  finalizeDraft,
  forceCloseDraft,
  lane,
  lastLink,
  openChannel,
} from './test-channel.js'
import { ALICE, BOB, HUB, keyLockOf, openOperation, START, TestLedger } from './test-ledger.js'

describe('channels on the ledger:', () => {
  test('open: both fund it, numbers rise, ids differ, the rest of the coins is the fee', () => {
    const ledger = new TestLedger()
    const { id } = ledger.do({
      spends: [ledger.coin(ALICE), ledger.coin(HUB)],
      operations: [
        openOperation({ client: 1_000n, hub: 500n }),
        openOperation({ client: 0n, hub: 1n }),
      ],
      outputs: [{ asset: 0, amount: amount(18_490n), lock: keyLockOf(BOB.publicKey) }],
      signers: [ALICE, HUB],
    })
    const [first, second] = [ledger.channel(0), ledger.channel(1)]
    assert.equal(first.client.deposited, 1_000n)
    assert.equal(first.hub.deposited, 500n)
    assert.equal(first.openedTime, START)
    assert.deepEqual(first.status, { kind: 'open' })
    assert.notEqual(first.id, second.id)
    assert.equal(ledger.coinAmount({ txId: id, index: 0 }), 18_490n)
    assert.equal(ledger.burnt(0), 9n)
    assert.deepEqual(ledger.state.read('channelCount', {}), { count: 2 })
  })

  test('deposit: raises one side while the channel stays open, whoever pays', () => {
    const ledger = new TestLedger()
    openChannel(ledger, { client: 1_000n, hub: 500n })
    const deposit: Operation = { kind: 'deposit', channel: 0, role: 'client', amount: amount(70n) }
    ledger.do({ spends: [ledger.coin(BOB)], operations: [deposit], signers: [BOB] })
    assert.equal(ledger.channel(0).client.deposited, 1_070n)
    assert.equal(ledger.channel(0).hub.deposited, 500n)
  })

  test('close: one transaction pays two clients their coins and the hub one merged output', () => {
    const ledger = new TestLedger()
    for (const _ of [0, 1]) openChannel(ledger, { client: 1_000n, hub: 500n })
    const [first] = closeOperation(ledger, 0, { clientPayout: 1_200n }).closes
    const { closes, ...rest } = closeOperation(ledger, 1, { clientPayout: 0n })
    assert.ok(first !== undefined)
    const { id } = ledger.do({
      operations: [{ ...rest, closes: [first, ...closes] }],
      outputs: [{ asset: 0, amount: amount(1_790n), lock: keyLockOf(HUB.publicKey) }],
      signers: [HUB],
    })
    assert.equal(ledger.coinAmount({ txId: id, index: 0 }), 1_790n)
    assert.equal(ledger.coinAmount({ txId: id, index: 1 }), 1_200n)
    // A payout of nothing takes its number but makes no coin.
    assert.equal(ledger.coinAmount({ txId: id, index: 2 }), undefined)
    assert.equal(ledger.state.read('channel', { channel: 0 }), undefined)
    assert.equal(ledger.state.read('channel', { channel: 1 }), undefined)
  })

  test('INV-15 a force close is paid for out of the channel by a side without any coin', () => {
    const ledger = new TestLedger()
    openChannel(ledger, { client: 1_000n, hub: 500n })
    ledger.do({
      operations: [
        {
          kind: 'forceClose',
          channel: 0,
          by: 'client',
          own: lane(1, 100n),
          unsure: false,
          resume: undefined,
          peer: undefined,
        },
        { kind: 'payFee', channel: 0, role: 'client', amount: amount(5n) },
      ],
      signers: [ALICE],
    })
    const channel = ledger.channel(0)
    assert.ok(isClosing(channel))
    assert.equal(channel.client.feesPaid, 5n)
    assert.equal(channel.status.deadline, START + 100)
    ledger.time = timestamp(START + 101)
    const { id } = ledger.do(finalizeDraft(0))
    assert.equal(ledger.coinAmount({ txId: id, index: 0 }), 895n)
    assert.equal(ledger.coinAmount({ txId: id, index: 1 }), 600n)
  })

  test('fee_above_reserve and fee_above_payout: the reserve to the unit, and what is certain', () => {
    const ledger = new TestLedger()
    openChannel(ledger, { client: 1_000n, hub: 500n })
    const payFee = (value: bigint) => ({
      operations: [{ kind: 'payFee', channel: 0, role: 'client', amount: amount(value) } as const],
      reveals: [{ index: 1, link: lastLink(Number(value)) }],
      signers: [ALICE],
    })
    assert.equal(ledger.refusal(payFee(5n)), 'channel_not_closing')
    ledger.do(forceCloseDraft(ledger, 0, 'client', lane(1, 970n), undefined))
    assert.equal(ledger.refusal(payFee(51n)), 'fee_above_reserve')
    assert.equal(ledger.refusal(payFee(31n)), 'fee_above_payout')
    ledger.do(payFee(30n))
    assert.equal(ledger.refusal(payFee(1n)), 'fee_above_payout')
    assert.equal(ledger.refusal({ ...payFee(1n), signers: [HUB] }), 'missing_signature')
  })
})
