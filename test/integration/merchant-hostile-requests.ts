import assert from 'node:assert/strict'
import type { MerchantProcess } from './merchant-process.js'

/** Asks a shop's server for what is malformed, too much, strange or not there. */
export async function tryHostileRequests(shop: MerchantProcess): Promise<void> {
  const invoice = { amount: '1000', description: 'A lamp' }
  const amounts = [
    '1.5',
    '-1',
    '+1',
    '1e3',
    ' 1',
    '1 ',
    '01',
    '',
    '0',
    '0x10',
    '１',
    '9223372036854775808',
  ]
  const refusedBodies: readonly (readonly [body: object | string, code: string])[] = [
    ...amounts.map((amount) => [{ ...invoice, amount }, 'bad_request'] as const),
    [{ ...invoice, amount: 1000 }, 'bad_request'],
    [{ description: 'A lamp' }, 'bad_request'],
    [{ ...invoice, price: '1' }, 'bad_request'],
    [{ ...invoice, description: 'one\ntwo' }, 'bad_request'],
    [{ ...invoice, description: 'a\u202eb' }, 'bad_request'],
    [{ ...invoice, description: 'a\u0000b' }, 'bad_request'],
    ['{"amount":"1000","description":"\\ud800"}', 'bad_request'],
    [{ ...invoice, description: 'é'.repeat(513) }, 'bad_request'],
    [{ ...invoice, metadata: { 'a b': 'c' } }, 'bad_request'],
    [{ ...invoice, metadata: { a: 1 } }, 'bad_request'],
    [{ ...invoice, expiry_seconds: 0 }, 'bad_request'],
    [{ ...invoice, expiry_seconds: 1.5 }, 'bad_request'],
    ['{"amount":"1000","metadata":{"__proto__":"x"}}', 'bad_request'],
    ['{"amount":', 'bad_request'],
    ['{"amount":"1","amount":"1000"}', 'field_repeated'],
    ['{"amount":"1","metadata":{"a":"1","\\u0061":"2"}}', 'field_repeated'],
    ['[]', 'bad_request'],
    ['null', 'bad_request'],
    [{ ...invoice, metadata: { a: 'x'.repeat(70_000) } }, 'body_too_large'],
  ]
  for (const [body, code] of refusedBodies) {
    const answer = await shop.post('/v1/invoices', body)
    const said = JSON.stringify(body).slice(0, 200)
    assert.deepEqual([answer.body.code, answer.body.retryable], [code, false], said)
    assert.match(answer.body.request_id, /^req_/)
  }
  const strange = `<b>"'\\ 🦉 ${'ß'.repeat(40)} '; DROP TABLE object; --`
  const metadata = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`k${i}`, `=cmd|' /C calc'!A0\n\t${strange}`]),
  )
  const made = await shop.post('/v1/invoices', {
    amount: '9000',
    description: strange,
    metadata,
  })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const { body } = await shop.get(`/v1/invoices/${made.body.id}`)
  assert.deepEqual([body.description, body.metadata], [strange, metadata])
  for (const [invoiceText, code] of [
    ['tally1qqqq', 'invoice_malformed'],
    [made.body.invoice.slice(0, -1), 'invoice_malformed'],
    [made.body.invoice, 'own_invoice'],
    ['lnbc1', 'bad_request'],
  ]) {
    const answer = await shop.post('/v1/payments', { invoice: invoiceText })
    assert.equal(answer.body.code, code, JSON.stringify(answer.body))
  }
  assert.equal((await shop.get('/v1/payments?status=pending')).body.data.length, 0)
  for (const path of ['/v1/invoices/inv_1?x=1', '/v1/invoices?limit=0', '/v1/events?after=evt_0']) {
    assert.equal((await shop.get(path)).body.code, 'bad_request', path)
  }
  const headers = { authorization: `Bearer ${shop.operator}`, 'content-type': 'text/plain' }
  const plain = await fetch(`${shop.url}/v1/invoices`, { method: 'POST', headers, body: '{}' })
  assert.equal(plain.status, 415)
  const nobody = await fetch(`${shop.url}/v1/invoices`)
  assert.equal(nobody.status, 401)
  const other = await fetch(`${shop.url}/v1/invoices`, { method: 'PUT' })
  assert.deepEqual([other.status, other.headers.get('allow')], [405, 'POST, GET, HEAD'])
  const { body: document } = await shop.get('/openapi.json')
  assert.ok('/v1/invoices/{id}' in document.paths)
}
