import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  encode,
  isRejection,
  messageCodec,
  parseFrame,
  signSession,
  transcriptOf,
  WIRE_VERSION,
} from '@tallystick/protocol'
import { PROCESS_CLOCK } from '#client-sdk/clock.js'
import type { OpenSocket } from '#client-sdk/ledger/open-socket.js'
import { HubSession, type HubSessionOptions } from '#client-sdk/session/hub-session.js'
import { POLICY } from '../hub/hub-world.js'
import { CHAIN, SIGNERS, testSigner } from '../protocol/test-channel.js'

/** A hub that greets whoever comes, and counts. */
class GreetingHub {
  connections = 0

  readonly openSocket: OpenSocket = (_, handlers) => {
    this.connections++
    const hub = SIGNERS.hub
    const hello = {
      version: WIRE_VERSION,
      chainId: CHAIN,
      hub: hub.publicKey,
      nonce: new Uint8Array(32),
    }
    setTimeout(() => handlers.onMessage(encode(messageCodec, { kind: 'hello', ...hello })))
    const send = (bytes: Uint8Array) => {
      const messages = parseFrame(bytes)
      assert.ok(!isRejection(messages))
      const [message] = messages
      assert.ok(message?.kind === 'auth')
      const signature = signSession('hub', transcriptOf(hello, message), hub)
      handlers.onMessage(encode(messageCodec, { kind: 'welcome', signature, policy: POLICY }))
    }
    return { send, close: () => undefined, bufferedAmount: 0 }
  }
}

test('WIRE-6 a client that hangs up again and again comes back later each time', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const hub = new GreetingHub()
  const session = new HubSession({
    url: 'ws://hub.test/v1/session',
    chainId: CHAIN,
    hub: undefined,
    identity: testSigner(60),
    openSocket: hub.openSocket,
    randomBytes: (length) => new Uint8Array(length),
    clock: PROCESS_CLOCK,
    handlers: {
      onReady: () => session.restart(),
      onMessage: () => assert.fail('the hub only greets'),
      onDown: () => undefined,
    },
  })
  // 100, 200, 400, 800, 1,600, 3,200 and then 5,000 ms, or down to half of it.
  for (let ms = 0; ms < 10_000; ms++) t.mock.timers.tick(1)
  assert.ok(hub.connections >= 5 && hub.connections <= 10, String(hub.connections))
  session.stop()
})

/** A connection that takes everything and says nothing. */
const DEAF = { send: () => undefined, close: () => undefined, bufferedAmount: 0 }

/** A session to a hub that never says a word. */
function unanswered({
  onDown,
  ...parts
}: Pick<HubSessionOptions, 'openSocket' | 'clock'> &
  Pick<HubSessionOptions['handlers'], 'onDown'>) {
  const answered = () => assert.fail('nobody answers')
  return new HubSession({
    url: 'ws://hub.test/v1/session',
    chainId: CHAIN,
    hub: undefined,
    identity: testSigner(60),
    randomBytes: (length) => new Uint8Array(length),
    handlers: { onReady: answered, onMessage: answered, onDown },
    ...parts,
  })
}

test('WIRE-6 a connection on which no hub proves itself is given up after twenty seconds, also where it does not end by itself', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let connections = 0
  const reasons: string[] = []
  const session = unanswered({
    openSocket: () => {
      connections++
      return DEAF
    },
    clock: PROCESS_CLOCK,
    onDown: (reason) => reasons.push(reason),
  })
  t.mock.timers.tick(19_999)
  assert.deepEqual([connections, reasons], [1, []])
  t.mock.timers.tick(1)
  assert.deepEqual(reasons, ['the hub did not greet in time'])
  t.mock.timers.tick(100)
  assert.equal(connections, 2)
  session.stop()
  t.mock.timers.tick(60_000)
  assert.deepEqual([connections, reasons.length], [2, 1])
})

test('WIRE-6 a connection that ends without a word is told with its code, so that its owner reads why', () => {
  const reasons: string[] = []
  const session = unanswered({
    openSocket: (_, handlers) => {
      queueMicrotask(() => handlers.onClose({ code: 1006, text: '' }))
      return DEAF
    },
    clock: { ...PROCESS_CLOCK, after: () => () => undefined },
    onDown: (reason) => {
      reasons.push(reason)
      session.stop()
    },
  })
  return Promise.resolve().then(() =>
    assert.deepEqual(reasons, ['the connection was closed with code 1006']),
  )
})
