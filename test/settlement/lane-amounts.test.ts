import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AMOUNT_MAX, amount, type LaneState, type Operation } from '@tallystick/protocol'
import { forceCloseDraft, item, lane, openChannel } from './test-channel.js'
import { ALICE, HUB, START, TestLedger } from './test-ledger.js'

/** Each item is in range by itself; together they are not. */
const HUGE: LaneState = lane(2, 0n, {
  items: [item(1, AMOUNT_MAX, START + 9), item(2, 1n, START + 9)],
})
const NOBODY_SIGNED = { kind: 'single', signature: new Uint8Array(64) } as const

describe('INV-3 a lane whose items sum to 2^63 is refused by name, whoever shows it:', () => {
  test('in a force close, as the own lane or as the other one', () => {
    const ledger = new TestLedger()
    openChannel(ledger, { client: 1_000n, hub: 500n })
    const operations: Operation[] = [
      {
        kind: 'forceClose',
        channel: 0,
        by: 'client',
        own: HUGE,
        unsure: false,
        resume: undefined,
        peer: undefined,
      },
      {
        ...{
          kind: 'forceClose',
          channel: 0,
          by: 'client',
          own: lane(1, 0n),
          unsure: false,
          resume: undefined,
        },
        peer: { lane: HUGE, evidence: NOBODY_SIGNED },
      },
    ]
    for (const operation of operations) {
      const draft = { spends: [ledger.coin(ALICE)], operations: [operation], signers: [ALICE] }
      assert.equal(ledger.refusal(draft), 'amount_out_of_range')
    }
  })

  test('in a challenge, as the proof or as the own lane', () => {
    const ledger = new TestLedger()
    openChannel(ledger, { client: 1_000n, hub: 500n })
    ledger.do(forceCloseDraft(ledger, 0, 'client', lane(1, 0n), undefined))
    const signed = (shown: LaneState) => ({ lane: shown, evidence: NOBODY_SIGNED })
    const operations: Operation[] = [
      {
        kind: 'challenge',
        channel: 0,
        proof: signed(HUGE),
        own: undefined,
        resume: undefined,
        guard: undefined,
      },
      {
        kind: 'challenge',
        channel: 0,
        proof: signed(lane(2, 5n)),
        own: HUGE,
        resume: undefined,
        guard: undefined,
      },
    ]
    for (const operation of operations) {
      const draft = { spends: [ledger.coin(HUB)], operations: [operation], signers: [HUB] }
      assert.equal(ledger.refusal(draft), 'amount_out_of_range')
    }
  })

  test('a sum of 2^63-1 is in range, and merely insolvent', () => {
    const ledger = new TestLedger()
    openChannel(ledger, { client: 1_000n, hub: 500n })
    const largest = lane(2, 0n, {
      items: [item(1, amount(AMOUNT_MAX - 1n), START + 9), item(2, 1n, START + 9)],
    })
    const draft = forceCloseDraft(ledger, 0, 'client', largest, undefined)
    assert.equal(ledger.refusal(draft), 'proofs_insolvent')
  })
})
