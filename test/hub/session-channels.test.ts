import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type ChannelId,
  encodeMessage,
  isRejection,
  type Message,
  parseMessage,
  signAttach,
  signSession,
  transcriptOf,
  WIRE_VERSION,
} from '@tallystick/protocol'
import { Session } from '#hub/session/session.js'
import { CHAIN, SIGNERS, startPosition, testChannel, testSigner } from '../protocol/test-channel.js'
import { ServerSocket } from '../simulation/server-socket.js'
import { POLICY } from './hub-world.js'

const CLIENT = testSigner(60)

/** A client with a proven session on a hub that serves every channel but those that are over. */
function provenSession() {
  const over = new Set<ChannelId>()
  const heard: string[] = []
  const socket = new ServerSocket({
    send: (bytes) => {
      const message = parseMessage(bytes)
      assert.ok(!isRejection(message))
      heard.push(message.kind === 'error' ? message.code : message.kind)
    },
    close: () => heard.push('closed'),
    isPeerAlive: () => true,
    after: () => undefined,
  })
  const hello = { version: WIRE_VERSION, chainId: CHAIN, hub: SIGNERS.hub.publicKey }
  const challenge = { ...hello, nonce: new Uint8Array(32) }
  const nothing = () => undefined
  new Session(
    // As much of one as a session uses.
    socket as unknown as ConstructorParameters<typeof Session>[0],
    {
      ...{ signer: SIGNERS.hub, policy: POLICY },
      clock: { nowMs: () => 0, after: () => nothing },
      clientKeyOf: () => SIGNERS.client.publicKey,
      isOver: (channel) => over.has(channel),
      ...{ proven: nothing, ended: nothing, attach: nothing, detach: nothing },
      submit: () => Promise.resolve(),
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
  /** Resolves when what came of it is durable. */
  const attach = async (number: number) => {
    const position = startPosition(testChannel({ number }).id)
    say({ kind: 'attach', position, signature: signAttach(transcript, position, SIGNERS.client) })
    await new Promise(setImmediate)
  }
  return { over, attach, said: () => heard.splice(0) }
}

describe('WIRE-3 a session of 64 channels', () => {
  const full = async () => {
    const session = provenSession()
    for (let number = 1; number <= 64; number++) await session.attach(number)
    assert.deepEqual(session.said(), ['hello', 'welcome'])
    return session
  }

  test('takes no more', async () => {
    const { attach, said } = await full()
    await attach(65)
    assert.deepEqual(said(), ['too_many_channels', 'closed'])
  })

  test('hears one of them again, which resumes', async () => {
    const { attach, said } = await full()
    await attach(1)
    assert.deepEqual(said(), [])
  })

  test('takes one in the place of one that is over', async () => {
    const { over, attach, said } = await full()
    over.add(testChannel({ number: 7 }).id)
    await attach(65)
    assert.deepEqual(said(), [])
    await attach(66)
    assert.deepEqual(said(), ['too_many_channels', 'closed'])
  })
})
