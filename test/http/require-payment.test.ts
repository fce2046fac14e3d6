import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { amount, encodeTickFrame, Link, type TickFrame } from '@tallystick/protocol'
import express from 'express'
import { PaidRoute } from '#client-sdk/node/require-payment.js'
import { StreamDesk } from '#client-sdk/stream/stream-desk.js'
import { TickChain } from '#client-sdk/stream/tick-chain.js'
import { at, itemId, NOW, preimage, SIGNERS, testChannel } from '../protocol/test-channel.js'

const CHAIN = new TickChain(preimage(7), 3_000)
const tick = (index: number) => CHAIN.tick(index)
const token = (...ticks: TickFrame['ticks']) => encodeTickFrame({ ticks, closes: false })

/** A seller at 1 a request; a request that is let through is answered by `handler`. */
async function seller() {
  const desk = new StreamDesk({
    clock: { nowMs: () => 0, after: () => () => undefined },
    now: () => NOW,
    redeem: async () => undefined,
    policy: { ticks: 1_000, amount: 1_000n, afterMs: 1_000, idleMs: 1_000 },
  })
  desk.learn({
    ...{ kind: 'received', id: itemId(1), channel: testChannel().id, anchor: CHAIN.anchor },
    ...{ unit: amount(1n), ticks: CHAIN.ticks, expiry: at(1_000), known: undefined },
    ...{ paid: 0, status: 'open', time: NOW },
  })
  const { publicKey } = SIGNERS.client
  const terms = { chain: CHAIN.anchor, asset: 0, hub: publicKey, payee: publicKey }
  const offer = async (price: bigint, unit: bigint) => ({ ...terms, price, unit })
  const streams = { received: desk, offer, ready: async () => undefined }
  const route = new PaidRoute(streams, { price: 1n, unit: 1n }, undefined)
  const dearer = new PaidRoute(streams, { price: 2n, unit: 1n }, undefined)
  let handler: (response: ServerResponse) => void
  const server = createServer((request, response) =>
    route.handle(request, response, () => handler(response)),
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => server.close())
  const { port } = server.address() as AddressInfo
  const open = (path: string, shown: string) =>
    get({ port, path, agent: false, headers: { 'tally-ticks': shown } })
  return {
    ...{ desk, route, dearer },
    credit: () => {
      const stream = desk.of(CHAIN.anchor)
      return (stream?.tip.index ?? 0) - (stream?.served ?? 0)
    },
    /** Asks and hangs up once the request is let through: answers where its answer goes. */
    async hangUp(path: string, shown: string, begin?: string) {
      const reached = new Promise<ServerResponse>((resolve) => {
        handler = resolve
      })
      const request = open(path, shown).on('error', () => undefined)
      const response = await reached
      if (begin !== undefined) response.write(begin)
      const closed = once(response, 'close')
      request.destroy()
      await closed
      return response
    },
    async ask(path: string, shown: string) {
      handler = (response) => void response.end(`made ${path}`)
      const [response] = (await once(open(path, shown), 'response')) as [IncomingMessage]
      const parts = await response.setEncoding('utf8').toArray()
      return { status: response.statusCode, body: parts.join('') }
    },
  }
}

test('HTTP402-3 whoever hangs up has paid, and gets the answer that was made by asking again', async () => {
  const shop = await seller()
  const response = await shop.hangUp('/article', token(tick(1)))
  assert.match((await shop.ask('/article', token(tick(1)))).body, /request_in_progress/)
  assert.equal(shop.credit(), 0)
  response.end('the article')
  const again = await shop.ask('/article', token(tick(1)))
  assert.deepEqual([again.status, again.body], [200, 'the article'])
  assert.match((await shop.ask('/other', token(tick(1)))).body, /tick_used/)
  assert.equal(shop.credit(), 0)
})

test('HTTP402-3 what fails after its asker hung up is given back, once', async () => {
  const shop = await seller()
  await shop.ask('/one', token(tick(1)))
  const response = await shop.hangUp('/broken', token(tick(2)))
  response.statusCode = 500
  response.end()
  assert.equal(shop.credit(), 1)
  assert.equal((await shop.ask('/broken', token(tick(2)))).body, 'made /broken')
  assert.equal(shop.credit(), 0)
})

test('HTTP402-3 what fails in an app that is mounted behind the payment is given back as well', async () => {
  const shop = await seller()
  const [app, mounted] = [express(), express()]
  let fails = 0
  mounted.get('/page', (_, response) => void response.status(fails++ === 0 ? 503 : 200).json({}))
  app.use(shop.route.handle).use('/api', mounted)
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => server.close())
  const { port } = server.address() as AddressInfo
  const ask = async () => {
    const headers = { 'tally-ticks': token(tick(1)) }
    const asked = get({ port, path: '/api/page', agent: false, headers })
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    response.resume()
    return [response.statusCode, response.headers['tally-receipt'] !== undefined, shop.credit()]
  }
  assert.deepEqual(await ask(), [503, false, 1])
  assert.deepEqual(await ask(), [200, true, 0])
})

/** What a server on `app` answers to a tick: status, body, and the headers of the answer. */
async function askApp(app: express.Express, path: string, index: number) {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => server.close())
  const { port } = server.address() as AddressInfo
  const headers = index === 0 ? {} : { 'tally-ticks': token(tick(index)) }
  const asked = get({ port, path, agent: false, headers })
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  const body = (await response.setEncoding('utf8').toArray()).join('')
  return { status: response.statusCode, body, headers: response.headers }
}

test('HTTP402-3 a route that stands twice on the way of a request is paid for once', async () => {
  const shop = await seller()
  const app = express()
  app.use(shop.route.handle)
  app.get('/page', shop.route.handle, (_, response) => void response.end('a page'))
  assert.equal((await askApp(app, '/page', 1)).body, 'a page')
  assert.equal(shop.credit(), 0)
})

test('HTTP402-3 what another price behind it asks for again is not paid for', async () => {
  const shop = await seller()
  const app = express()
  app.use(shop.route.handle)
  app.get('/page', shop.dearer.handle, (_, response) => void response.end('a page'))
  const { status, body, headers } = await askApp(app, '/page', 1)
  assert.deepEqual([status, headers['tally-receipt']], [402, undefined])
  assert.match(body, /tick_used/)
  assert.equal(shop.credit(), 1)
})

test('HTTP402-2 the offer names the target as it was asked for, also in an app that is mounted', async () => {
  const shop = await seller()
  const [app, mounted] = [express(), express()]
  mounted.get('/page', shop.route.handle)
  const { headers } = await askApp(app.use('/api', mounted), '/api/page', 0)
  const required = Buffer.from(`${headers['payment-required']}`, 'base64').toString()
  assert.equal(JSON.parse(required).resource.url, '/api/page')
})

test('HTTP402-3 an answer that broke off is over: its ticks are used', async () => {
  const shop = await seller()
  await shop.hangUp('/long', token(tick(1)), 'a part')
  assert.equal(shop.credit(), 0)
  assert.match((await shop.ask('/long', token(tick(1)))).body, /tick_used/)
})

test('STREAM-1 a frame with two ticks of one stream is none, however it is shown', async () => {
  const shop = await seller()
  for (let times = 2; times <= 16; times++) {
    const shown = token(...Array.from({ length: times }, () => tick(1)))
    assert.match((await shop.ask('/article', shown)).body, /tick_malformed/)
  }
  assert.equal(shop.credit(), 0)
})

test('STREAM-2 HTTP402-5 only who shows a link learns which is the newest, or is served for it', async () => {
  const shop = await seller()
  // Three ticks are paid, one of them is used.
  await shop.ask('/one', token(tick(3)))
  const zeros = new Link(new Uint8Array(32))
  for (const [shown, code] of [
    [tick(0), 'tick_out_of_range'],
    [{ ...tick(1), index: 2_000, link: zeros }, 'tick_gap'],
    [{ ...tick(1), index: CHAIN.ticks + 1, link: zeros }, 'tick_out_of_range'],
    [{ ...tick(1), link: zeros }, 'tick_forged'],
  ] as const) {
    const { body } = await shop.ask('/guess', token(shown))
    const told = JSON.parse(body)
    assert.deepEqual([told.code, told.position], [code, undefined])
  }
  assert.equal(shop.credit(), 2)
  assert.equal((await shop.ask('/two', token(tick(1)))).body, 'made /two')
  assert.equal((await shop.ask('/three', token(tick(2)))).body, 'made /three')
  const used = JSON.parse((await shop.ask('/four', token(tick(2)))).body)
  assert.deepEqual([used.code, used.position], ['tick_used', token(tick(3))])
})
