import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, type TestContext, test } from 'node:test'
import { encode, framesOf, type Message, messageCodec } from '@tallystick/protocol'
import { WebSocket } from 'ws'
import { PLAIN_CONNECTIONS_PER_ADDRESS_MAX, SESSION_BUFFER_BYTES_MAX } from '#hub/limits.js'
import { Heartbeat } from '#hub/session/heartbeat.js'
import { Session } from '#hub/session/session.js'
import { testChannel } from '../protocol/test-channel.js'
import { handClock } from './hand-clock.js'
import { clientFrame, RawClient } from './raw-client.js'
import { serveSockets } from './serve-sockets.js'
import { AUTH, attachOf, CHALLENGE, sessionHost } from './session-scene.js'

/** Sessions over real sockets, on a clock that is moved by hand. */
async function serve(t: TestContext) {
  const clock = handClock()
  const scene = sessionHost(clock)
  const heartbeat = new Heartbeat<Session>(clock)
  const sessions: Session[] = []
  const ended = new Set<Session>()
  const host = {
    ...scene.host,
    proven: (session: Session) => heartbeat.proven(session),
    ended: (session: Session) => {
      heartbeat.leaving(session)
      ended.add(session)
    },
    closed: (session: Session) => heartbeat.remove(session),
  }
  const url = await serveSockets(t, {
    admits: () => true,
    onSocket: (socket) => {
      const session = new Session(socket, host, CHALLENGE)
      sessions.push(session)
      heartbeat.add(session)
    },
  })
  const port = Number(new URL(url).port)
  return Object.assign(scene, {
    ...{ clock, port, ended, url: `${url.replace('http', 'ws')}/v1/session` },
    /** The session of whoever has connected last, once it is there. */
    newest: async () => {
      while (sessions.length === 0) await turn()
      return sessions.at(-1) ?? assert.fail('somebody has connected')
    },
  })
}

const turn = () => new Promise(setImmediate)
const half = clientFrame(new Uint8Array(60_000)).subarray(0, 1_000)

/** A client that keeps to WebSocket but for what its options say, with a proven session. */
async function provenClient(url: string, options: { autoPong?: boolean } = {}): Promise<WebSocket> {
  const client = new WebSocket(url, { perMessageDeflate: false, ...options })
  client.on('error', () => undefined)
  await once(client, 'message')
  client.send(encode(messageCodec, AUTH))
  await once(client, 'message')
  return client
}

describe('INV-45 INV-46 a connection', () => {
  test('that never ends its first frame is hung up on after 10 s', async (t) => {
    const { port, clock, newest } = await serve(t)
    const client = await RawClient.upgrade(port)
    await newest()
    await client.write(half)
    clock.pass(9_999)
    await turn()
    assert.equal(client.isClosed, false)
    clock.pass(1_001)
    await turn()
    // It was told why, and has some time to hang up by itself.
    assert.equal(client.isClosed, false)
    clock.pass(3_000)
    await client.closed()
  })

  test('that proves who it is and never ends a later frame is hung up on: it answers no ping', async (t) => {
    const { port, clock, newest } = await serve(t)
    const client = await RawClient.upgrade(port)
    const session = await newest()
    await client.write(clientFrame(encode(messageCodec, AUTH)))
    while (!session.isProven) await turn()
    await client.write(half)
    clock.pass(40_000)
    await client.closed()
  })

  test('that answers pings lives, and one that does not is hung up on', async (t) => {
    const { url, clock } = await serve(t)
    const [honest, dead] = [await provenClient(url), await provenClient(url, { autoPong: false })]
    const deadClosed = once(dead, 'close')
    for (let round = 0; round < 4; round++) {
      const asked = once(honest, 'ping')
      clock.pass(20_000)
      await asked
      // The answer is on its way: the next one that the hub sends comes behind it.
      await provenClient(url).then((other) => other.terminate())
    }
    await deadClosed
    assert.equal(honest.readyState, WebSocket.OPEN)
    honest.terminate()
  })

  test('that lets a frame trickle in by single bytes is hung up on before it is buffered', async (t) => {
    const { port } = await serve(t)
    const client = await RawClient.upgrade(port)
    const trickle = clientFrame(new Uint8Array(2_000))
    let sent = 0
    while (!client.isClosed && sent < trickle.length) {
      client.socket.resume()
      await client.write(trickle.subarray(sent, ++sent))
    }
    assert.ok(client.isClosed, 'the frame came to its end')
  })

  test('that makes a message of too many parts is hung up on', async (t) => {
    const { port } = await serve(t)
    const client = await RawClient.upgrade(port)
    await client.write(clientFrame(new Uint8Array(1), 2, false))
    for (let part = 0; part < 16; part++) {
      await client.write(clientFrame(new Uint8Array(1), 0, false))
    }
    await client.closed()
  })

  test('that asks to be answered again and again is hung up on', async (t) => {
    const { url } = await serve(t)
    const client = await provenClient(url)
    client.ping()
    await once(client, 'pong')
    for (let i = 0; i < 40; i++) client.ping()
    const [code, reason] = await once(client, 'close')
    assert.deepEqual([code, String(reason)], [1008, 'too_many_pings'])
  })

  test('that reads a byte at a time is cut off when too much waits for it', async (t) => {
    const { port, newest, ended } = await serve(t)
    const client = await RawClient.upgrade(port)
    const session = await newest()
    const detail = 'x'.repeat(500)
    const refused: Message = { kind: 'refused', request: 1, code: 'a', detail }
    let most = 0
    let said = 0
    while (!ended.has(session) && said < 100_000) {
      for (let i = 0; i < 256; i++) session.send(refused)
      said += 256
      client.socket.read(1)
      await turn()
      most = Math.max(most, session.unreadBytes)
    }
    assert.ok(ended.has(session), `${said} messages wait`)
    assert.ok(most <= SESSION_BUFFER_BYTES_MAX + 2 * 65_536, String(most))
    client.socket.destroy()
  })

  test('from which too much waits for its batch is not read, and loses nothing', async (t) => {
    const scene = await serve(t)
    const client = await provenClient(scene.url)
    client.send(encode(messageCodec, attachOf(1)))
    while (scene.submitted().length === 0) await turn()
    scene.isFast = false
    const { id: channel } = testChannel({ number: 1 })
    const said = Array.from({ length: 20_000 }, (_, version): Message => {
      return { kind: 'stored', channel, version }
    })
    for (const [i, message] of said.entries()) {
      if (i % 3 === 0) client.send(encode(messageCodec, message))
      else if (i % 3 === 1) for (const frame of framesOf(said.slice(i, i + 2))) client.send(frame)
    }
    const heard: unknown[] = []
    while (heard.length < said.length) {
      scene.store()
      await turn()
      const news = scene.submitted()
      assert.ok(news.length <= 257, String(news.length))
      heard.push(...news)
    }
    assert.deepEqual(heard, said)
    client.terminate()
  })

  test('that asks for nothing has its address hung up on beyond so many of them', async (t) => {
    const { port } = await serve(t)
    const clients: RawClient[] = []
    for (let i = 0; i < PLAIN_CONNECTIONS_PER_ADDRESS_MAX; i++) {
      clients.push(await RawClient.connect(port))
    }
    const beyond = await RawClient.connect(port)
    await beyond.closed()
    assert.ok(clients.every(({ isClosed }) => !isClosed))
    clients[0]?.socket.destroy()
    await turn()
    for (const { socket } of clients) socket.destroy()
  })
})
