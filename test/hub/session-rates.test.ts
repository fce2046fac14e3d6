import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ChannelId, Message } from '@tallystick/protocol'
import { Conduct } from '#hub/rates/conduct.js'
import { testChannel } from '../protocol/test-channel.js'
import { handClock } from './hand-clock.js'
import { attachOf, provenSession } from './session-scene.js'

const channelOf = (number: number) => testChannel({ number }).id
const closeIntent = (channel: ChannelId): Message => ({ kind: 'closeIntent', channel })
const times = <T>(count: number, what: T): T[] => Array.from({ length: count }, () => what)

describe('WIRE-9 what is of use to nobody', () => {
  test('is done so often and no more: attaches', async () => {
    const { hear, said, submitted, clock } = provenSession()
    for (let i = 0; i < 256; i++) await hear(attachOf(1))
    assert.equal(submitted().length, 256)
    said()
    await hear(attachOf(1))
    assert.deepEqual([submitted(), said()], [[], ['attach_too_soon']])
    clock.pass(100)
    await hear(attachOf(1), attachOf(1))
    assert.deepEqual([submitted().length, said()], [1, ['attach_too_soon']])
  })

  test('is counted by the channel, whatever new name it is attached under', async () => {
    const { hear, said, host } = provenSession()
    for (let i = 0; i < 256; i++) host.conduct.hasAttached(channelOf(1))
    for (let i = 0; i < 4_096; i++) host.conduct.mayBeRefused(channelOf(2))
    said()
    await hear(attachOf(1), attachOf(2))
    assert.deepEqual(said(), ['attach_too_soon'])
    await hear(closeIntent(channelOf(3)))
    assert.deepEqual(said(), ['too_many_errors', 'closed'])
  })

  test('is done so often and no more: requests for liquidity', async () => {
    const { hear, said } = provenSession()
    said()
    const key = '11'.repeat(32) as never
    const request = (number: number): Message => {
      const asked = { key, payoutLock: key, inbound: 1n as never }
      return { kind: 'openRequest', request: number, ...asked }
    }
    await hear(...times(16, request(1)))
    assert.deepEqual(said(), [])
    await hear(request(2))
    assert.deepEqual(said(), ['too_many_requests'])
  })

  test('ends the session of a client that is told too often what was wrong', async () => {
    const { hear, said, misbehaved, session } = provenSession()
    await hear(attachOf(1))
    said()
    await hear(...times(4_096, closeIntent(channelOf(2))))
    assert.deepEqual(said(), times(4_096, 'channel_not_attached'))
    assert.deepEqual(misbehaved, [])
    await hear(closeIntent(channelOf(2)), closeIntent(channelOf(2)))
    assert.deepEqual(said(), ['too_many_errors', 'closed'])
    assert.deepEqual(misbehaved, [session])
  })

  test('ends the session of a client that says too often what changes nothing', async () => {
    const { hear, said, session } = provenSession()
    await hear(attachOf(1))
    said()
    for (let i = 0; i < 4_096; i++) session.idle()
    assert.deepEqual(said(), [])
    session.idle()
    assert.deepEqual(said(), ['too_many_errors', 'closed'])
  })

  test('ends the session of a client without a channel that asks for liquidity without end', async () => {
    const { hear, said } = provenSession()
    said()
    const key = '11'.repeat(32) as never
    const request: Message = {
      kind: 'openRequest',
      ...{ request: 1, key, payoutLock: key, inbound: 1n as never },
    }
    await hear(...times(16, request))
    await hear(...times(256, request))
    assert.deepEqual(said(), times(256, 'too_many_requests'))
    await hear(request)
    assert.deepEqual(said(), ['too_many_errors', 'closed'])
  })

  test('of complaints the operator is told one a second in the long run, whoever complains', () => {
    const clock = handClock()
    const conduct = new Conduct(clock)
    assert.ok(times(64, 0).every(() => conduct.mayComplain()))
    assert.ok(!conduct.mayComplain())
    clock.pass(1_000)
    assert.deepEqual([conduct.mayComplain(), conduct.mayComplain()], [true, false])
  })

  test('is said 256 times by who has no channel: identities are free', async () => {
    const { hear, said } = provenSession()
    said()
    await hear(...times(256, closeIntent(channelOf(1))))
    assert.deepEqual(said(), times(256, 'channel_not_attached'))
    await hear(closeIntent(channelOf(1)), closeIntent(channelOf(1)))
    assert.deepEqual(said(), ['too_many_errors', 'closed'])
  })

  test('ends the session of a client that complains too often, and reports no more of it', async () => {
    const { hear, said, complaints } = provenSession()
    await hear(attachOf(1))
    said()
    await hear(
      ...times(4_097, { kind: 'error', code: 'a', detail: 'b', channel: undefined } as const),
    )
    assert.deepEqual(complaints(), times(4_096, 'a'))
    assert.deepEqual(said(), ['too_many_errors', 'closed'])
  })

  test('a channel that was misused is not attached again for 10 s; others are', async () => {
    const { hear, said, submitted, clock, host } = provenSession()
    said()
    host.conduct.misused(channelOf(1))
    await hear(attachOf(1), attachOf(2))
    assert.deepEqual([submitted().length, said()], [1, ['attach_too_soon']])
    clock.pass(9_999)
    await hear(attachOf(1))
    assert.deepEqual([submitted().length, said()], [0, ['attach_too_soon']])
    clock.pass(1)
    await hear(attachOf(1))
    assert.deepEqual([submitted().length, said()], [1, []])
  })

  test('is not heard behind the end of a session: who goes on talking is cut off', async () => {
    const { hear, said, session } = provenSession()
    session.end({ kind: 'rejection', code: 'enough', detail: 'the test ends it' })
    said()
    for (let i = 0; i < 32; i++) await hear(attachOf(1))
    assert.deepEqual(said(), [])
    await hear(attachOf(1))
    assert.deepEqual(said(), ['closed'])
  })

  test('payments are not counted: a busy client is heard whatever it says', async () => {
    const { hear, said, submitted } = provenSession()
    await hear(attachOf(1))
    said()
    const stored: Message = { kind: 'stored', channel: channelOf(1), version: 1 }
    for (let i = 0; i < 100; i++) await hear(...times(256, stored))
    assert.deepEqual([submitted().length, said()], [25_601, []])
  })
})

describe('INV-45 INV-46 events that wait for their batch', () => {
  test('are so many of one session, and none is lost or heard out of turn', async () => {
    const scene = provenSession()
    await scene.hear(attachOf(1))
    scene.submitted()
    scene.isFast = false
    const said = Array.from({ length: 1_000 }, (_, version): Message => {
      return { kind: 'stored', channel: channelOf(1), version }
    })
    for (const message of said) await scene.hear(message)
    const heard: unknown[] = scene.submitted()
    assert.equal(heard.length, 256)
    for (const due of [512, 768, 1_000, 1_000]) {
      scene.store()
      await new Promise(setImmediate)
      heard.push(...scene.submitted())
      assert.equal(heard.length, due)
    }
    assert.deepEqual(heard, said)
  })

  test('a connection that is not read is not taken for dead', async () => {
    const scene = provenSession()
    await scene.hear(attachOf(1))
    scene.isFast = false
    await scene.hear(...times(256, closeIntent(channelOf(1))))
    scene.said()
    for (let round = 0; round < 5; round++) scene.session.beat()
    assert.deepEqual(scene.said(), [])
    scene.store()
    await new Promise(setImmediate)
    // Nobody answers pings here: from now on it is.
    scene.session.beat()
    assert.deepEqual(scene.said(), [])
    scene.session.beat()
    assert.deepEqual(scene.said(), ['closed'])
  })
})
