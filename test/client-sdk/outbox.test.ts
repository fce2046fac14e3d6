import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ChannelId, isRejection, type Message, parseFrame } from '@tallystick/protocol'
import { Outbox, type Speaker } from '#client-sdk/session/outbox.js'
import { testChannel } from '../protocol/test-channel.js'

const [FIRST, SECOND] = [testChannel({ number: 1 }).id, testChannel({ number: 2 }).id]
const stored = (version: number, channel: ChannelId = FIRST): Message => {
  return { kind: 'stored', channel, version }
}
const other = (channel: ChannelId = FIRST): Message => ({ kind: 'closeIntent', channel })

/** One end of a session that only remembers the frames it was given. */
class Listener implements Speaker {
  #frames: (readonly Message[])[] = []

  transmit(frames: readonly Uint8Array[]): void {
    for (const frame of frames) {
      const messages = parseFrame(frame)
      assert.ok(!isRejection(messages))
      this.#frames.push(messages)
    }
  }

  heard(): (readonly Message[])[] {
    return this.#frames.splice(0)
  }
}

/** An outbox on a clock that is moved by hand. */
function scene() {
  let now = 0
  let timers: { readonly at: number; readonly act: () => void }[] = []
  const outbox = new Outbox<Listener>({
    nowMs: () => now,
    after: (ms, act) => {
      timers.push({ at: now + ms, act })
      return () => undefined
    },
  })
  const pass = (ms: number) => {
    now += ms
    const due = timers.filter(({ at }) => at <= now)
    timers = timers.filter(({ at }) => at > now)
    for (const { act } of due) act()
  }
  return { outbox, session: new Listener(), pass, timers: () => timers.length }
}

/** The end of this turn. */
const turn = () => Promise.resolve()

describe('WIRE-7 what is said', () => {
  test('in one turn goes out at its end, in one frame and in its order', async () => {
    const { outbox, session } = scene()
    outbox.say(session, other(FIRST))
    outbox.say(session, other(SECOND))
    assert.deepEqual(session.heard(), [])
    await turn()
    assert.deepEqual(session.heard(), [[other(FIRST), other(SECOND)]])
    outbox.say(session, other(SECOND))
    await turn()
    assert.deepEqual(session.heard(), [[other(SECOND)]])
  })

  test('on two sessions goes out on each', async () => {
    const { outbox, session } = scene()
    const neighbour = new Listener()
    outbox.say(session, other(FIRST))
    outbox.say(neighbour, other(SECOND))
    await turn()
    assert.deepEqual([session.heard(), neighbour.heard()], [[[other(FIRST)]], [[other(SECOND)]]])
  })

  test('goes out at once when the session is about to end, and not after it', async () => {
    const { outbox, session } = scene()
    outbox.say(session, stored(1))
    outbox.say(session, other())
    outbox.flush(session)
    assert.deepEqual(session.heard(), [[other(), stored(1)]])
    outbox.say(session, other())
    outbox.forget(session)
    await turn()
    assert.deepEqual(session.heard(), [])
  })
})

describe('WIRE-8 a stored', () => {
  test('goes along with the next that is said, behind it, and says the newest version of each lane', async () => {
    const { outbox, session } = scene()
    for (const version of [1, 2]) outbox.say(session, stored(version))
    outbox.say(session, stored(7, SECOND))
    await turn()
    assert.deepEqual(session.heard(), [])
    outbox.say(session, other())
    await turn()
    assert.deepEqual(session.heard(), [[other(), stored(2), stored(7, SECOND)]])
  })

  test('goes alone after 25 to 50 ms, on one timer for all sessions, which then rests', async () => {
    const { outbox, session, pass, timers } = scene()
    const neighbour = new Listener()
    outbox.say(session, stored(1))
    pass(24)
    outbox.say(neighbour, stored(5))
    assert.equal(timers(), 1)
    pass(1)
    assert.deepEqual(session.heard(), [])
    pass(25)
    assert.deepEqual([session.heard(), neighbour.heard()], [[[stored(1)]], [[stored(5)]]])
    assert.equal(timers(), 0)
    outbox.say(session, stored(2))
    assert.equal(timers(), 1)
  })

  test('waits not behind more than 32 updates', async () => {
    const { outbox, session } = scene()
    for (let version = 1; version <= 31; version++) outbox.say(session, stored(version))
    await turn()
    assert.deepEqual(session.heard(), [])
    outbox.say(session, stored(32))
    await turn()
    assert.deepEqual(session.heard(), [[stored(32)]])
  })

  test('of a channel that another session has is not said', async () => {
    const { outbox, session } = scene()
    outbox.say(session, stored(1))
    outbox.say(session, stored(1, SECOND))
    outbox.retract(session, FIRST)
    outbox.say(session, other(SECOND))
    await turn()
    assert.deepEqual(session.heard(), [[other(SECOND), stored(1, SECOND)]])
  })

  test('is kept by nobody once it is said, or its session is over', async () => {
    const { outbox, session, pass } = scene()
    outbox.say(session, stored(1))
    outbox.forget(session)
    pass(25)
    pass(25)
    outbox.say(session, other())
    await turn()
    assert.deepEqual(session.heard(), [[other()]])
  })
})
