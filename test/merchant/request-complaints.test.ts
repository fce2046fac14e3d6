import assert from 'node:assert/strict'
import { test } from 'node:test'
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
