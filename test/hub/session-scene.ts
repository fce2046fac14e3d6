import assert from 'node:assert/strict'
import { Outbox } from '@tallystick/client-sdk'
import {
  type ChannelId,
  encodeMessage,
  isRejection,
  type Message,
  parseFrame,
  signAttach,
  signSession,
  transcriptOf,
  WIRE_VERSION,
} from '@tallystick/protocol'
import type { PeerEvent } from '#hub/core/hub-event.js'
import { Session } from '#hub/session/session.js'
import { CHAIN, SIGNERS, startPosition, testChannel, testSigner } from '../protocol/test-channel.js'
import { ServerSocket } from '../simulation/server-socket.js'
import { POLICY } from './hub-world.js'

const CLIENT = testSigner(60)

/** A client with a proven session on a hub that serves every channel but those that are over. */
export function provenSession() {
  const over = new Set<ChannelId>()
  const heard: string[][] = []
  const submitted: PeerEvent[] = []
  const socket = new ServerSocket({
    send: (bytes) => {
      const messages = parseFrame(bytes)
      assert.ok(!isRejection(messages))
      heard.push(messages.map((said) => (said.kind === 'error' ? said.code : said.kind)))
    },
    close: () => heard.push(['closed']),
    isPeerAlive: () => true,
    after: () => undefined,
  })
  const hello = { version: WIRE_VERSION, chainId: CHAIN, hub: SIGNERS.hub.publicKey }
  const challenge = { ...hello, nonce: new Uint8Array(32) }
  const nothing = () => undefined
  const clock = { nowMs: () => 0, after: () => nothing }
  const outbox = new Outbox<Session>(clock)
  new Session(
    // As much of one as a session uses.
    socket as unknown as ConstructorParameters<typeof Session>[0],
    {
      ...{ signer: SIGNERS.hub, policy: POLICY },
      clock,
      say: (session, message) => outbox.say(session, message),
      retract: (session, channel) => outbox.retract(session, channel),
      flush: (session) => outbox.flush(session),
      clientKeyOf: () => SIGNERS.client.publicKey,
      isOver: (channel) => over.has(channel),
      ...{ proven: nothing, ended: nothing, attach: nothing, detach: nothing },
      submit: (event) => {
        submitted.push(event)
        return Promise.resolve()
      },
      resume: () => Promise.resolve(),
      ...{ requestOpen: nothing, requestInbound: nothing, complaint: nothing },
    },
    challenge,
  )
  const say = (message: Message) => socket.receive(encodeMessage(message))
  const nonce = new Uint8Array(32)
  const transcript = transcriptOf(challenge, { client: CLIENT.publicKey, nonce })
  const signature = signSession('client', transcript, CLIENT)
  say({ kind: 'auth', client: CLIENT.publicKey, nonce, signature })
  const attachOf = (number: number): Message => {
    const position = startPosition(testChannel({ number }).id)
    const attach = signAttach(transcript, position, SIGNERS.client)
    return { kind: 'attach', position, signature: attach }
  }
  return {
    over,
    attachOf,
    /** Resolves when what came of it is durable. */
    hear: async (frame: Uint8Array) => {
      socket.receive(frame)
      await new Promise(setImmediate)
    },
    /** What the hub said since the last time, frame by frame. */
    frames: () => heard.splice(0),
    said: () => heard.splice(0).flat(),
    submitted: () => submitted.splice(0),
  }
}
