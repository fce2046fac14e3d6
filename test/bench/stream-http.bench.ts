import { fork } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
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
const REQUESTS = Math.max(64, Math.round(4_000 * SCALE))
/** Many and short: what other processes take of the machine changes within a second. */
const ROUNDS = 25
/** The first ones are for the compiler. */
const WARM_ROUNDS = 3
const LIMIT = 0.8
const SHARE = Math.ceil(REQUESTS / CONNECTIONS)
const COUNT = { streams: CONNECTIONS, ticks: SHARE * (WARM_ROUNDS + ROUNDS) }
const PAYEE = '00'.repeat(32) as PublicKey

/** Asks for `path`, one request after the other on each of the connections; milliseconds. */
async function load(port: number, path: string, from: number): Promise<number> {
  const asked = Array.from({ length: CONNECTIONS }, (_, stream) => {
    const chain = path === '/free' ? undefined : chainOf(stream, COUNT.ticks)
    return Array.from({ length: SHARE }, (_, i) => {
      const index = from + i + 1
      const tick = chain?.tick(index)
      const paid = tick && `tally-ticks: ${encodeTickFrame({ ticks: [tick], closes: false })}\r\n`
      return Buffer.from(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${paid ?? ''}\r\n`)
    })
  })
  const started = performance.now()
  await Promise.all(asked.map((requests) => askOver(port, requests)))
  return performance.now() - started
}

/**
 * One connection, as lean as can be: a client of Node takes more of the machine than the server that is measured. It
 * looks at the status, and reads as many bytes of body as the head says.
 */
async function askOver(port: number, requests: readonly Buffer[]): Promise<void> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true)
  await once(socket, 'connect')
  await new Promise<void>((resolve, reject) => {
    let [next, held] = [0, '']
    const ask = () => {
      const request = requests[next++]
      if (request === undefined) resolve()
      else socket.write(request)
    }
    socket.on('error', reject)
    socket.setEncoding('latin1').on('data', (part: string) => {
      held += part
      const head = held.indexOf('\r\n\r\n')
      if (head < 0) return
      const [, bytes] = /\r\ncontent-length: (\d+)/i.exec(held) ?? []
      if (!held.startsWith('HTTP/1.1 200 ') || bytes === undefined) return reject(new Error(held))
      if (held.length < head + 4 + Number(bytes)) return
      held = ''
      ask()
    })
    ask()
  })
  socket.destroy()
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
    const cpu = process.cpuUsage()
    client.send({ port, path, from })
    const [asked] = await once(client, 'message')
    if (typeof asked !== 'number') throw new Error(`${asked}`)
    // What is redeemed behind a round is of that round.
    const answered = performance.now()
    await payee.desk.flush()
    const milliseconds = asked + performance.now() - answered
    const { user, system } = process.cpuUsage(cpu)
    return { perSecond: (1_000 * REQUESTS) / milliseconds, cpuUs: (user + system) / REQUESTS }
  }
  type Rate = Awaited<ReturnType<typeof rate>>
  const [freeRates, paidRates]: [Rate[], Rate[]] = [[], []]
  for (let round = 0; round < WARM_ROUNDS + ROUNDS; round++) {
    const rates = [await rate('/free', 0), await rate('/paid', round * SHARE)] as const
    if (round % 5 === 0)
      progress(
        `round ${round}: ${rates.map(({ perSecond }) => perSecond.toFixed(0)).join(' and ')}`,
      )
    if (round < WARM_ROUNDS) continue
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
  const parts = paidRates.map((each, i) => each.perSecond / (freeRates[i]?.perSecond ?? Number.NaN))
  const part = median(parts)
  report('stream-http', {
    requestsPerSecond: median(freeRates.map(({ perSecond }) => perSecond)),
    paidRequestsPerSecond: median(paidRates.map(({ perSecond }) => perSecond)),
    cpuMicrosecondsPerRequest: median(freeRates.map(({ cpuUs }) => cpuUs)),
    cpuMicrosecondsPerPaidRequest: median(paidRates.map(({ cpuUs }) => cpuUs)),
    partOfRate: part,
    leastPartOfARound: Math.min(...parts),
    limits: { partOfRate: `${part.toFixed(2)} of ${LIMIT}`, isMet: part >= LIMIT },
  })
}
