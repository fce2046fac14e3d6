import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { offerJson } from '#client-sdk/http/offer.js'
import { payingFetch } from '#client-sdk/http/paying-fetch.js'
import { redirectOf } from '#client-sdk/http/redirect.js'
import { PAYEE, serve, serveFor, buyer as wallet } from './test-buyer.js'

const CREDENTIALS = { authorization: 'Bearer S3CRET', cookie: 'sid=1' }

function demand(response: ServerResponse, payment: string, price: bigint) {
  const [chain, hub] = ['00'.repeat(32), '00'.repeat(32)]
  const offer = offerJson({ chain, asset: 0, hub, payee: PAYEE, price, unit: price })
  response.writeHead(402, { 'content-type': 'application/problem+json' })
  response.end(JSON.stringify({ payment, code: 'asked', offer }))
}

test('HTTP402-7 one request costs no more than its cap, however often the price changes', async (t) => {
  let asked = 0
  const shop = await serve(t, (request, response) => {
    const isPaid = request.headers['tally-ticks'] !== undefined
    demand(response, isPaid ? 'refused' : 'required', 1_000n - (++asked % 2 === 0 ? 1n : 0n))
  })
  const capped = wallet()
  const pay = payingFetch(capped.wallet, { budget: { perRequest: 1_000n } })
  await assert.rejects(pay(shop), { code: 'price_above_cap' })
  assert.ok(capped.given() > 0n && capped.given() <= 1_000n, `${capped.given()} were given away`)
  const free = wallet()
  await assert.rejects(payingFetch(free.wallet, { budget: {} })(shop), { code: 'payment_refused' })
  assert.ok(free.given() <= 2_000n, `${free.given()} were given away`)
})

test('HTTP402-7 the cap counts what ticks cost, and every hop of a request', async (t) => {
  let hops = 0
  const shop = await serve(t, (request, response) => {
    if (request.headers['tally-ticks'] === undefined) demand(response, 'required', 600n)
    else response.writeHead(302, { location: `/${++hops}`, 'tally-receipt': 'taken' }).end()
  })
  const buyer = wallet()
  const pay = payingFetch(buyer.wallet, { budget: { perRequest: 1_000n } })
  await assert.rejects(pay(shop), { code: 'price_above_cap' })
  assert.equal(buyer.given(), 600n)
})

test('HTTP402-7 who asks again for what was paid gets nothing more, and the ticks pay for the next', async (t) => {
  let [asked, isHonest] = [0, false]
  const shop = await serve(t, (request, response) => {
    asked++
    if (!isHonest) demand(response, 'required', 10n)
    else response.setHeader('tally-receipt', 'taken').end(request.headers['tally-ticks'])
  })
  const buyer = wallet()
  const pay = payingFetch(buyer.wallet, { budget: {} })
  await assert.rejects(pay(shop), { code: 'payment_refused' })
  assert.deepEqual([asked, buyer.given()], [2, 10n])
  isHonest = true
  assert.equal((await pay(shop)).status, 200)
  assert.equal(buyer.given(), 10n)
})

test('INV-32 a request waits for a bounded time while the seller owes as much as it may', async (t) => {
  const held: ServerResponse[] = []
  const shop = await serve(t, (request, response) => {
    if (request.headers['tally-ticks'] === undefined) demand(response, 'required', 10n)
    else held.push(response)
  })
  const buyer = wallet()
  const pay = payingFetch(buyer.wallet, { budget: {}, exposure: 1, waitSeconds: 0.05 })
  const first = pay(shop)
  await assert.rejects(pay(shop), { code: 'exposure_reached', retryable: true })
  for (const response of held) response.setHeader('tally-receipt', 'taken').end()
  assert.equal((await first).status, 200)
  assert.equal(buyer.given(), 10n)
})

test('HTTP402-8 a redirect goes on as the Fetch standard has it, and takes no credentials elsewhere', async (t) => {
  const seen = (request: IncomingMessage, response: ServerResponse) => {
    const { authorization = '', cookie = '', 'content-type': type = '' } = request.headers
    let body = ''
    request.on('data', (part) => {
      body += part
    })
    const { method } = request
    request.on('end', () =>
      response.end(JSON.stringify([method, body, type, authorization, cookie])),
    )
  }
  const elsewhere = await serve(t, seen)
  const shop = await serve(t, (request, response) => {
    const [, status, to] = request.url?.split('/') ?? []
    if (to === undefined) return seen(request, response)
    const location = to === 'here' ? '/' : elsewhere
    response.writeHead(Number(status), { location }).end()
  })
  const pay = payingFetch(wallet().wallet, { budget: {} })
  const headers = { ...CREDENTIALS, 'content-type': 'text/plain' }
  for (const method of ['POST', 'PUT', 'GET']) {
    for (const status of [301, 302, 303, 307, 308]) {
      for (const to of ['here', 'elsewhere']) {
        const init = { method, headers, ...(method !== 'GET' && { body: 'secret' }) }
        const own = (await (await pay(`${shop}/${status}/${to}`, init)).json()) as string[]
        const platform = await (await fetch(`${shop}/${status}/${to}`, init)).json()
        assert.deepEqual(own, platform, `${method} ${status} ${to}`)
        const isHere = to === 'here'
        assert.deepEqual(own.slice(3), isHere ? [CREDENTIALS.authorization, 'sid=1'] : ['', ''])
      }
    }
  }
  await assert.rejects(pay(`${shop}/307/here`, { redirect: 'error' }), { code: 'redirect_refused' })
  assert.equal((await pay(`${shop}/307/here`, { redirect: 'manual' })).status, 307)
})

test('HTTP402-8 no redirect leads from https to what others can read', () => {
  const url = new URL('https://shop.example/a')
  for (const location of ['http://shop.example/a', 'http://127.0.0.1/', 'data:,x', 'file:///x']) {
    const response = new Response(null, { status: 307, headers: { location } })
    assert.throws(() => redirectOf({ url, init: {} }, response), { code: 'redirect_refused' })
  }
  const upgrade = new Response(null, { status: 307, headers: { location: url.href } })
  const from = { url: new URL('http://shop.example/a'), init: {} }
  assert.equal(redirectOf(from, upgrade)?.url.href, url.href)
})

test('STREAM-7 a seller is told of the end where it was paid, not where something was free', async (t) => {
  const told: (string | undefined)[] = []
  const answer = ({ url, headers }: IncomingMessage, response: ServerResponse) => {
    const isPaid = headers['tally-ticks'] !== undefined
    if (url === '/free') response.end()
    else if (url === '/moved') response.writeHead(307, { location: '/free' }).end()
    else if (isPaid) response.setHeader('tally-receipt', 'taken').end()
    else demand(response, 'required', 10n)
  }
  const shop = await serve(t, answer, (request, response) => {
    told.push(request.url)
    response.writeHead(204).end()
  })
  for (const last of ['free', 'moved']) {
    const pay = payingFetch(wallet().wallet, { budget: {} })
    await pay(`${shop}/paid`)
    await pay(`${shop}/${last}`)
    await pay.leave(shop)
  }
  assert.deepEqual(told, ['/paid', '/paid'])
})

test('HTTP402-5 an answer without a body, as to HEAD, says by its headers what it waits for', async (t) => {
  const buyer = wallet({ isLate: true })
  const { desk } = buyer
  const shop = await serveFor(t, buyer)
  let refused = 0
  const pay = payingFetch(buyer.wallet, {
    budget: {},
    fetch: async (url, init) => {
      const response = await fetch(url, init)
      // The stream arrives once the seller was asked in vain.
      if (response.status === 402 && ++refused === 2) buyer.arrive()
      return response
    },
  })
  const head = { method: 'HEAD' }
  const first = await pay(shop, head)
  assert.deepEqual([first.status, first.headers.has('tally-receipt')], [200, true])
  assert.equal(buyer.given(), 10n)
  // After a crash it is told where the stream stands.
  await pay(`${shop}/more`, head)
  buyer.restart()
  const second = payingFetch(buyer.wallet, { budget: {} })
  assert.equal((await second(`${shop}/after`, head)).status, 200)
  assert.equal(buyer.opened.length, 1)
  assert.equal(desk.of(buyer.anchors[0] ?? assert.fail())?.tip.index, 3)
})
