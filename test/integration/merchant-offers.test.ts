import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Wallet } from '@tallystick/client-sdk'
import { openWallet } from '@tallystick/client-sdk/node'
import { sha256, toHex, utf8 } from '@tallystick/protocol'
import { MERCHANT, MerchantProcess } from './merchant-process.js'
import { ONE, startTestNetwork } from './test-network.js'

test("a shop's server has what came by offers, unasked and by the tick in its lists and books", async (t) => {
  const network = await startTestNetwork(t, ['customer'])
  let shop = await MerchantProcess.start(network, 'shop')
  t.after(() => shop.kill())
  const { wallet: customer } = await network.wallet('customer')
  await customer.openChannel({ deposit: 100n * ONE })
  // A hub carries letters to who has a channel: the first sale brings one.
  const { body: first } = await shop.post('/v1/invoices', { amount: `${9n * ONE}` })
  await customer.pay(first.invoice, { key: first.invoice })
  const { body: account } = await shop.post('/v1/accounts', { name: 'Anna' })
  const { body: key } = await shop.post('/v1/keys', {
    ...{ account: account.id, name: 'till', permissions: ['read', 'invoice'] },
  })
  const paidBy = async (anchor: string) => {
    for (;;) {
      const { body } = await shop.get('/v1/invoices?status=paid')
      const found = body.data.find((invoice: { anchor: string }) => invoice.anchor === anchor)
      if (found !== undefined) return found
      await shop.get('/v1/events?wait=1')
    }
  }

  let offer: { id: string; offer: string } = { id: '', offer: '' }
  await t.test('OFFER-1 ACCOUNT-4 the same key is the same offer', async () => {
    const order = { amount: null, description: 'A coffee', metadata: { table: '4' } }
    const as = { key: 'coffee', token: key.token }
    const made = await shop.post('/v1/offers', order, as)
    assert.equal(made.status, 201, JSON.stringify(made.body))
    offer = made.body
    assert.match(offer.offer, /^tallyo1/)
    assert.deepEqual((await shop.post('/v1/offers', order, as)).body, made.body)
    assert.deepEqual((await shop.get(`/v1/offers/${offer.id}`)).body, made.body)
    assert.deepEqual((await shop.get('/v1/offers?status=active')).body.data, [made.body])
  })

  await t.test('OFFER-4 what an offer brings is of the account that made it', async () => {
    const made = await customer.payOffer(offer.offer, { key: 'one coffee', amount: 2n * ONE })
    const invoice = await paidBy(made.anchor)
    assert.deepEqual(
      [invoice.origin, invoice.offer, invoice.account, invoice.received, invoice.description],
      ['offer', offer.id, account.id, `${2n * ONE}`, 'A coffee'],
    )
    const { body } = await shop.get('/v1/events', key.token)
    const types = body.data
      .filter((event: { data: { id: string } }) => event.data.id === invoice.id)
      .map(({ type }: { type: string }) => type)
    assert.deepEqual(types, ['invoice.paid'])
  })

  await t.test('MAIL-5 what comes unasked is the shop’s own', async () => {
    const { payee } = await customer.quote(
      (await shop.post('/v1/invoices', { amount: '1000' })).body.invoice,
    )
    const gift = { to: payee, amount: 3n * ONE, key: 'a gift', message: 'Thanks' }
    const invoice = await paidBy((await customer.paySpontaneously(gift)).anchor)
    assert.deepEqual(
      [invoice.origin, invoice.offer, invoice.account, invoice.description],
      ['spontaneous', null, 'acct_main', 'Thanks'],
    )
  })

  await t.test('INVOICE-1 an invoice has a description, or the hash of one', async () => {
    const hash = toHex(sha256(utf8('A very long list of things')))
    const order = { amount: '5000', description_hash: hash }
    const { body } = await shop.post('/v1/invoices', order)
    assert.deepEqual([body.description_hash, body.description], [hash, `sha256:${hash}`])
    const { description } = await customer.quote(body.invoice)
    assert.ok(description.kind === 'hash' && toHex(description.hash) === hash)
    const both = await shop.post('/v1/invoices', { ...order, description: 'Things' })
    assert.deepEqual([both.status, both.body.code], [422, 'description_invalid'])
    const short = await shop.post('/v1/invoices', { ...order, description_hash: 'ab' })
    assert.equal(short.status, 400)
  })

  await t.test(
    'STREAM-5 what came while the server was away is told and booked at its start',
    async () => {
      await shop.stop()
      const { ledgerUrl, hubUrl } = network
      const file = join(shop.dataDir, 'wallet.db')
      const alone = await openWallet({
        ...{ words: network.seedOf('shop'), file, ledgerUrl, hubUrl, streams: { unitMin: 10n } },
      })
      await alone.wallet.connected()
      const away = await customer.payOffer(offer.offer, { key: 'away', amount: ONE })
      const wish = { to: alone.wallet.identity, unit: 10n, ticks: 400 }
      const stream = await customer.stream.open(wish)
      for (let tick = 1; tick <= 25; tick++) await payTick(stream, alone.wallet)
      alone.wallet.stream.take(await stream.close(), 0n)
      await stream.ended()
      await alone.wallet.stream.received.flush()
      const { items } = await alone.wallet.stream.ended('received')
      assert.deepEqual(
        items.map(({ paid }) => paid),
        [25],
      )
      await alone.close()
      shop = await MerchantProcess.start(network, 'shop')
      assert.equal((await paidBy(away.anchor)).offer, offer.id)
      const { body } = await shop.get('/v1/streams')
      assert.deepEqual(
        body.data.map(({ status, redeemed, earned }: Record<string, unknown>) => [
          status,
          redeemed,
          earned,
        ]),
        [['closed', 25, '250']],
      )
      assert.deepEqual((await shop.get(`/v1/streams/${body.data[0].id}`)).body, body.data[0])
      assert.deepEqual((await shop.get('/v1/streams', key.token)).body.data, [])
    },
  )

  await t.test('BOOKS-2 the books have all of it, and reconcile', async () => {
    const args = ['books', 'export', '--format', 'json', '--data', shop.dataDir, '--url', shop.url]
    const text = await new Promise<string>((resolve) =>
      execFile(process.execPath, [MERCHANT, ...args], (_, stdout) => resolve(stdout)),
    )
    const { movements, books } = JSON.parse(text)
    assert.equal(books.reconciles, true, text)
    const rows = movements.map((row: Record<string, string>) => {
      return [row['kind'], row['channels'], row['account']]
    })
    assert.deepEqual(rows, [
      ['opening', '0', 'acct_main'],
      ['sale', `${9n * ONE}`, 'acct_main'],
      ['sale', `${2n * ONE}`, account.id],
      ['sale', `${3n * ONE}`, 'acct_main'],
      ['sale', `${ONE}`, account.id],
      ['stream', '250', 'acct_main'],
    ])
  })

  await t.test('an offer that is withdrawn gives no invoices any more', async () => {
    const path = `/v1/offers/${offer.id}/withdraw`
    const { body } = await shop.post(path, {}, { token: key.token })
    assert.equal(body.status, 'withdrawn')
    assert.deepEqual((await shop.post(path, {})).body, body)
    await assert.rejects(
      customer.payOffer(offer.offer, { key: 'too late', amount: ONE }),
      /offer_unknown/,
    )
  })
})

/** Pays one tick and has it served, as soon as the payee has heard of the stream. */
async function payTick(
  stream: Awaited<ReturnType<Wallet['stream']['open']>>,
  payee: Wallet,
): Promise<void> {
  const payment = await stream.pay()
  for (;;) {
    try {
      payee.stream.take(payment.token, 10n)
      return payment.served()
    } catch (error) {
      if ((error as { code?: string }).code !== 'stream_unknown') throw error
      await pause(20)
    }
  }
}
