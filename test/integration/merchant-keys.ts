import assert from 'node:assert/strict'
import type { Wallet } from '@tallystick/client-sdk'
import type { MerchantProcess } from './merchant-process.js'

/** Pays with a key that has caps more than these allow, all at once; `sale` is an invoice of another account. */
export async function tryCaps(
  shop: MerchantProcess,
  { customer, sale }: { readonly customer: Wallet; readonly sale: string },
): Promise<void> {
  const account = await shop.post('/v1/accounts', { name: 'Anna' })
  const { body: key } = await shop.post('/v1/keys', {
    ...{ account: account.body.id, name: 'night', permissions: ['read', 'pay'] },
    ...{ per_payment: '1500000', total: '2500000' },
  })
  const { token } = key
  const texts = await Promise.all(
    [1_000_000n, 1_000_000n, 1_000_000n].map((value) => customer.createInvoice({ value })),
  )
  const answers = await Promise.all(
    texts.map(({ text }) => shop.post('/v1/payments', { invoice: text }, { token })),
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 403])
  const refused = answers.find(({ status }) => status === 403)
  assert.equal(refused?.body.code, 'spending_limit_exceeded')
  const seen = await shop.get('/v1/payments', token)
  assert.equal(seen.body.data.length, 2)
  assert.equal((await shop.get(`/v1/invoices/${sale}`, token)).status, 404)
  assert.equal((await shop.get('/v1/balance', token)).status, 403)
  assert.equal((await shop.post('/v1/invoices', { amount: '1' }, { token })).status, 403)
  await shop.post(`/v1/keys/${key.id}/revoke`, {})
  assert.equal((await shop.get('/v1/payments', token)).status, 401)
}

/** Makes a key with another one, and tries to have it allow more. */
export async function tryWideKeys(shop: MerchantProcess): Promise<void> {
  const wide = { name: 'mine', permissions: ['read', 'admin'] }
  const session = { ...wide, name: 'session', expires_in: 3_600, per_payment: '10' }
  const { body: mother } = await shop.post('/v1/keys', session)
  const { token } = mother
  const { body: made } = await shop.post('/v1/keys', wide, { token })
  assert.deepEqual(
    [made.made_by, made.expires, made.limits],
    [mother.id, mother.expires, mother.limits],
  )
  for (const more of [{ per_payment: '11' }, { expires_in: 86_400 }, { permissions: ['pay'] }]) {
    const refused = await shop.post('/v1/keys', { ...wide, ...more }, { token })
    assert.deepEqual([refused.status, refused.body.code], [403, 'not_permitted'])
  }
  await shop.post(`/v1/keys/${mother.id}/revoke`, {})
  assert.equal((await shop.get('/v1/keys', made.token)).status, 401)
}
