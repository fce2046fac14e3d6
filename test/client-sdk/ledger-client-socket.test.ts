import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { type WebSocket, WebSocketServer } from 'ws'
import { BlockFrames } from '#client-sdk/ledger/block-frames.js'
import { LedgerError } from '#client-sdk/ledger/ledger-error.js'
import type { OpenSocket, SocketHandlers } from '#client-sdk/ledger/open-socket.js'
import { openWsSocket } from '#client-sdk/node/open-ws-socket.js'

type Event = readonly ['open'] | readonly ['message', number] | readonly ['close', number]

/** Opens a socket and answers everything that it told until it closed. */
function record(open: OpenSocket, url: string, act: (event: Event, close: () => void) => void) {
  return new Promise<Event[]>((resolve) => {
    const events: Event[] = []
    const tell = (event: Event) => {
      events.push(event)
      act(event, () => socket.close())
    }
    const socket = open(
      url,
      {
        onOpen: () => tell(['open']),
        onMessage: (bytes) => tell(['message', bytes.length]),
        onClose: ({ code }) => {
          tell(['close', code])
          resolve(events)
        },
      },
      { maxPayload: 100 },
    )
  })
}

describe('openWsSocket', () => {
  let server: WebSocketServer
  let url = ''
  let serve: (socket: WebSocket) => void = () => {}

  before(async () => {
    server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    server.on('connection', (socket) => serve(socket))
    await once(server, 'listening')
    url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => server.close())

  test('carries binary messages both ways and tells the end once', async () => {
    serve = (socket) => socket.on('message', (data) => socket.send(data))
    const events = await new Promise<Event[]>((resolve) => {
      const seen: Event[] = []
      const socket = openWsSocket(url, {
        onOpen: () => socket.send(Uint8Array.of(1, 2, 3)),
        onMessage: (bytes) => {
          assert.equal(bytes.constructor, Uint8Array)
          seen.push(['message', bytes.length])
          socket.close()
          socket.close()
        },
        onClose: ({ code }) => {
          seen.push(['close', code])
          resolve(seen)
        },
      })
      socket.send(Uint8Array.of(9))
    })
    assert.equal(events.length, 2)
    assert.deepEqual(events[0], ['message', 3])
  })

  test('refuses text and messages above the bound', async () => {
    serve = (socket) => socket.send('text')
    const text = await record(openWsSocket, url, () => {})
    assert.deepEqual(
      text.map(([kind]) => kind),
      ['open', 'close'],
    )
    serve = (socket) => socket.send(new Uint8Array(101))
    const large = await record(openWsSocket, url, () => {})
    assert.deepEqual(
      large.map(([kind]) => kind),
      ['open', 'close'],
    )
    serve = (socket) => socket.send(new Uint8Array(100))
    const fits = await record(openWsSocket, url, ([kind], close) => kind === 'message' && close())
    assert.deepEqual(
      fits.map(([kind]) => kind),
      ['open', 'message', 'close'],
    )
  })

  test('a server that is not there ends in onClose, as does closing before it opened', async () => {
    const nowhere = await record(openWsSocket, 'ws://127.0.0.1:1', () => {})
    assert.deepEqual(nowhere, [['close', 1006]])
    const early = new Promise<number>((resolve) => {
      const socket = openWsSocket(url, {
        onOpen: () => assert.fail('it was closed before'),
        onMessage: () => assert.fail('it was closed before'),
        onClose: ({ code }) => resolve(code),
      })
      socket.close()
    })
    assert.equal(await early, 1006)
  })
})

describe('BlockFrames', () => {
  const signal = new AbortController().signal
  const ended = (code: string) => (error: unknown) =>
    error instanceof LedgerError && error.code === code && error.retryable

  /** A connection whose messages the test sends. */
  function frames(silenceMs: number) {
    let told: SocketHandlers | undefined
    let closed = 0
    const open: OpenSocket = (_, handlers) => {
      told = handlers
      return { send: () => {}, close: () => closed++, bufferedAmount: 0 }
    }
    const feed = new BlockFrames(open, 'ws://feed', silenceMs)
    assert.ok(told !== undefined)
    return { feed, handlers: told, closings: () => closed }
  }

  test('hands over what had arrived before the connection ended', async () => {
    const { feed, handlers } = frames(1_000)
    handlers.onMessage(Uint8Array.of(1))
    handlers.onMessage(Uint8Array.of(2))
    handlers.onClose({ code: 1006, text: 'cut' })
    assert.deepEqual(await feed.next(signal), Uint8Array.of(1))
    assert.deepEqual(await feed.next(signal), Uint8Array.of(2))
    await assert.rejects(feed.next(signal), ended('feed_closed'))
  })

  test('INV-45 gives up a connection that fills the memory of a slow reader', async () => {
    const { feed, handlers, closings } = frames(1_000)
    const frame = new Uint8Array(11 * 1_048_576)
    for (let i = 0; i < 5; i++) handlers.onMessage(frame)
    assert.ok(closings() > 0)
    assert.equal((await feed.next(signal)).length, frame.length)
    assert.equal((await feed.next(signal)).length, frame.length)
    await assert.rejects(feed.next(signal), ended('feed_overrun'))
  })

  test('frames that were read make room for others', async () => {
    const { feed, handlers, closings } = frames(1_000)
    for (let i = 0; i < 5; i++) {
      handlers.onMessage(new Uint8Array(11 * 1_048_576))
      await feed.next(signal)
    }
    assert.equal(closings(), 0)
    feed.close()
  })

  test('gives up a connection that says nothing, counted from the last frame', async () => {
    const { feed, handlers, closings } = frames(40)
    setTimeout(() => handlers.onMessage(Uint8Array.of(1)), 25)
    assert.equal((await feed.next(signal)).length, 1)
    await new Promise((resolve) => setTimeout(resolve, 25))
    assert.equal(closings(), 0)
    await assert.rejects(feed.next(signal), ended('feed_silent'))
    assert.ok(closings() > 0)
  })
})
