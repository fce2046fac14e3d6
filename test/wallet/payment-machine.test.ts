import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ItemId } from '@tallystick/protocol'
import fc from 'fast-check'
import {
  isFinal,
  isResolved,
  PAYMENT_NEXT,
  stepPayment,
} from '#client-sdk/wallet/payment-machine.js'
import type { PaymentRecord } from '#client-sdk/wallet/wallet-records.js'
import { at, itemId, preimage } from '../protocol/test-channel.js'
import { WalletWorld } from './wallet-world.js'

/** A payment of as many parts, each named by its number from 1 on. */
function payment(count: number): PaymentRecord {
  const made = new WalletWorld().payment(1)
  const [part] = made.parts
  assert.ok(part !== undefined)
  return {
    ...made,
    parts: Array.from({ length: count }, (_, i) => ({ ...part, id: itemId(i + 1) })),
  }
}

const step = (made: PaymentRecord, name: number, status: 'cancelling' | 'failed' | 'unknown') =>
  stepPayment(made, itemId(name), { status, code: `${status} ${name}` }, at(1))
const paid = (made: PaymentRecord, name: number) =>
  stepPayment(made, itemId(name), { status: 'paid', preimage: preimage(1) }, at(1))

describe('PAY-3 PAY-6 what its parts make of a payment', () => {
  test('it is paid with the first part that is, and resolved with the last', () => {
    const half = paid(step(payment(2), 2, 'cancelling'), 1)
    assert.deepEqual([half.status, half.preimage, half.code], ['paid', preimage(1), ''])
    assert.equal(isResolved(half), false)
    assert.equal(isResolved(paid(half, 2)), true)
  })

  test('it has failed when every part has, by what the first of them failed of', () => {
    const one = step(step(payment(2), 1, 'cancelling'), 1, 'failed')
    assert.deepEqual([one.status, one.code], ['pending', 'cancelling 1'])
    const both = step(one, 2, 'failed')
    assert.deepEqual([both.status, both.code], ['failed', 'cancelling 1'])
  })

  test('it is unknown, and not failed, where one part is', () => {
    assert.equal(step(step(payment(2), 1, 'unknown'), 2, 'failed').status, 'unknown')
    assert.equal(step(step(payment(2), 1, 'failed'), 2, 'unknown').status, 'unknown')
  })

  test('no status ever comes back (property)', () => {
    const kinds = fc.constantFrom('cancelling', 'failed', 'unknown', 'paid')
    const news = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), kinds), { maxLength: 16 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), news, (count, all) => {
        let current = payment(count)
        for (const [name, kind] of all) {
          const id: ItemId = itemId(name)
          const next =
            kind === 'paid'
              ? paid(current, name)
              : stepPayment(current, id, { status: kind as 'failed', code: kind }, at(2))
          if (next.status !== current.status) {
            assert.ok(PAYMENT_NEXT[current.status].includes(next.status))
          }
          assert.equal(next.status === 'paid', next.preimage !== undefined)
          if (isFinal(current)) assert.equal(next.status, current.status)
          current = next
        }
      }),
    )
  })
})
