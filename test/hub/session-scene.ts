import assert from 'node:assert/strict'
import { type Clock, Outbox } from '@tallystick/client-sdk'
import {
  type ChannelId,
  encode,
  framesOf,
  isRejection,
  type Message,
  messageCodec,
  parseFrame,
  signAttach,
  signSession,
  transcriptOf,
  WIRE_VERSION,
} from '@tallystick/protocol'
import type { WebSocket } from 'ws'
import type { PeerEvent } from '#hub/core/hub-event.js'
import { Conduct } from '#hub/rates/conduct.js'
import { Backlog } from '#hub/session/backlog.js'
import { Session } from '#hub/session/session.js'
import type { MailSaid, SessionHost } from '#hub/session/session-host.js'
import { SlowReaders } from '#hub/session/slow-readers.js'
import { CHAIN, SIGNERS, startPosition, testChannel, testSigner } from '../protocol/test-channel.js'
import { ServerSocket } from '../simulation/server-socket.js'
import { handClock } from './hand-clock.js'
import { POLICY } from './hub-world.js'

export const CLIENT = testSigner(60)
export const CHALLENGE = {
  ...{ version: WIRE_VERSION, chainId: CHAIN, hub: SIGNERS.hub.publicKey },
  nonce: new Uint8Array(32),
}
const TRANSCRIPT = transcriptOf(CHALLENGE, { client: CLIENT.publicKey, nonce: new Uint8Array(32) })

/** How the client answers the challenge. */
export const AUTH: Message = {
  kind: 'auth',
  ...{ client: CLIENT.publicKey, nonce: new Uint8Array(32) },
  signature: signSession('client', TRANSCRIPT, CLIENT),
}

export function attachOf(number: number): Message {
  const position = startPosition(testChannel({ number }).id)
  return { kind: 'attach', position, signature: signAttach(TRANSCRIPT, position, SIGNERS.client) }
}

/** A hub that serves every channel but those that are over, and remembers what it is to decide. */
export function sessionHost(clock: Clock) {
  const over = new Set<ChannelId>()
  const submitted: PeerEvent[] = []
  const complaints: string[] = []
  const letters: MailSaid[] = []
  const waiting: (() => void)[] = []
  const nothing = () => undefined
  const misbehaved: Session[] = []
  const scene = {
    over,
    misbehaved,
    submitted: () => submitted.splice(0),
    complaints: () => complaints.splice(0),
    letters: () => letters.splice(0),
    /** Whether batches are durable at once. */
    isFast: true,
    /** What waits is durable. */
    store: () => {
      for (const done of waiting.splice(0)) done()
    },
  }
  const host: SessionHost = {
    ...{ signer: SIGNERS.hub, policy: POLICY },
    outbox: new Outbox(clock),
    backlog: new Backlog(),
    slowReaders: new SlowReaders(),
    conduct: new Conduct(clock),
    clientKeyOf: () => SIGNERS.client.publicKey,
    isOver: (channel) => over.has(channel),
    misbehaved: (session) => misbehaved.push(session),
    ...{ proven: nothing, ended: nothing, closed: nothing, detach: nothing },
    attach: () => undefined,
    submit: (_, event) => {
      submitted.push(event)
      return scene.isFast ? Promise.resolve() : new Promise((done) => waiting.push(done))
    },
    resume: () => Promise.resolve(),
    ...{ requestOpen: nothing, requestInbound: nothing },
    mail: (_, __, said) => {
      letters.push(said)
      return Promise.resolve()
    },
    complaint: (_, { code }) => complaints.push(code),
  }
  return Object.assign(scene, { host })
}

/** A client with a proven session on a hub that serves every channel but those that are over. */
export function provenSession() {
  const heard: string[][] = []
  const shared: number[] = []
  const socket = new ServerSocket({
    send: (bytes) => {
      shared.push(bytes.buffer.byteLength - bytes.length)
      const messages = parseFrame(bytes)
      assert.ok(!isRejection(messages))
      heard.push(messages.map((said) => ('code' in said ? said.code : said.kind)))
    },
    close: () => heard.push(['closed']),
    isPeerAlive: () => true,
    after: () => undefined,
  })
  const clock = handClock()
  const scene = sessionHost(clock)
  // As much of one as a session uses.
  const session = new Session(socket as unknown as WebSocket, scene.host, CHALLENGE)
  socket.receive(encode(messageCodec, AUTH))
  scene.host.outbox.flush(session)
  return Object.assign(scene, {
    clock,
    session,
    /** Resolves when what came of it is durable. */
    hear: async (...messages: Message[]) => {
      for (const frame of framesOf(messages)) socket.receive(frame)
      await new Promise(setImmediate)
    },
    hearBytes: async (frame: Uint8Array) => {
      socket.receive(frame)
      await new Promise(setImmediate)
    },
    /** From now on so many bytes of what the hub says wait to be read. */
    leaveUnread: (bytes: number) => {
      socket.bufferedAmount = bytes
    },
    /** Bytes of others that each frame since the last time keeps in memory for as long as it waits. */
    shared: () => shared.splice(0),
    /** What the hub said since the last time, frame by frame: kinds, and codes of what it refused. */
    frames: () => heard.splice(0),
    said: () => heard.splice(0).flat(),
  })
}
