import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SESSION_BUFFER_BYTES_MAX, SLOW_BUFFER_BYTES_MIN, SLOW_READERS_MAX } from '#hub/limits.js'
import { SlowReaders } from '#hub/session/slow-readers.js'

function reader(unreadBytes: number) {
  const made = {
    unreadBytes,
    isCutOff: false,
    cutOff: () => {
      made.isCutOff = true
    },
  }
  return made
}

const slow = () => reader(SLOW_BUFFER_BYTES_MIN)

describe('INV-45 who does not read', () => {
  test('is cut off when it alone leaves too much unread', () => {
    const readers = new SlowReaders<ReturnType<typeof reader>>()
    const [full, beyond] = [reader(SESSION_BUFFER_BYTES_MAX), reader(SESSION_BUFFER_BYTES_MAX + 1)]
    for (const each of [full, beyond]) readers.note(each)
    assert.deepEqual([full.isCutOff, beyond.isCutOff], [false, true])
  })

  test('is cut off when it has been slow for the longest of too many', () => {
    const readers = new SlowReaders<ReturnType<typeof reader>>()
    const all = Array.from({ length: SLOW_READERS_MAX + 1 }, slow)
    const [first, second] = all
    for (const each of all) readers.note(each)
    assert.deepEqual(
      all.filter(({ isCutOff }) => isCutOff),
      [first],
    )
    readers.note(slow())
    assert.equal(second?.isCutOff, true)
  })

  test('is not among the slow when it has read meanwhile, or is gone', () => {
    const readers = new SlowReaders<ReturnType<typeof reader>>()
    const all = Array.from({ length: SLOW_READERS_MAX }, slow)
    for (const each of all) readers.note(each)
    const [read, gone] = all
    assert.ok(read !== undefined && gone !== undefined)
    read.unreadBytes = 0
    readers.forget(gone)
    for (const each of [slow(), slow()]) readers.note(each)
    assert.ok(all.every(({ isCutOff }) => !isCutOff))
  })
})
