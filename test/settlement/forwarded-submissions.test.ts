import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import express from 'express'
import { Clients } from '#settlement/api/clients.js'
import { forwardRoutes } from '#settlement/api/forward-routes.js'
import { paymentOf } from './node-on-disk.js'
import { TestLedger } from './test-ledger.js'

const UNREAD = 'GET /large HTTP/1.1\r\nHost: x\r\n\r\n'

const connectionsOf = (server: Server) =>
  new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)))

const aTurn = () => new Promise((resolve) => setImmediate(resolve))

describe('INV-45 API-12 a follower that hands submissions on', () => {
  test('is not kept busy by connections that are gone, whatever waited on them', async (context) => {
    const clients = new Clients({ trustedProxies: 0, connectionsPerAddress: 256 })
    const app = express()
    let handedOn = 0
    let upstream: Promise<unknown> = Promise.resolve()
    app.use(
      clients.admit,
      forwardRoutes(clients, async () => {
        handedOn++
        await upstream
        return { status: 202, contentType: 'application/json', body: Buffer.from('{}') }
      }),
    )
    app.get('/large', (request, response) => {
      clients.answer(request, response, { filling: 'x'.repeat(9_000_000) })
    })
    const server = createServer(app)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    context.after(() => {
      server.closeAllConnections()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    const { encoded } = paymentOf(new TestLedger().chainId, 0)
    const submission = Buffer.concat([
      Buffer.from(
        'POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n' +
          `Content-Length: ${encoded.length}\r\n\r\n`,
      ),
      encoded,
    ])
    /** Sends this from an address of this machine; resolves when an answer begins. */
    const send = async (bytes: Uint8Array, localAddress: string): Promise<Socket> => {
      const socket = connect({ port, host: '127.0.0.1', localAddress })
      socket.on('error', () => undefined)
      socket.write(bytes)
      await once(socket, 'readable')
      return socket
    }
    const behind = Buffer.concat([
      Buffer.from(UNREAD),
      ...Array.from({ length: 8 }, () => submission),
    ])
    const crowd = await Promise.all(
      Array.from({ length: 8 }, (_, i) => send(behind, `127.0.0.${2 + (i % 4)}`)),
    )
    const statusNow = async () => {
      const socket = await send(submission, '127.0.0.9')
      const status = String(socket.read(12))
      socket.destroy()
      return status
    }
    while (handedOn < 64) await statusNow()
    assert.equal(await statusNow(), 'HTTP/1.1 503')
    for (const socket of crowd) socket.destroy()
    while ((await connectionsOf(server)) > 0) await aTurn()
    // All places are free again: so many wait for the upstream at a time.
    const before = handedOn
    let answer = () => {}
    upstream = new Promise<void>((resolve) => {
      answer = resolve
    })
    const waiting = Array.from({ length: 64 }, () => send(submission, '127.0.0.9'))
    while (handedOn < before + 64) await aTurn()
    answer()
    for (const socket of await Promise.all(waiting)) {
      assert.equal(String(socket.read(12)), 'HTTP/1.1 202')
      socket.destroy()
    }
  })
})
