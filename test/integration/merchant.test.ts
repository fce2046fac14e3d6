import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { openWallet } from '@tallystick/client-sdk/node'
import { type Answer, MERCHANT, MerchantProcess } from './merchant-process.js'
import { startTestNetwork } from './test-network.js'

test("a shop's server sells, pays and refunds, and tells all of it once, whenever it dies", async (t) => {
  const network = await startTestNetwork(t, ['customer'])
  let shop = await MerchantProcess.start(network, 'shop')
  t.after(() => shop.kill())
  const { wallet: customer } = await network.wallet('customer')
  await customer.openChannel({ deposit: 100_000_000n })
  const typesOf = async (object: string): Promise<string[]> => {
    const { body } = await shop.get('/v1/events')
    return body.data
      .filter((event: { data: { id: string } }) => event.data.id === object)
      .map(({ type }: { type: string }) => type)
  }
  const until = async (path: string, status: string): Promise<Answer> => {
    for (;;) {
      const answer = await shop.get(path)
      if (answer.body.status === status) return answer
    }
  }

  let sale = ''
  await t.test(
    'ACCOUNT-4 the same key is the same invoice, and another body is refused',
    async () => {
      const order = { amount: '20000000', description: 'A lamp', metadata: { order: '4711' } }
      const first = await shop.post('/v1/invoices', order, { key: 'order-4711' })
      assert.equal(first.status, 201, JSON.stringify(first.body))
      const again = await shop.post('/v1/invoices', order, { key: 'order-4711' })
      assert.deepEqual(again.body, first.body)
      const other = await shop.post('/v1/invoices', { amount: '1' }, { key: 'order-4711' })
      assert.deepEqual([other.status, other.body.code], [409, 'idempotency_key_reused'])
      const listed = await shop.get('/v1/invoices')
      assert.equal(listed.body.data.length, 1)
      sale = first.body.id
      const waits = shop.get('/v1/events?wait=30')
      await customer.pay(first.body.invoice)
      await waits
      const paid = await until(`/v1/invoices/${sale}`, 'paid')
      assert.equal(paid.body.received, '20000000')
      assert.deepEqual(await typesOf(sale), ['invoice.paid'])
    },
  )

  await t.test(
    'what the wallet has done and nobody was told of is told at the next start, once',
    async () => {
      const { body } = await shop.post('/v1/invoices', { amount: '1000000' })
      await shop.kill()
      // The wallet alone, as a process that dies before it has told anybody.
      const { ledgerUrl, hubUrl } = network
      const file = join(shop.dataDir, 'wallet.db')
      const alone = await openWallet({ words: network.seedOf('shop'), file, ledgerUrl, hubUrl })
      await alone.wallet.connected()
      await customer.pay(body.invoice)
      await alone.wallet.paid(body.anchor)
      await alone.close()
      for (let start = 0; start < 2; start++) {
        shop = await MerchantProcess.start(network, 'shop')
        assert.deepEqual(await typesOf(body.id), ['invoice.paid'])
        if (start === 0) await shop.kill()
      }
    },
  )

  await t.test(
    'a payment whose process dies at any moment is made once under its key',
    async () => {
      const { text } = await customer.createInvoice({ value: 3_000_000n, description: 'Cups' })
      const quote = await shop.get(`/v1/quote?invoice=${text}`)
      const order = { invoice: text, fee_max: quote.body.fee }
      for (const delay of [3, 20]) {
        const asked = shop.post('/v1/payments', order, { key: 'cups' }).catch(() => undefined)
        await new Promise((resolve) => setTimeout(resolve, delay))
        await shop.kill()
        await asked
        shop = await MerchantProcess.start(network, 'shop')
      }
      const made = await shop.post('/v1/payments', order, { key: 'cups' })
      assert.equal(made.status, 201, JSON.stringify(made.body))
      const paid = await until(`/v1/payments/${made.body.id}`, 'paid')
      assert.equal(paid.body.fee, quote.body.fee)
      assert.equal((await shop.get('/v1/payments')).body.data.length, 1)
      assert.deepEqual(await typesOf(made.body.id), ['payment.paid'])
      const { body: balance } = await shop.get('/v1/balance')
      assert.equal(BigInt(balance.in_channels), 21_000_000n - 3_000_000n - BigInt(paid.body.fee))
    },
  )

  await t.test('a refund is linked to its sale and never above it', async () => {
    const { text } = await customer.createInvoice({ value: 5_000_000n })
    const made = await shop.post('/v1/refunds', { sale, invoice: text })
    assert.equal(made.body.status, 'paid', JSON.stringify(made.body))
    assert.equal((await shop.get(`/v1/invoices/${sale}`)).body.refunded, '5000000')
    const above = await customer.createInvoice({ value: 15_000_001n })
    const refused = await shop.post('/v1/refunds', { sale, invoice: above.text })
    assert.deepEqual([refused.status, refused.body.code], [422, 'refund_above_sale'])
    assert.equal((await shop.get('/v1/refunds')).body.data.length, 1)
  })

  await t.test(
    'ACCOUNT-2 the caps of a key hold however many ask at once, and it ends at once',
    async () => {
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
    },
  )

  await t.test('the commands list and make what the server has', async () => {
    const run = (...args: string[]) =>
      new Promise<string>((resolve, reject) => {
        const at = ['--data', shop.dataDir, '--url', shop.url, '--json']
        execFile(process.execPath, [MERCHANT, ...args, ...at], (error, stdout) =>
          error === null ? resolve(stdout) : reject(error),
        )
      })
    const [events, key] = await Promise.all([
      run('events'),
      run('key', 'create', '--name', 'till', '--allow', 'read,invoice'),
    ])
    assert.match(events, /"type":"channel.opened"/)
    const { token } = JSON.parse(key)
    assert.match(token, /^tk_[\w-]{43}$/)
    assert.equal((await shop.get('/v1/invoices', token)).status, 200)
    const said = await shop.stop()
    assert.ok(!said.includes(token) && !said.includes('tally1'), said)
  })
})
