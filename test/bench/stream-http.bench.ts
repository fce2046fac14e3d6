import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { encodeTickFrame, type PublicKey } from '@tallystick/protocol'
import express from 'express'
import { PaidRoute } from '#client-sdk/node/require-payment.js'
import { median, progress, report, SCALE } from './benchmark.js'
import { actAsHub, chainOf, openPayee } from './stream-payee.js'

/*
 * An API of Express, a few hundred bytes of JSON, with and without payment by ticks, in turns: a process of its
 * own asks over as many connections as there are streams, one request after the other. The wallet is only its
 * desk: what it stores behind the requests is what `bench stream` measures.
 */

const CONNECTIONS = 16
const REQUESTS = Math.max(64, Math.round(20_000 * SCALE))
const ROUNDS = 5
const LIMIT = 0.8
const SHARE = Math.ceil(REQUESTS / CONNECTIONS)
const COUNT = { streams: CONNECTIONS, ticks: SHARE * (ROUNDS + 1) }
const PAYEE = '00'.repeat(32) as PublicKey

/** Asks for `path` until `count` answers are there; milliseconds. */
async function load(port: number, path: string, from: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const frames = Array.from({ length: CONNECTIONS }, (_, stream) => {
    if (path === '/free') return []
    const chain = chainOf(stream, COUNT.ticks)
    return Array.from({ length: SHARE }, (_, i) => {
      const index = from + i + 1
      return encodeTickFrame({
        ticks: [{ anchor: chain.anchor, index, link: chain.link(index) }],
        closes: false,
      })
    })
  })
  const started = performance.now()
  await Promise.all(
    frames.map(async (ticks) => {
      for (let i = 0; i < SHARE; i++) {
        const headers = ticks[i] === undefined ? {} : { 'tally-ticks': ticks[i] }
        const asked = request({ port, path, agent, headers }).end()
        const [response] = await once(asked, 'response')
        if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode}`)
        response.resume()
        await once(response, 'end')
      }
    }),
  )
  const milliseconds = performance.now() - started
  agent.destroy()
  return milliseconds
}

if (process.argv.includes('--hub')) {
  actAsHub(COUNT)
} else if (process.argv.includes('--load')) {
  process.on('message', ({ port, path, from }: { port: number; path: string; from: number }) => {
    load(port, path, from).then(
      (milliseconds) => process.send?.(milliseconds),
      (error) => process.send?.(String(error)),
    )
  })
} else {
  const payee = await openPayee(COUNT, ['--scale', `${SCALE}`])
  const offer = async () => ({ chain: '', asset: 0, hub: '', payee: PAYEE, price: 1n, unit: 1n })
  const streams = { received: payee.desk, offer, ready: async () => undefined }
  const route = new PaidRoute(streams, { price: 1n, unit: 1n }, undefined)
  const answer = { items: Array.from({ length: 10 }, (_, i) => ({ id: i, name: `item ${i}` })) }
  // An app each: who asks for the one is not looked up behind the route of the other.
  const [free, paid] = [express(), express()]
  free.get('/free', (_, response) => void response.json(answer))
  paid.get('/paid', route.handle, (_, response) => void response.json(answer))
  const servers = { '/free': free.listen(0, '127.0.0.1'), '/paid': paid.listen(0, '127.0.0.1') }
  await Promise.all(Object.values(servers).map((server) => once(server, 'listening')))
  const client = fork(process.argv[1] ?? '', ['--load', '--scale', `${SCALE}`])
  const rate = async (path: keyof typeof servers, from: number) => {
    const { port } = servers[path].address() as AddressInfo
    client.send({ port, path, from })
    const [milliseconds] = await once(client, 'message')
    if (typeof milliseconds !== 'number') throw new Error(`${milliseconds}`)
    return (1_000 * REQUESTS) / milliseconds
  }
  const [freeRates, paidRates]: [number[], number[]] = [[], []]
  for (let round = 0; round <= ROUNDS; round++) {
    const rates = [await rate('/free', 0), await rate('/paid', round * SHARE)] as const
    progress(`round ${round}: ${rates.map((each) => each.toFixed(0)).join(' and ')}`)
    // The first is for the compiler.
    if (round === 0) continue
    freeRates.push(rates[0])
    paidRates.push(rates[1])
  }
  client.kill()
  for (const server of Object.values(servers)) {
    server.close()
    server.closeAllConnections()
  }
  await payee.desk.flush()
  await payee.paidAll(COUNT.ticks)
  await payee.close()
  const part = median(paidRates.map((each, i) => each / (freeRates[i] ?? Number.NaN)))
  report('stream-http', {
    requestsPerSecond: median(freeRates),
    paidRequestsPerSecond: median(paidRates),
    partOfRate: part,
    limits: { partOfRate: `${part.toFixed(2)} of ${LIMIT}`, isMet: part >= LIMIT },
  })
}
