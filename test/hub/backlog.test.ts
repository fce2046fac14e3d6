import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { EVENTS_BYTES_MAX, EVENTS_MAX } from '#hub/limits.js'
import { Backlog, type Hearer } from '#hub/session/backlog.js'

type Speaker = Hearer & { left: number; waiting: number; isBegun: boolean }

/** Sessions that say events of so many bytes each, as many as they may, and who was heard. */
function scene(bytes = 1) {
  const backlog = new Backlog<Hearer>()
  const heard: string[] = []
  const speaker = (name: string, left: number): Speaker => {
    const session = {
      left,
      waiting: 0,
      isBegun: false,
      hearNext: () => {
        while (session.left > 0 && backlog.hasRoomBeside(session.waiting)) {
          if (!session.isBegun && !backlog.hasRoomForFrame) break
          session.left--
          session.waiting++
          heard.push(name)
          backlog.enter(bytes)
        }
        if (session.left > 0 && backlog.hasRoomBeside(session.waiting)) backlog.queue(session)
        if (session.left > 0 && session.waiting === 0) backlog.queue(session)
      },
    }
    return session
  }
  const done = (session: Speaker) => {
    session.waiting--
    backlog.leave(bytes)
    if (session.left > 0) backlog.queue(session)
  }
  return { backlog, speaker, done, heard: () => heard.splice(0) }
}

describe('INV-45 INV-46 what waits in all', () => {
  test('has no room beyond so many events', () => {
    const { backlog } = scene()
    for (let i = 0; i < EVENTS_MAX; i++) {
      assert.ok(backlog.hasRoomBeside(0))
      backlog.enter(1)
    }
    assert.ok(!backlog.hasRoomBeside(0))
    backlog.leave(1)
    assert.ok(backlog.hasRoomBeside(0))
    assert.ok(!backlog.hasRoomBeside(1))
  })

  test('has no room beyond so many bytes, whether they are heard or not', () => {
    const { backlog } = scene()
    backlog.enter(EVENTS_BYTES_MAX - 1)
    assert.ok(backlog.hasRoomForFrame)
    backlog.hold(1)
    assert.ok(!backlog.hasRoomForFrame)
    assert.ok(backlog.hasRoomBeside(1))
    backlog.leave(1)
    assert.ok(backlog.hasRoomForFrame)
  })

  test('of one is as much as there is room left, so that some is left for who comes next', () => {
    const { backlog, speaker, heard } = scene()
    for (const count of [EVENTS_MAX / 2, EVENTS_MAX / 4, EVENTS_MAX / 8]) {
      backlog.queue(speaker('a', 1_000_000))
      assert.equal(heard().length, count)
    }
  })

  test('is heard in turns as room comes', () => {
    const { backlog, speaker, heard } = scene()
    for (let i = 0; i < EVENTS_MAX; i++) backlog.enter(1)
    const sessions = [speaker('a', 3), speaker('b', 1), speaker('c', 2)]
    for (const session of sessions) backlog.queue(session)
    assert.deepEqual(heard(), [])
    for (let i = 0; i < 3; i++) backlog.leave(1)
    assert.deepEqual(heard(), ['a', 'b', 'c'])
  })

  test('is heard to the end of its frame where there is no memory for others', () => {
    const { backlog, speaker, heard } = scene()
    backlog.hold(EVENTS_BYTES_MAX)
    const [late, begun] = [speaker('late', 1), speaker('begun', 1)]
    begun.isBegun = true
    for (const session of [late, begun]) backlog.queue(session)
    assert.deepEqual(heard(), ['begun'])
    backlog.leave(1)
    assert.deepEqual(heard(), [])
    backlog.hold(-1)
    backlog.enter(0)
    backlog.leave(0)
    assert.deepEqual(heard(), ['late'])
  })

  test('is not heard of who is gone', () => {
    const { backlog, speaker, heard } = scene()
    for (let i = 0; i < EVENTS_MAX; i++) backlog.enter(1)
    const gone = speaker('gone', 1)
    backlog.queue(gone)
    backlog.forget(gone)
    backlog.leave(1)
    assert.deepEqual(heard(), [])
  })

  test('is heard some time, of everybody and within its bounds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 2 * EVENTS_MAX }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: EVENTS_BYTES_MAX / 64 }),
        (counts, bytes) => {
          const { backlog, speaker, done, heard } = scene(bytes)
          const sessions = counts.map((count, i) => speaker(String(i), count))
          for (const session of sessions) backlog.queue(session)
          for (;;) {
            const waiting = sessions.reduce((sum, session) => sum + session.waiting, 0)
            assert.ok(waiting <= EVENTS_MAX && waiting * bytes <= EVENTS_BYTES_MAX + bytes)
            if (waiting === 0) break
            for (const session of sessions) while (session.waiting > 0) done(session)
          }
          assert.deepEqual(
            sessions.map(({ left }) => left),
            counts.map(() => 0),
          )
          assert.equal(
            heard().length,
            counts.reduce((sum, count) => sum + count, 0),
          )
        },
      ),
      { numRuns: 25 },
    )
  })
})
