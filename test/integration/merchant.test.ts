import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text as bodyText } from 'node:stream/consumers'
import { test } from 'node:test'
import { openWallet } from '@tallystick/client-sdk/node'
import { tutorialBlocks } from '../tutorials/tutorial-blocks.js'
import { tryHostileRequests } from './merchant-hostile-requests.js'
import { tryCaps, tryWideKeys } from './merchant-keys.js'
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
    for (let after = ''; ; ) {
      const answer = await shop.get(path)
      if (answer.body.status === status) return answer
      const { body } = await shop.get(`/v1/events?wait=1${after}`)
      if (body.next !== null) after = `&after=${body.next}`
    }
  }

  const run = (...args: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const at = ['--data', shop.dataDir, '--url', shop.url]
      execFile(process.execPath, [MERCHANT, ...args, ...at], (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      )
    })

  let sale = ''
  await t.test(
    'ACCOUNT-4 the same key is the same invoice, and another body is refused',
    async () => {
      const order = { amount: '20000000', description: 'A lamp', metadata: { order: '4711' } }
      const first = await shop.post('/v1/invoices', order, { key: 'first-lamp' })
      assert.equal(first.status, 201, JSON.stringify(first.body))
      const again = await shop.post('/v1/invoices', order, { key: 'first-lamp' })
      assert.deepEqual(again.body, first.body)
      const other = await shop.post('/v1/invoices', { amount: '1' }, { key: 'first-lamp' })
      assert.deepEqual([other.status, other.body.code], [409, 'idempotency_key_reused'])
      const listed = await shop.get('/v1/invoices')
      assert.equal(listed.body.data.length, 1)
      sale = first.body.id
      const { body: seen } = await shop.get('/v1/events')
      const waits = shop.get(`/v1/events?wait=30${seen.next ? `&after=${seen.next}` : ''}`)
      await customer.pay(first.body.invoice, { key: first.body.invoice })
      // Answered by news, and neither before it nor without it.
      assert.notDeepEqual((await waits).body.data, [])
      const paid = await until(`/v1/invoices/${sale}`, 'paid')
      assert.equal(paid.body.received, '20000000')
      assert.deepEqual(await typesOf(sale), ['invoice.paid'])
    },
  )

  await t.test('BOOKS-2 the books reconcile to the unit, and are exported as CSV', async () => {
    const { code, stdout, stderr } = await run('books', 'export')
    assert.deepEqual([code, stderr], [0, ''])
    const [header, opening, sold, ...more] = stdout.split('\r\n')
    assert.equal(
      header,
      'time,kind,reference,account,ledger,channels,ledger_balance,channels_balance,text',
    )
    assert.match(opening ?? '', /^[\d-]+T[\d:.]+Z,opening,opening,acct_main,0,0,0,0,$/)
    assert.ok(
      sold?.endsWith(`,sale,${sale},acct_main,0,20000000,0,20000000,A lamp`),
      `${sold} is the sale`,
    )
    assert.deepEqual(more, [''])
  })

  // Held by its payee: so it is under way, in the wallet and at the hub, for as long as that is asked for.
  const held = await customer.createInvoice({ value: 3_000_000n, description: 'Cups', hold: true })
  const { body: quote } = await shop.get(`/v1/quote?invoice=${held.text}`)
  const cups = { anchor: held.anchor, wish: { invoice: held.text, fee_max: quote.fee } }

  await t.test(
    'what the wallet has done and nobody was told of is told at the next start, once',
    async () => {
      const { body } = await shop.post('/v1/invoices', { amount: '1000000' })
      const asked = shop.post('/v1/payments', cups.wish, { key: 'cups' }).catch(() => undefined)
      await customer.held(cups.anchor)
      await shop.kill()
      await asked
      // The wallet alone, as a process that dies before it has told anybody.
      const { ledgerUrl, hubUrl } = network
      const file = join(shop.dataDir, 'wallet.db')
      const alone = await openWallet({ words: network.seedOf('shop'), file, ledgerUrl, hubUrl })
      await alone.wallet.connected()
      await customer.pay(body.invoice, { key: body.invoice })
      await alone.wallet.paid(body.anchor)
      // Money that moves beside the server: in, out, and a sale that it never heard of.
      const [inTo, outTo] = [alone.wallet.payoutLock, customer.payoutLock]
      await customer.send({ lock: inTo, value: 5_000_000n })
      await alone.wallet.send({ lock: outTo, value: 1_000_000n })
      const foreign = await alone.wallet.createInvoice({ value: 7n })
      await customer.pay(foreign.text, { key: foreign.text })
      await alone.wallet.paid(foreign.anchor)
      await alone.close()
      shop = await MerchantProcess.start(network, 'shop', '--allow-private-webhooks')
      assert.deepEqual(await typesOf(body.id), ['invoice.paid'])
    },
  )

  await t.test(
    'BOOKS-2 what the books lack is named, and what the ledger did meanwhile is in them',
    async () => {
      const { code, stdout, stderr } = await run('books', 'export', '--format', 'json')
      const exported = JSON.parse(stdout)
      const kinds = exported.movements.map(({ kind }: { kind: string }) => kind)
      assert.deepEqual(kinds.sort(), [
        ...['deposit', 'ledger_fee', 'opening', 'sale', 'sale', 'withdrawal'],
      ])
      const { booked, found, difference } = exported.books
      assert.deepEqual(difference, { ledger: '0', channels: '7', total: '7' })
      assert.deepEqual([booked.channels, found.channels], ['21000000', '21000007'])
      assert.equal(exported.closing.ledger, found.ledger)
      assert.equal(code, 1)
      assert.match(
        stderr,
        /^books_do_not_reconcile: .* 0 more on the ledger, 7 more in channels\n$/,
      )
    },
  )

  await t.test('a payment whose process died under way is made once under its key', async () => {
    const made = await shop.post('/v1/payments', cups.wish, { key: 'cups' })
    assert.deepEqual([made.status, made.body.status], [201, 'pending'])
    await customer.capture(cups.anchor)
    const paid = await until(`/v1/payments/${made.body.id}`, 'paid')
    assert.equal(paid.body.fee, cups.wish.fee_max)
    assert.equal((await shop.get('/v1/payments')).body.data.length, 1)
    assert.deepEqual(await typesOf(made.body.id), ['payment.paid'])
    const { body: balance } = await shop.get('/v1/balance')
    assert.equal(BigInt(balance.in_channels), 21_000_007n - 3_000_000n - BigInt(paid.body.fee))
  })

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

  await t.test('what is held is captured or voided once, and told of at each step', async () => {
    for (const [decision, status] of [
      ['capture', 'paid'],
      ['cancel', 'cancelled'],
    ] as const) {
      const order = { amount: null, description: 'A room', hold: true }
      const { body: room } = await shop.post('/v1/invoices', order)
      const early = await shop.post(`/v1/invoices/${room.id}/capture`, {})
      assert.deepEqual([early.status, early.body.code], [422, 'invoice_not_held'])
      const { invoice } = room
      const pays = customer.pay(invoice, { key: invoice, amount: 2_000_000n }).then(
        ({ status }) => status,
        ({ code }) => code,
      )
      assert.equal((await until(`/v1/invoices/${room.id}`, 'held')).body.received, '2000000')
      const [first, second] = await Promise.all([
        shop.post(`/v1/invoices/${room.id}/${decision}`, {}, { key: room.id }),
        shop.post(`/v1/invoices/${room.id}/${decision}`, {}, { key: room.id }),
      ])
      assert.deepEqual([first.status, first.body.status, second.body], [200, status, first.body])
      assert.equal(await pays, decision === 'capture' ? 'paid' : 'payment_failed')
      assert.deepEqual(await typesOf(room.id), ['invoice.held', `invoice.${status}`])
    }
  })

  await t.test(
    'ACCOUNT-2 the caps of a key hold however many ask at once, and it ends at once',
    () => tryCaps(shop, { customer, sale }),
  )
  await t.test('ACCOUNT-1 no key makes one that is wider than itself', () => tryWideKeys(shop))

  await t.test(
    'HOOK-1 events are sent, signed, to whoever asked for them, and again by hand',
    async () => {
      const received: { headers: IncomingHttpHeaders; body: string }[] = []
      let arrived: () => void = () => undefined
      const server = createServer(async (request, response) => {
        received.push({ headers: request.headers, body: await bodyText(request) })
        response.writeHead(204).end()
        arrived()
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      t.after(() => server.close())
      const { port } = server.address() as AddressInfo
      const url = `http://127.0.0.1:${port}/hooks`
      const types = ['invoice.paid']
      const { body: endpoint } = await shop.post('/v1/webhook-endpoints', { url, types })
      const { body: bought } = await shop.post('/v1/invoices', { amount: '1000' })
      const comes = new Promise<void>((resolve) => {
        arrived = resolve
      })
      await customer.pay(bought.invoice, { key: bought.invoice })
      await comes
      const [first] = received
      assert.ok(first)
      // Verified by the lines of the tutorial.
      const { isFromShop } = await import(`data:text/javascript,${encodeURIComponent(verifier())}`)
      const { headers, body: said } = first
      assert.equal(isFromShop(headers, said, endpoint.secret), true)
      assert.equal(isFromShop(headers, `${said} `, endpoint.secret), false)
      assert.equal(isFromShop(headers, said, endpoint.secret, Date.now() + 600_000), false)
      const event = JSON.parse(first.body)
      assert.deepEqual(
        [event.id, event.type, event.data.id],
        [headers['webhook-id'], 'invoice.paid', bought.id],
      )
      const listed = await shop.get(`/v1/webhook-deliveries?event=${event.id}`)
      const { id } = listed.body.data[0]
      const comesAgain = new Promise<void>((resolve) => {
        arrived = resolve
      })
      await until(`/v1/webhook-deliveries/${id}`, 'delivered')
      await shop.post(`/v1/webhook-deliveries/${id}/resend`, {})
      await comesAgain
      assert.deepEqual(received[1]?.body, first.body)
      const done = await until(`/v1/webhook-deliveries/${id}`, 'delivered')
      assert.deepEqual(
        done.body.log.map(({ status }: { status: number }) => status),
        [204, 204],
      )
    },
  )

  await t.test('what is hostile is refused by name, or comes back exactly as it was given', () =>
    tryHostileRequests(shop),
  )

  await t.test(
    'BOOKS-2 a channel that is closed leaves books that reconcile as before',
    async () => {
      const { body: channels } = await shop.get('/v1/channels')
      for (const { id } of channels.data) {
        assert.equal((await shop.post(`/v1/channels/${id}/close`, {})).status, 202)
        await until(`/v1/channels/${id}`, 'closed')
      }
      const { body: books } = await shop.get('/v1/books')
      assert.deepEqual(books.difference, { ledger: '0', channels: '7', total: '7' })
      const { body: bookings } = await shop.get('/v1/bookings?limit=100')
      const payout = bookings.data.find(({ kind }: { kind: string }) => kind === 'channel_payout')
      assert.equal(BigInt(payout.ledger) + BigInt(payout.channels), 0n)
      assert.equal((await shop.get('/v1/balance')).body.in_channels, '0')
    },
  )

  await t.test('the command makes keys, and no log has a secret in it', async () => {
    const made = await run('key', 'create', '--name', 'till', '--allow', 'read,invoice', '--json')
    const { token } = JSON.parse(made.stdout)
    assert.match(token, /^tk_[\w-]{43}$/)
    assert.equal((await shop.get('/v1/invoices', token)).status, 200)
    // However often it died: each object has one event of a type.
    const { body } = await shop.get('/v1/events')
    const told = body.data.map(({ type, data }: { type: string; data: { id: string } }) => {
      return `${data.id} ${type}`
    })
    assert.deepEqual([...new Set(told)], told)
    assert.ok(told.some((one: string) => one.endsWith('channel.opened')))
    const said = await shop.stop()
    assert.ok(!said.includes(token) && !said.includes('tally1'), said)
  })
})

/** The lines by which the tutorial has a receiver verify what it is sent. */
function verifier(): string {
  const path = 'docs/tutorials/01-sell.md'
  const text = readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
  const blocks = tutorialBlocks(path, text)
  return blocks.find(({ name }) => name === 'verify.mjs')?.text ?? assert.fail(path)
}
