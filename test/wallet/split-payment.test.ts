import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ChannelId } from '@tallystick/protocol'
import fc from 'fast-check'
import { mostPayable, splitPayment } from '#client-sdk/wallet/split-payment.js'

const feeOf = (value: bigint) => 10n + (value + 99n) / 100n
const RULES = { feeOf, partMin: 5n }

function channels(...rooms: readonly bigint[]) {
  return rooms.map((spendable, i) => ({ channel: `${i}` as ChannelId, spendable }))
}
const shareOf = (value: bigint, ...rooms: readonly bigint[]) =>
  splitPayment(value, channels(...rooms), RULES)?.map(({ channel, amount }) => [channel, amount])

describe('PAY-6 a payment over several channels', () => {
  test('stays in one where one is enough', () => {
    assert.deepEqual(shareOf(100n, 50n, 111n, 90n), [['1', 100n]])
  })

  test('takes those with most first, each as far as it goes with its fee', () => {
    assert.deepEqual(shareOf(150n, 61n, 111n, 30n), [
      ['1', 100n],
      ['0', 50n],
    ])
  })

  test('leaves the last part as much as an item needs', () => {
    assert.deepEqual(shareOf(102n, 111n, 111n), [
      ['0', 97n],
      ['1', 5n],
    ])
  })

  test('is none where all of them are too small, or none is left', () => {
    assert.equal(shareOf(200n, 111n, 100n), undefined)
    assert.equal(shareOf(4n, 1_000n), undefined)
    assert.equal(shareOf(100n), undefined)
  })

  test('adds up, fits every channel and is never of more parts than needed (property)', () => {
    const rooms = fc.array(fc.bigInt({ min: -50n, max: 2_000n }), { maxLength: 20 })
    fc.assert(
      fc.property(fc.bigInt({ min: 5n, max: 8_000n }), rooms, (value, all) => {
        const given = channels(...all)
        const parts = splitPayment(value, given, RULES)
        if (parts === undefined) {
          assert.ok(mostPayable(given, RULES) < value + 5n * 16n)
          return
        }
        assert.equal(
          parts.reduce((sum, { amount }) => sum + amount, 0n),
          value,
        )
        assert.ok(parts.length <= 16)
        assert.equal(new Set(parts.map(({ channel }) => channel)).size, parts.length)
        for (const { channel, amount, fee } of parts) {
          assert.ok(amount >= 5n)
          assert.equal(fee, feeOf(amount))
          assert.ok(amount + fee <= (all[Number(channel)] ?? 0n))
        }
        const fewer = { ...RULES, partsMax: parts.length - 1 }
        assert.ok(parts.length === 1 || mostPayable(given, fewer) < value)
      }),
    )
  })
})
