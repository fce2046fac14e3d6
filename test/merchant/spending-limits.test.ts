import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { eventTypes, mayBecome } from '#merchant/core/object-events.js'
import { overSpent } from '#merchant/core/spending-limits.js'

const amount = fc.bigInt({ min: 0n, max: 50n })
const limit = fc.option(amount, { nil: undefined })

describe('ACCOUNT-2 what may be spent', () => {
  test('is refused exactly when one of the limits would be passed', () => {
    fc.assert(
      fc.property(limit, limit, limit, amount, amount, amount, (...drawn) => {
        const [perPayment, perDay, total, day, before, more] = drawn
        const spent = { day, ever: day + before }
        const isOver =
          (perPayment !== undefined && more > perPayment) ||
          (perDay !== undefined && day + more > perDay) ||
          (total !== undefined && day + before + more > total)
        const said = overSpent('the key', { perPayment, perDay, total }, spent, more)
        assert.equal(said !== undefined, isOver)
      }),
    )
  })

  test('names the limit, what is left of it and what was asked', () => {
    const limits = { perPayment: undefined, perDay: 10n, total: undefined }
    assert.equal(
      overSpent('the key', limits, { day: 8n, ever: 90n }, 3n),
      'the key may spend 10 base units in 24 hours; 8 are spent or promised, and this may cost 3',
    )
  })
})

describe('ACCOUNT-3 what an object becomes', () => {
  test('never goes backwards, and what is final stays', () => {
    for (const final of ['paid', 'expired', 'cancelled'] as const) {
      for (const next of ['open', 'held', 'paid', 'expired', 'cancelled'] as const) {
        assert.equal(mayBecome('invoice', final, next), false)
      }
    }
    assert.equal(mayBecome('invoice', 'held', 'open'), false)
    assert.equal(mayBecome('payment', 'failed', 'paid'), false)
    assert.equal(mayBecome('channel', 'closed', 'closing'), false)
  })

  test('is told once for each status, also for those that it passed while nobody looked', () => {
    const seen = (before: 'open' | 'held' | 'paid', after: 'held' | 'paid', isHold: boolean) =>
      eventTypes('invoice', before, after, { isHold })
    assert.deepEqual(seen('open', 'paid', false), ['invoice.paid'])
    assert.deepEqual(seen('open', 'paid', true), ['invoice.held', 'invoice.paid'])
    assert.deepEqual(seen('held', 'paid', true), ['invoice.paid'])
    assert.deepEqual(seen('paid', 'paid', true), [])
  })
})
