import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EVENTS_BYTES_MAX, EVENTS_MAX } from '#hub/limits.js'
import { Backlog, type Hearer } from '#hub/session/backlog.js'

/** A session with frames of one event each, which says who is heard. */
function sessionOf({
  backlog,
  name,
  heard,
  frames,
}: {
  readonly backlog: Backlog<Hearer>
  readonly name: string
  readonly heard: string[]
  readonly frames: number
}): Hearer {
  let left = frames
  const session = {
    hearNext: () => {
      if (left === 0) return
      left--
      heard.push(name)
      backlog.enter(1)
      if (left > 0) backlog.queue(session)
    },
  }
  return session
}

function scene() {
  const backlog = new Backlog<Hearer>()
  const heard: string[] = []
  const session = (name: string, frames: number) => {
    return sessionOf({ backlog, name, heard, frames })
  }
  return { backlog, session, heard: () => heard.splice(0).join(' ') }
}

describe('INV-45 INV-46 what waits in all', () => {
  test('has no room beyond so many events, or so many bytes', () => {
    for (const [events, bytes] of [
      [EVENTS_MAX, 1],
      [1, EVENTS_BYTES_MAX],
    ] as const) {
      const { backlog } = scene()
      for (let i = 0; i < events; i++) {
        assert.ok(backlog.hasRoom)
        backlog.enter(bytes)
      }
      assert.ok(!backlog.hasRoom)
      backlog.leave(bytes)
      assert.ok(backlog.hasRoom)
    }
  })

  test('is heard in turns as room comes, a frame of each session', () => {
    const { backlog, session, heard } = scene()
    for (let i = 0; i < EVENTS_MAX; i++) backlog.enter(1)
    for (const each of [session('a', 3), session('b', 1), session('c', 2)]) backlog.queue(each)
    assert.equal(heard(), '')
    backlog.leave(1)
    assert.equal(heard(), 'a')
    for (let i = 0; i < 4; i++) backlog.leave(1)
    assert.equal(heard(), 'b c a c')
    for (let i = 0; i < 4; i++) backlog.leave(1)
    assert.equal(heard(), 'a')
  })

  test('is heard at once where there is room, and not of who is gone', () => {
    const { backlog, session, heard } = scene()
    backlog.queue(session('a', 2))
    assert.equal(heard(), 'a a')
    const gone = session('b', 1)
    for (let i = 2; i < EVENTS_MAX; i++) backlog.enter(1)
    backlog.queue(gone)
    backlog.forget(gone)
    backlog.leave(1)
    assert.equal(heard(), '')
  })
})
