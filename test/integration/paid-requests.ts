import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { payingFetch } from '@tallystick/client-sdk'
import { type OpenedWallet, requirePayment } from '@tallystick/client-sdk/node'
import { type Anchor, encodeTickFrame, Link, toHex } from '@tallystick/protocol'
import express from 'express'
import { l402Authorization, parseL402Challenge } from '#client-sdk/http/l402.js'
import { x402Offer, x402Signature } from '#client-sdk/http/x402.js'
import { openStreaming } from './streaming-wallet.js'
import { ONE, type TestNetwork } from './test-network.js'

/** Tries an API that is paid by the request: `buyer`, of the network's alice, pays `seller`, who has room to be paid. */
export async function tryPaidRequests(
  t: TestContext,
  parts: {
    readonly network: TestNetwork
    readonly buyer: OpenedWallet
    readonly seller: OpenedWallet
  },
): Promise<void> {
  const { network, seller: bob } = parts
  let alice = parts.buyer
  const price = 10n
  let [calls, fails] = [0, 0]
  const app = express()
  app.use('/free', (_, response) => void response.send('free'))
  app.use('/moved', (_, response) => response.redirect(307, `${elsewhere.origin}/free`))
  app.use(requirePayment(bob.wallet, { price, l402: { price: 500n, seconds: 60 } }))
  app.get('/answer', (request, response) => void response.json({ n: ++calls, of: request.url }))
  app.post('/order', (_, response) => void response.json({ n: ++calls }))
  app.get('/broken', (_, response) => {
    if (fails++ === 0) response.status(503).send('later')
    else response.send('mended')
  })
  const shop = await serve(t, app)
  const seen: (string | undefined)[] = []
  const elsewhere = await serve(t, (request, response) => {
    seen.push(request.headers['tally-ticks'] as string | undefined)
    response.end('elsewhere')
  })
  const budget = { perDay: 1_000_000n, perHost: 20_000n }
  const pay = payingFetch(alice.wallet, { budget, ticks: 64, exposure: 8 })
  const sent: string[] = []
  let key = ''
  const watched = payingFetch(alice.wallet, {
    ...{ budget, ticks: 32 },
    fetch: (url, init) => {
      const headers = new Headers(init?.headers)
      sent.push(headers.get('tally-ticks') ?? '')
      key = headers.get('idempotency-key') ?? ''
      return fetch(url, init)
    },
  })

  await t.test('a request without a payment is told what it costs', async () => {
    const response = await fetch(`${shop.origin}/answer`)
    assert.equal(response.status, 402)
    const body = (await response.json()) as { payment: string; offer: Record<string, unknown> }
    assert.deepEqual(
      [body.payment, body.offer['price'], body.offer['unit']],
      ['required', '10', '10'],
    )
    assert.equal(x402Offer(response.headers.get('payment-required') ?? '')?.price, 10n)
    assert.equal(calls, 0)
  })

  await t.test('is paid by itself, many at once, and says so in a receipt', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => pay(`${shop.origin}/answer`)),
    )
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    assert.equal(calls, 20)
    const receipt = answers[0]?.headers.get('tally-receipt') ?? ''
    assert.match(receipt, /^stream="[0-9a-f]{64}", tick=\d+, used=1, amount="10"$/)
    assert.equal(await (await pay(`${shop.origin}/free`)).text(), 'free')
  })

  await t.test(
    'HTTP402-3 the same ticks get the same answer, and pay for no other request',
    async () => {
      const first = await watched(`${shop.origin}/answer`)
      const ticks = { 'tally-ticks': sent.at(-1) ?? '' }
      const before = calls
      const again = await fetch(`${shop.origin}/answer`, { headers: ticks })
      assert.deepEqual(await again.json(), await first.json())
      assert.equal(again.headers.get('tally-receipt'), first.headers.get('tally-receipt'))
      const other = await fetch(`${shop.origin}/answer?other`, { headers: ticks })
      assert.equal(other.status, 402)
      const body = (await other.json()) as { code: string; payment: string }
      assert.deepEqual([body.code, body.payment], ['tick_used', 'refused'])
      assert.equal(calls, before)
    },
  )

  await t.test('keeps to what it may pay in all, and has the rest back at the end', async () => {
    const asked: bigint[] = []
    let quoted = 0n
    const few = payingFetch(alice.wallet, {
      budget: { inAll: 2_500n },
      ticks: 4,
      approve: async ({ offer, tickCost }) => {
        asked.push(offer.price)
        quoted = tickCost
      },
    })
    let served = 0
    await assert.rejects(
      async () => {
        for (;;) served += (await few(`${shop.origin}/answer`)).status === 200 ? 1 : 0
      },
      { code: 'budget_spent' },
    )
    const { ticks, cost, status } = await few.close()
    assert.deepEqual([ticks, status, asked], [served, 'closed', [price]])
    assert.ok(served >= 2 && cost <= 2_500n, `${served} requests for ${cost}`)
    assert.equal(cost, quoted * BigInt(ticks))
    assert.ok(alice.wallet.stream.list().every(({ ticks: many }) => many > 4))
  })

  await t.test('pays nobody who was not approved', async () => {
    const none = payingFetch(alice.wallet, {
      budget,
      approve: () => Promise.reject(new Error('too dear')),
    })
    await assert.rejects(none(`${shop.origin}/answer`), /too dear/)
    assert.deepEqual(await none.close(), { ticks: 0, cost: 0n, status: 'closed' })
  })

  await t.test('HTTP402-3 a body is the same by its key, whatever its length', async () => {
    const order = (body: string, headers: Record<string, string>) =>
      fetch(`${shop.origin}/order`, { method: 'POST', body, headers })
    const first = await watched(`${shop.origin}/order`, { method: 'POST', body: 'one' })
    const ticks = { 'tally-ticks': sent.at(-1) ?? '' }
    const before = calls
    assert.match(key, /^[0-9a-f]{32}$/)
    const again = await order('one', { ...ticks, 'idempotency-key': key })
    assert.deepEqual(await again.json(), await first.json())
    for (const headers of [ticks, { ...ticks, 'idempotency-key': 'another' }]) {
      const refused = await order('two', headers)
      assert.equal(((await refused.json()) as { code: string }).code, 'tick_used')
    }
    assert.equal(calls, before)
  })

  await t.test('HTTP402-3 what fails by the fault of the server is not paid', async () => {
    assert.equal((await watched(`${shop.origin}/broken`)).status, 503)
    const failed = sent.at(-1)
    assert.equal(await (await watched(`${shop.origin}/broken`)).text(), 'mended')
    assert.equal(sent.at(-1), failed)
  })

  await t.test('HTTP402-2 ticks do not go along with a redirect to another origin', async () => {
    assert.equal(await (await watched(`${shop.origin}/moved`)).text(), 'elsewhere')
    assert.ok(sent.at(-2) !== '')
    assert.deepEqual(seen, [undefined])
  })

  await t.test(
    'HTTP402-5 a stream that has not arrived is pending, a forged tick is refused',
    async () => {
      const unknown = {
        anchor: '0a'.repeat(32) as Anchor,
        index: 1,
        link: new Link(new Uint8Array(32)),
      }
      const token = encodeTickFrame({ ticks: [unknown], closes: false })
      const pending = await fetch(`${shop.origin}/answer`, { headers: { 'tally-ticks': token } })
      assert.equal(pending.headers.get('retry-after'), '1')
      assert.equal(((await pending.json()) as { payment: string }).payment, 'pending')
      const junk = await fetch(`${shop.origin}/answer`, { headers: { 'tally-ticks': '?' } })
      assert.equal(((await junk.json()) as { code: string }).code, 'tick_malformed')
    },
  )

  await t.test('HTTP402-6 x402 pays in its own headers', async () => {
    const { headers } = await fetch(`${shop.origin}/answer`)
    const offer = x402Offer(headers.get('payment-required') ?? '')
    assert.ok(offer !== undefined)
    const { payee: to, unit } = offer
    const stream = await alice.wallet.stream.open({ to, unit, ticks: 8 })
    const payment = await stream.pay()
    const signature = { 'payment-signature': x402Signature(offer, payment.token) }
    let paid = await fetch(`${shop.origin}/answer`, { headers: signature })
    while (paid.status === 402) {
      await pause(20)
      paid = await fetch(`${shop.origin}/answer`, { headers: signature })
    }
    const outcome = JSON.parse(atob(paid.headers.get('payment-response') ?? ''))
    assert.deepEqual([outcome.success, outcome.amount], [true, '10'])
    // As after a restart: nobody has asked this one for an offer before.
    const again = await serveApp(t, (app) => app.use(requirePayment(bob.wallet, { price })))
    const next = x402Signature(offer, (await stream.pay()).token)
    const renewed = await fetch(again.origin, { headers: { 'payment-signature': next } })
    assert.equal(JSON.parse(atob(renewed.headers.get('payment-response') ?? '')).success, true)
    bob.wallet.stream.take(await stream.close(), 0n)
  })

  await t.test('HTTP402-6 L402 lets in who has paid the invoice', async () => {
    const { headers } = await fetch(`${shop.origin}/answer`)
    const challenge = parseL402Challenge(headers.get('www-authenticate') ?? '')
    assert.ok(challenge !== undefined)
    const anchor = challenge.token.slice(0, 64) as Anchor
    const { preimage } = await alice.wallet.pay(challenge.invoice, { key: anchor })
    assert.ok(preimage !== undefined)
    await bob.wallet.paid(anchor)
    const paid = l402Authorization(challenge.token, toHex(preimage))
    const shown = (authorization: string) =>
      fetch(`${shop.origin}/answer`, { headers: { authorization } })
    const refusedFor = async (authorization: string) =>
      ((await (await shown(authorization)).json()) as { code: string }).code
    assert.equal((await shown(paid)).status, 200)
    assert.equal((await shown(paid.replace('L402', 'l402'))).status, 200)
    const forged = l402Authorization(challenge.token, '00'.repeat(32))
    assert.equal(await refusedFor(forged), 'token_invalid')
    const renewal = parseL402Challenge((await shown(forged)).headers.get('www-authenticate') ?? '')
    assert.ok(renewal !== undefined && renewal.invoice !== challenge.invoice)
    for (const l402 of [
      { price: 400n, seconds: 60 },
      { price: 500n, seconds: 60, route: 'other' },
    ]) {
      const other = await serveApp(t, (app) => app.use(requirePayment(bob.wallet, { price, l402 })))
      const response = await fetch(other.origin, { headers: { authorization: paid } })
      assert.equal(((await response.json()) as { code: string }).code, 'token_invalid')
    }
    const tag = challenge.token.slice(64)
    const sold = await bob.wallet.createInvoice({ value: 5n * ONE })
    await alice.wallet.pay(sold.text, { key: sold.anchor })
    await bob.wallet.paid(sold.anchor)
    const bought = `${sold.anchor}${tag}`
    assert.equal(await refusedFor(l402Authorization(bought, toHex(sold.preimage))), 'token_invalid')
    const back = await alice.wallet.createInvoice({ value: 500n })
    await bob.wallet.refund(back.text, { key: 'back', sale: anchor })
    assert.equal(await refusedFor(paid), 'token_invalid')
  })

  await t.test(
    'HTTP402-5 after a restart the same stream goes on, nothing is paid twice, and leaving gives the rest back',
    async () => {
      const terms = { budget: { perDay: 1_000_000n, perHost: 100_000n }, ticks: 32 }
      const paid = async () => {
        await bob.wallet.stream.received.flush()
        const streams = alice.wallet.stream.list()
        const sums = alice.wallet.channels().map(({ party }) => party.own.transferred)
        return { open: streams.length, sum: sums.reduce((a, b) => a + b, 0n) }
      }
      // A seller may not hear it the first time; then the rest would come back with the expiry only.
      const leaveAll = async (...all: ReturnType<typeof payingFetch>[]) => {
        for (let turns = 0; turns === 0 || (await paid()).open > 0; turns++) {
          assert.ok(turns < 500, 'the rest of every stream comes back')
          for (const each of all) await each.leave(shop.origin)
          await pause(20)
        }
      }
      await leaveAll(pay, watched)
      const before = (await paid()).sum
      const first = payingFetch(alice.wallet, terms)
      const url = `${shop.origin}/answer?book`
      for (let page = 1; page <= 3; page++) await first(`${url}${page}`)
      // What is free takes no tick, and one whose answer failed is used by the next.
      await first(`${shop.origin}/free`)
      const [{ anchor, fee } = fail()] = alice.wallet.stream
        .list()
        .flatMap((stream) => (stream.kind === 'paid' ? [stream] : []))
      fails = 0
      assert.equal((await first(`${shop.origin}/broken`)).status, 503)
      await alice.close()
      alice = await openStreaming(t, network, 'alice')
      const second = payingFetch(alice.wallet, terms)
      const positions: (string | null)[] = []
      for (let page = 4; page <= 6; page++) {
        const { status, headers } = await second(`${url}${page}`)
        assert.equal(status, 200)
        positions.push(headers.get('tally-position'))
        assert.ok(headers.get('tally-receipt')?.includes(anchor))
      }
      assert.deepEqual(
        positions.map((position) => position !== null),
        [true, false, false],
      )
      await alice.close()
      alice = await openStreaming(t, network, 'alice')
      await leaveAll(payingFetch(alice.wallet, terms))
      assert.equal((await paid()).sum - before, 6n * (price + fee))
    },
  )

  await t.test(
    'HTTP402-7 never spends more than its budget, however often it begins anew',
    async () => {
      const before = calls
      await assert.rejects(
        async () => {
          for (let i = 0; i < 400; i++) {
            const again = payingFetch(alice.wallet, { budget, ticks: 64 })
            await Promise.all([again(`${shop.origin}/answer`), again(`${shop.origin}/answer`)])
          }
        },
        { code: 'budget_spent' },
      )
      assert.ok((calls - before) * 11 <= 20_000)
    },
  )

  await t.test('HTTP402-2 does not pay where others may read along', async () => {
    const far = payingFetch(alice.wallet, {
      budget,
      fetch: () => fetch(`${shop.origin}/answer`),
    })
    await assert.rejects(far('http://shop.example/answer'), { code: 'insecure_url' })
  })
}

function fail(): never {
  return assert.fail('no stream was opened')
}

function serveApp(t: TestContext, set: (app: express.Express) => void) {
  const app = express()
  set(app)
  return serve(t, app)
}

async function serve(
  t: TestContext,
  handler: RequestListener,
): Promise<{ readonly origin: string }> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}
