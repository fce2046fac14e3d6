import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { FeedConnection, type FeedSource } from '#settlement/api/feed-connection.js'
import { RecentBlocks } from '#settlement/api/recent-blocks.js'

const BLOCK_BYTES = 8_000_000

/** Large blocks on disk from height 1 to `last`. */
function sourceOf(last: number, hold: FeedSource['hold']): FeedSource {
  return {
    recent: new RecentBlocks(),
    read: (from) =>
      Promise.resolve(from > last ? [] : [{ height: from, bytes: new Uint8Array(BLOCK_BYTES) }]),
    hold,
  }
}

/** A server of WebSockets on some port. */
async function listen(context: TestContext) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
  await once(server, 'listening')
  context.after(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  return { server, port: (server.address() as AddressInfo).port }
}

/** A client that reads only what it is told to, and may say that it lives whatever it read. */
async function rawClient(context: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  context.after(() => socket.destroy())
  socket.on('error', () => undefined)
  socket.write(
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  )
  await once(socket, 'readable')
  return socket
}

const PONG = Uint8Array.of(0x8a, 0x80, 0, 0, 0, 0)

describe('INV-45 API-12 a follower', () => {
  test('for whose backlog there is no memory is told to come later', async (context) => {
    const { server, port } = await listen(context)
    const connected = once(server, 'connection')
    const follower = new WebSocket(`ws://127.0.0.1:${port}`)
    const closed = once(follower, 'close')
    const [socket] = (await connected) as [WebSocket]
    const connection = new FeedConnection(
      socket,
      sourceOf(1, () => undefined),
      1,
    )
    await connection.wake()
    assert.equal((await closed)[0], 1013)
  })

  test('holds memory for what it has not read, and none when it is gone', async (context) => {
    const { server, port } = await listen(context)
    const connected = once(server, 'connection')
    await rawClient(context, port)
    const [socket] = (await connected) as [WebSocket]
    let held = 0
    const hold = (bytes: number) => {
      held += bytes
      return () => {
        held -= bytes
      }
    }
    const waking = new FeedConnection(socket, sourceOf(9, hold), 1).wake()
    // The answer of the store has come by then, and what the network does not take waits.
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(held, BLOCK_BYTES)
    socket.terminate()
    await waking
    assert.equal(held, 0)
  })

  test('that takes a little now and then, and swears that it lives, is cut off', async (context) => {
    const { server, port } = await listen(context)
    const connected = once(server, 'connection')
    const client = await rawClient(context, port)
    const [socket] = (await connected) as [WebSocket]
    const connection = new FeedConnection(
      socket,
      sourceOf(9, () => () => undefined),
      1,
    )
    const waking = connection.wake()
    const look = async () => {
      const heard = once(socket, 'pong')
      client.write(PONG)
      await heard
      connection.checkLiveness()
    }
    await look()
    assert.equal(socket.readyState, WebSocket.OPEN)
    client.read(1_000)
    await look()
    assert.notEqual(socket.readyState, WebSocket.OPEN)
    await waking
  })
})
