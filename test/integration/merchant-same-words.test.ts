import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MerchantProcess } from './merchant-process.js'
import { startTestNetwork } from './test-network.js'

/** A server that says nothing of it would be asked for ever. */
const TWO_MINUTES_MS = 120_000

test('CH-19 WIRE-3 of two servers with the same words the one that is refused takes nothing, and the one that lost its channels says so', async (t) => {
  const network = await startTestNetwork(t, ['customer'])
  let shop = await MerchantProcess.start(network, 'shop')
  t.after(() => shop.kill())
  const { port } = new URL(shop.url)
  const twin = { ...network, wordsOf: () => network.wordsOf('shop') }
  const { wallet: customer } = await network.wallet('customer')
  await customer.openChannel({ deposit: 100_000_000n })
  const ask = async () => {
    const { body } = await shop.post('/v1/invoices', { amount: '1000000' })
    return body as { readonly id: string; readonly invoice: string }
  }
  const untilPaid = async (id: string) => {
    for (let after = ''; ; ) {
      const { body } = await shop.get(`/v1/invoices/${id}`)
      if (body.status === 'paid') return
      const news = await shop.get(`/v1/events?wait=1${after}`)
      if (news.body.next !== null) after = `&after=${news.body.next}`
    }
  }
  const readiness = async () => (await shop.get('/readyz')).status
  const first = await ask()
  await customer.pay(first.invoice, { key: first.id })
  await untilPaid(first.id)

  await t.test('a second one whose port is taken ends before it has connected', async () => {
    await assert.rejects(MerchantProcess.start(twin, 'second', '--port', port), /address_unusable/)
    const { id, invoice } = await ask()
    assert.equal((await customer.pay(invoice, { key: id })).status, 'paid')
    await untilPaid(id)
    assert.equal(await readiness(), 200)
  })

  await t.test(
    'API-7 one whose channels another one has is not ready',
    { timeout: TWO_MINUTES_MS },
    async () => {
      const asked = await ask()
      const third = await MerchantProcess.start(twin, 'third')
      while ((await readiness()) === 200) await new Promise(setImmediate)
      const { body } = await shop.get('/readyz')
      assert.deepEqual([body.code, /same words/.test(body.detail)], ['not_ready', true])
      await third.stop()
      const payment = customer.pay(asked.invoice, { key: asked.id })
      // Any use of it takes the channels back, and with them what came meanwhile.
      await ask()
      assert.equal(await readiness(), 200)
      assert.equal((await payment).status, 'paid')
      await untilPaid(asked.id)
    },
  )

  await t.test(
    'INV-17 killed while payments come, it is told all of them, and its books are right',
    async () => {
      const asked = [await ask(), await ask(), await ask(), await ask()]
      const payments = asked.map(({ id, invoice }) => customer.pay(invoice, { key: id }))
      await payments[0]
      await shop.kill()
      shop = await MerchantProcess.start(network, 'shop')
      for (const payment of payments) assert.equal((await payment).status, 'paid')
      for (const { id } of asked) await untilPaid(id)
      const { body } = await shop.get('/v1/books')
      assert.equal(body.reconciles, true)
    },
  )
})
