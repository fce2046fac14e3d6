import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { historyPace } from '#hub/store/history-pace.js'
import { handClock } from './hand-clock.js'

describe('INV-48, JRN-3 history that is read behind the payments', () => {
  test('takes a twentieth of the time, however long a page takes', async () => {
    const clock = handClock()
    const rest = historyPace(clock, new AbortController().signal)
    for (const pageMs of [2, 40]) {
      clock.pass(pageMs)
      const rested = rest()
      clock.pass(19 * pageMs - 1)
      assert.equal(clock.waiting, 1)
      clock.pass(1)
      assert.equal(clock.waiting, 0)
      await rested
    }
  })

  test('does not hold up a stop', async () => {
    const clock = handClock()
    const stop = new AbortController()
    const rest = historyPace(clock, stop.signal)
    clock.pass(1_000)
    const rested = rest()
    stop.abort()
    await rested
    assert.equal(clock.waiting, 0)
  })
})
