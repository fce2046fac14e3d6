import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Anchor, sha256, timestamp, toHex, utf8 } from '@tallystick/protocol'
import fc from 'fast-check'
import type { Payment } from '#hub/core/payment.js'
import { EndedPayments } from '#hub/store/ended-payments.js'
import type { PaymentCursor } from '#hub/store/journal.js'
import { testPayment } from './test-payment.js'

const FIRST: PaymentCursor = { time: timestamp(0), anchor: '' as Anchor }

/** A payment that ended at `time`; anchors do not follow the order of names. */
function ended(name: number, time: number): Payment {
  const anchor = toHex(sha256(utf8(String(name)))) as Anchor
  return testPayment(anchor, 'settled', { time })
}

/** What is listed, without any order that is kept. */
function naive(all: Iterable<Payment>, after: PaymentCursor, before: number, count: number) {
  const keyOf = ({ time, anchor }: PaymentCursor) => `${String(time).padStart(9, '0')} ${anchor}`
  return [...all]
    .filter((payment) => keyOf(payment) > keyOf(after) && payment.time < before)
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    .slice(0, count)
}

describe('HUB-12 payments that have ended and are in no table yet', () => {
  test('are listed as if all were sorted for each page, whatever came and went', () => {
    const steps = fc.array(
      fc.record({ what: fc.constantFrom('add', 'add', 'add', 'remove', 'list'), pick: fc.nat() }),
      { minLength: 1, maxLength: 2_500, size: 'max' },
    )
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 400 }), (all, seconds) => {
        const payments = new EndedPayments()
        const held: Payment[] = []
        for (const [name, { what, pick }] of all.entries()) {
          if (what === 'add') {
            const payment = ended(name, 1 + (pick % seconds))
            payments.add(payment)
            held.push(payment)
          }
          if (what === 'remove' && held.length > 0) {
            const [payment] = held.splice(pick % held.length, 1)
            if (payment !== undefined) payments.remove(payment)
          }
          if (what === 'list' && name % 8 === 0) {
            const after = held[pick % (held.length + 1)] ?? FIRST
            const [before, count] = [1 + (pick % (seconds + 2)), 1 + (pick % 50)]
            const page = payments.page(after, timestamp(before), count)
            assert.deepEqual(page, naive(held, after, before, count))
          }
        }
        const whole = payments.page(FIRST, timestamp(seconds + 1), all.length)
        assert.deepEqual(whole, naive(held, FIRST, seconds + 1, all.length))
      }),
      { numRuns: 15 },
    )
  })

  test('are looked at by what a page shows, and not by how many there are', () => {
    let looks = 0
    const payments = new EndedPayments()
    for (let name = 0; name < 50_000; name++) {
      const payment = ended(name, 1 + (name % 1_000))
      const { time } = payment
      Object.defineProperty(payment, 'time', {
        get: () => {
          looks++
          return time
        },
      })
      payments.add(payment)
    }
    const after = { time: timestamp(500), anchor: 'ff'.repeat(32) as Anchor }
    looks = 0
    const page = payments.page(after, timestamp(900), 100)
    assert.equal(page.length, 100)
    assert.ok(looks <= 100 + 4 * 17 + 1, `${looks} looks`)
  })
})
