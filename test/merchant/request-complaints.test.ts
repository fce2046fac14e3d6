import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '#merchant/api/idempotency.js'
import { BODIES, complaint } from '#merchant/api/parameters.js'
import { refusedUrl } from '#merchant/webhook/webhook-url.js'

test('API-6 what is wrong with a request says what would be right', () => {
  const { error } = BODIES.invoice.safeParse({ amount: '5', metadata: { 'a b': 'x' } })
  assert.match(error === undefined ? '' : complaint(error), /^metadata\.a b: .* up to 39 letters/)
  const large = BODIES.invoice.safeParse({ amount: '9'.repeat(20) })
  assert.equal(large.error && complaint(large.error), 'amount: at most 2^63-1')
  const long = `https://shop.example/${'a'.repeat(2_048)}`
  assert.match(refusedUrl(long, false) ?? '', /at most 2048 characters/)
})

test('ACCOUNT-4 the same body is the same request, in whatever order its fields stand', () => {
  const request = { method: 'POST', path: '/v1/invoices' }
  const one = { amount: '1', metadata: { a: '1', b: '2' }, list: [1, { c: 3, d: 4 }] }
  const other = { list: [1, { d: 4, c: 3 }], metadata: { b: '2', a: '1' }, amount: '1' }
  assert.equal(digestOf(request, one), digestOf(request, other))
  for (const change of [{ amount: '2' }, { list: [{ c: 3, d: 4 }, 1] }, { metadata: { a: '2' } }]) {
    assert.notEqual(digestOf(request, one), digestOf(request, { ...one, ...change }))
  }
})
