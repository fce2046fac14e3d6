import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ItemId, isRejection } from '@tallystick/protocol'
import fc from 'fast-check'
import {
  type Charge,
  charge,
  dayOf,
  encodeCharges,
  leftOf,
  settleCharge,
  storedCharges,
} from '#client-sdk/http/spending.js'
import { codeOf, itemId } from '../protocol/test-channel.js'

const BUDGET = { perDay: 1_000n, perHost: 600n }
const wish = (host: string, amount: bigint, stream: ItemId = itemId(1), day = 7) => {
  return { host, day, stream, amount }
}

test('HTTP402-7 all that is set aside in a day stays within the budget, in all and for each host', () => {
  const wishes = fc.array(
    fc.tuple(
      fc.constantFrom('a', 'b', 'c'),
      fc.bigInt({ min: 0n, max: 700n }),
      fc.integer({ min: 7, max: 8 }),
    ),
  )
  fc.assert(
    fc.property(wishes, (asked) => {
      let charges: readonly Charge[] = []
      let day = 7
      for (const [host, amount, on] of asked) {
        day = Math.max(day, on)
        const next = charge(charges, BUDGET, wish(host, amount, itemId(1), day))
        if (!isRejection(next)) charges = storedCharges(encodeCharges(next))
        const today = charges.filter((one) => one.day === day)
        const sumOf = (some: readonly Charge[]) => some.reduce((sum, one) => sum + one.amount, 0n)
        assert.ok(sumOf(today) <= BUDGET.perDay)
        for (const name of ['a', 'b', 'c']) {
          assert.ok(sumOf(today.filter((one) => one.host === name)) <= BUDGET.perHost)
        }
      }
    }),
  )
})

test('HTTP402-7 what a stream did not cost is free again, and never more than was set aside', () => {
  const held = charge([], BUDGET, wish('a', 600n))
  assert.ok(!isRejection(held))
  assert.equal(codeOf(charge(held, BUDGET, wish('a', 1n))), 'budget_spent')
  assert.equal(leftOf(settleCharge(held, itemId(1), 250n), BUDGET, 'a', 7), 350n)
  assert.deepEqual(settleCharge(held, itemId(1), 900n), held)
  assert.deepEqual(settleCharge(held, itemId(2), 0n), held)
})

test('HTTP402-7 another day has a budget of its own', () => {
  const held = charge([], BUDGET, wish('a', 600n))
  assert.ok(!isRejection(held))
  assert.equal(leftOf(held, BUDGET, 'a', 8), 600n)
  assert.deepEqual([dayOf(86_399), dayOf(86_400)], [0, 1])
})
