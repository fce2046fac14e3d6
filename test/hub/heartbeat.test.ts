import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Heartbeat } from '#hub/session/heartbeat.js'
import { handClock } from './hand-clock.js'

function scene() {
  const clock = handClock()
  const heartbeat = new Heartbeat<ReturnType<typeof connection>>(clock)
  const connection = () => {
    const times: string[] = []
    return {
      times,
      beat: () => void times.push(`beat ${clock.nowMs()}`),
      timeOut: () => void times.push(`late ${clock.nowMs()}`),
      cutOff: () => void times.push(`cut off ${clock.nowMs()}`),
    }
  }
  const proven = () => {
    const made = connection()
    heartbeat.add(made)
    heartbeat.proven(made)
    return made
  }
  return { clock, heartbeat, connection, proven }
}

describe('INV-45 one timer for all connections', () => {
  test('asks each of them every 20 s, the first time after a whole round', () => {
    const { clock, proven } = scene()
    clock.pass(4_500)
    const first = proven()
    clock.pass(2_000)
    const second = proven()
    clock.pass(60_000)
    // The clock of a hub that had no connection began to run with the first.
    assert.deepEqual(first.times, ['beat 24500', 'beat 44500', 'beat 64500'])
    assert.deepEqual(second.times, ['beat 26500', 'beat 46500', 'beat 66500'])
  })

  test('WIRE-2 tells who has not proved in 10 s who it is, within a second', () => {
    const { clock, heartbeat, connection, proven } = scene()
    const honest = proven()
    clock.pass(500)
    const late = connection()
    heartbeat.add(late)
    clock.pass(15_000)
    assert.deepEqual([honest.times, late.times], [[], ['late 11000']])
  })

  test('cuts off who was told to hang up and has not in 2 s, and asks it nothing meanwhile', () => {
    const { clock, heartbeat, proven } = scene()
    const [told, gone] = [proven(), proven()]
    clock.pass(19_500)
    for (const each of [told, gone]) heartbeat.leaving(each)
    heartbeat.remove(gone)
    clock.pass(2_500)
    assert.deepEqual([told.times, gone.times], [['cut off 22000'], []])
    heartbeat.remove(told)
    assert.equal(clock.waiting, 0)
  })

  test('rests while there are none, and asks nobody who is gone', () => {
    const { clock, heartbeat, proven } = scene()
    const [first, second] = [proven(), proven()]
    assert.equal(clock.waiting, 1)
    heartbeat.remove(first)
    heartbeat.remove(first)
    assert.equal(clock.waiting, 1)
    heartbeat.remove(second)
    assert.equal(clock.waiting, 0)
    clock.pass(60_000)
    assert.deepEqual([first.times, second.times], [[], []])
    proven()
    assert.equal(clock.waiting, 1)
  })
})
