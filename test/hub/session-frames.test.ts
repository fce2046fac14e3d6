import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type ChannelId,
  concatBytes,
  encode,
  type Message,
  messageCodec,
} from '@tallystick/protocol'
import { testChannel } from '../protocol/test-channel.js'
import { attachOf, provenSession } from './session-scene.js'

const FIRST = testChannel({ number: 1 }).id
const frame = (...messages: Message[]) =>
  concatBytes(...messages.map((message) => encode(messageCodec, message)))
const closeIntent = (channel: ChannelId): Message => ({ kind: 'closeIntent', channel })

describe('WIRE-7 a frame of several messages', () => {
  test('is heard in its order', async () => {
    const { hear, submitted } = provenSession()
    await hear(attachOf(1), closeIntent(FIRST), attachOf(2))
    assert.deepEqual(
      submitted().map(({ kind }) => kind),
      ['attached', 'closeIntent', 'attached'],
    )
  })

  test('is answered with one frame', async () => {
    const { hear, frames } = provenSession()
    await hear(attachOf(1))
    frames()
    const stranger = testChannel({ number: 9 }).id
    await hear(closeIntent(stranger), closeIntent(stranger))
    assert.deepEqual(frames(), [['channel_not_attached', 'channel_not_attached']])
  })

  test('INV-45 keeps no memory but its own where it waits to be read', async () => {
    const { hear, shared, leaveUnread } = provenSession()
    const stranger = closeIntent(testChannel({ number: 9 }).id)
    leaveUnread(1)
    shared()
    await hear(stranger, stranger)
    await hear(stranger)
    assert.deepEqual(shared(), [0, 0])
  })

  test('of which one is malformed does nothing at all', async () => {
    const { hearBytes, said, submitted } = provenSession()
    await hearBytes(concatBytes(frame(attachOf(1), closeIntent(FIRST)), Uint8Array.of(7)))
    assert.deepEqual(submitted(), [])
    assert.deepEqual(said(), ['hello', 'welcome', 'malformed', 'closed'])
  })

  test('is not heard behind the word that ends the session', async () => {
    const { hear, said, submitted } = provenSession()
    const wrong: Message = { kind: 'granted', request: 1, txId: '00'.repeat(32) as never }
    await hear(attachOf(1), wrong, attachOf(2))
    assert.equal(submitted().length, 1)
    assert.deepEqual(said(), ['hello', 'welcome', 'unexpected_message', 'closed'])
  })
})
