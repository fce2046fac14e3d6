import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { anchorOf, timestamp } from '@tallystick/protocol'
import {
  finalizeDraft,
  forceCloseDraft,
  item,
  lane,
  lastLink,
  openChannel,
} from './test-channel.js'
import { HUB, START, TestLedger } from './test-ledger.js'

const DEADLINE = START + 100
const EXPIRY = START + 200

/** A channel of 1,000 and 500 that the client closes with one item of 80 to the hub. */
function closedWithItem(): TestLedger {
  const ledger = new TestLedger()
  openChannel(ledger, { client: 1_000n, hub: 500n })
  const own = lane(1, 100n, { items: [item(1, 80n, EXPIRY)] })
  ledger.do(forceCloseDraft(ledger, 0, 'client', own, undefined))
  return ledger
}

function reveal(ledger: TestLedger, name: number, index = 1, link = lastLink(name)): void {
  ledger.do({ spends: [ledger.coin(HUB)], reveals: [{ index, link }], signers: [HUB] })
}

function finalize(ledger: TestLedger, part: number): readonly [client: bigint, hub: bigint] {
  const { id } = ledger.do(finalizeDraft(0, part))
  const paid = (index: number) => ledger.coinAmount({ txId: id, index }) ?? 0n
  return [paid(0), paid(1)]
}

describe('INV-30 a reveal counts up to the second of the expiry:', () => {
  for (const [when, time, payout] of [
    ['one second before', EXPIRY - 1, [820n, 680n]],
    ['in the very second', EXPIRY, [820n, 680n]],
    ['one second after', EXPIRY + 1, [900n, 600n]],
  ] as const) {
    test(when, () => {
      const ledger = closedWithItem()
      ledger.time = timestamp(time)
      reveal(ledger, 1)
      ledger.time = timestamp(EXPIRY + 1)
      assert.deepEqual(finalize(ledger, 0), payout)
      assert.equal(ledger.state.read('channel', { channel: 0 }), undefined)
    })
  }

  test('never revealed: the payer keeps it from one second after the expiry on', () => {
    const ledger = closedWithItem()
    ledger.time = timestamp(EXPIRY)
    assert.deepEqual(finalize(ledger, 0), [820n, 600n])
    assert.equal(ledger.refusal(finalizeDraft(0, 1)), 'nothing_decided')
    ledger.time = timestamp(EXPIRY + 1)
    assert.deepEqual(finalize(ledger, 1), [80n, 0n])
    assert.equal(ledger.state.read('channel', { channel: 0 }), undefined)
  })
})

describe('DSP-7 a channel is settled in parts:', () => {
  test('what waits stays, what a reveal decides is paid at once, and nothing twice', () => {
    const ledger = closedWithItem()
    ledger.time = timestamp(DEADLINE + 1)
    assert.deepEqual(finalize(ledger, 0), [820n, 600n])
    assert.equal(ledger.refusal(finalizeDraft(0, 0)), 'finalize_out_of_order')
    assert.equal(ledger.refusal(finalizeDraft(0, 1)), 'nothing_decided')
    reveal(ledger, 1)
    assert.deepEqual(finalize(ledger, 1), [0n, 80n])
    assert.equal(ledger.refusal(finalizeDraft(0, 2)), 'channel_missing')
  })

  test('a stream pays for each link that becomes known in time, in any number of parts', () => {
    const ledger = new TestLedger()
    openChannel(ledger, { client: 1_000n, hub: 500n })
    const stream = item(1, 7n, EXPIRY, { ticks: 10, paid: 2 })
    const own = lane(1, 14n, { items: [stream] })
    ledger.do(forceCloseDraft(ledger, 0, 'client', own, undefined))
    ledger.time = timestamp(DEADLINE + 1)
    // 1,000 - 14 and eight ticks open; the hub is certain of 500 + 14.
    assert.deepEqual(finalize(ledger, 0), [930n, 514n])
    reveal(ledger, 1, 5, linkAt(1, 10, 5))
    assert.deepEqual(finalize(ledger, 1), [0n, 21n])
    ledger.time = timestamp(EXPIRY)
    reveal(ledger, 1, 8, linkAt(1, 10, 8))
    assert.deepEqual(finalize(ledger, 2), [0n, 21n])
    ledger.time = timestamp(EXPIRY + 1)
    reveal(ledger, 1, 10, lastLink(1))
    assert.deepEqual(finalize(ledger, 3), [14n, 0n])
    assert.equal(ledger.state.read('channel', { channel: 0 }), undefined)
  })

  test('one reveal decides the payment on every channel that waits for it', () => {
    const ledger = new TestLedger()
    for (const number of [0, 1]) {
      openChannel(ledger, { client: 1_000n, hub: 500n })
      const own = lane(1, 0n, { items: [item(1, 80n, EXPIRY)] })
      ledger.do(forceCloseDraft(ledger, number, 'client', own, undefined))
    }
    reveal(ledger, 1)
    ledger.time = timestamp(DEADLINE + 1)
    for (const number of [0, 1]) {
      const { id } = ledger.do(finalizeDraft(number))
      assert.equal(ledger.coinAmount({ txId: id, index: 0 }), 920n)
      assert.equal(ledger.coinAmount({ txId: id, index: 1 }), 580n)
    }
  })
})

/** Link number `index` of the chain of `name`, which has `ticks` links. */
function linkAt(name: number, ticks: number, index: number): Uint8Array {
  return Buffer.from(anchorHex(name, ticks - index), 'hex')
}

function anchorHex(name: number, steps: number): string {
  return anchorOf(lastLink(name), steps)
}
