import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import express from 'express'
import { Clients, type ReadingPace } from '#settlement/api/clients.js'

/** A server that answers `/BYTES` with so many, and a way to ask it from an address of this machine. */
async function serve(context: TestContext, pace?: ReadingPace) {
  const clients = new Clients({ trustedProxies: 0, connectionsPerAddress: 256 }, pace)
  const app = express()
  app.use(clients.admit)
  app.get('/:bytes', (request, response) => {
    clients.answer(request, response, { filling: 'x'.repeat(Number(request.params.bytes)) })
  })
  const server = createServer(app)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return async (bytes: number, localAddress: string): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    socket.on('error', () => undefined)
    socket.write(`GET /${bytes} HTTP/1.1\r\nHost: x\r\n\r\n`)
    await once(socket, 'readable')
    return socket
  }
}

const statusOf = (socket: Socket) => String(socket.read(12))

/** Asks until the answer is `status`; what was asked is not kept. */
async function untilAnswered(
  ask: (bytes: number, localAddress: string) => Promise<Socket>,
  bytes: number,
  status: number,
): Promise<void> {
  for (;;) {
    const socket = await ask(bytes, '127.0.0.2')
    const found = statusOf(socket)
    socket.destroy()
    if (found === `HTTP/1.1 ${status}`) return
  }
}

describe('INV-45 API-12 answers that nobody reads', () => {
  test('take so much memory of one address, and so much of all', async (context) => {
    const ask = await serve(context)
    const large = 29_000_000
    const held = [await ask(large, '127.0.0.2')]
    assert.equal(statusOf(await ask(large, '127.0.0.2')), 'HTTP/1.1 503')
    assert.equal(statusOf(await ask(1_000, '127.0.0.2')), 'HTTP/1.1 200')
    for (const address of ['127.0.0.3', '127.0.0.4', '127.0.0.5'])
      held.push(await ask(large, address))
    assert.deepEqual(
      held.map(statusOf),
      Array.from({ length: 4 }, () => 'HTTP/1.1 200'),
    )
    assert.equal(statusOf(await ask(large, '127.0.0.6')), 'HTTP/1.1 503')
    held.push(await ask(12_000_000, '127.0.0.6'))
    assert.equal(statusOf(await ask(10_000_000, '127.0.0.6')), 'HTTP/1.1 503')
    assert.equal(statusOf(await ask(16_000, '127.0.0.6')), 'HTTP/1.1 200', 'small ones always fit')
    const [first] = held
    assert.ok(first !== undefined)
    first.resume()
    // Read to its end by now or a little later: what is after it on the connection is.
    first.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\n')
    for await (const chunk of first) if (String(chunk).endsWith('{"filling":"x"}')) break
    assert.equal(statusOf(await ask(large, '127.0.0.6')), 'HTTP/1.1 200')
  })

  test('are given up with their connection, and so are those that are read too slowly', async (context) => {
    const ask = await serve(context, { graceMs: 50, bytesPerSecondMin: 1_000_000_000 })
    const socket = await ask(30_000_000, '127.0.0.2')
    await untilAnswered(ask, 30_000_000, 200)
    let seen = 0
    for await (const chunk of socket.on('error', () => undefined)) seen += chunk.length
    // What was in the buffers of the network arrived.
    assert.ok(seen > 0 && seen < 30_000_000)
  })

  test('do not count for longer than their connection, however many wait on it', async (context) => {
    const ask = await serve(context)
    const socket = await ask(9_000_000, '127.0.0.2')
    socket.write('GET /9000000 HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(5))
    // Four fit, so that the share is full.
    await untilAnswered(ask, 9_000_000, 503)
    socket.destroy()
    await untilAnswered(ask, 40_000_000, 200)
  })
})
