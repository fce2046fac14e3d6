import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text as bodyText } from 'node:stream/consumers'
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

  await t.test('ACCOUNT-1 no key makes one that is wider than itself', async () => {
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
  })

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
      // Verified by the lines of the README.
      const verify = examples().find(([file]) => file === 'verify.mjs')?.[1] ?? ''
      const { isFromShop } = await import(`data:text/javascript,${encodeURIComponent(verify)}`)
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

  await t.test(
    'what is hostile is refused by name, or comes back exactly as it was given',
    async () => {
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
      for (const path of [
        '/v1/invoices/inv_1?x=1',
        '/v1/invoices?limit=0',
        '/v1/events?after=evt_0',
      ]) {
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
    },
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
    // The tutorial, as its reader would run it.
    for (const [file, code] of examples()) writeFileSync(join(network.dir, file), code)
    const env = { ...process.env, SHOP: shop.url, KEY: token }
    const seller = spawn(process.execPath, [join(network.dir, 'sell.mjs')], { env })
    const lines = createInterface({ input: seller.stdout })[Symbol.asyncIterator]()
    const { value: invoice } = await lines.next()
    await customer.pay(invoice, { key: invoice })
    assert.equal((await lines.next()).value, 'paid: 4711')
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

/** The code of the README. */
function examples(): [file: string, code: string][] {
  const readme = readFileSync(new URL('../../../merchant/README.md', import.meta.url), 'utf8')
  const blocks = readme.matchAll(/```js file=(\S+)\n([\s\S]*?)```/g)
  return [...blocks].map(([, file = '', code = '']) => [file, code])
}
