import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ChannelId } from '@tallystick/protocol'
import { Attachments } from '#client-sdk/wallet/attachments.js'

const CHANNEL = '11'.repeat(32) as ChannelId

describe('WIRE-3 how far a channel is on a connection', () => {
  test('one that the hub did not take up is tried again after ten seconds, not before', () => {
    const attachments = new Attachments()
    assert.equal(attachments.isDue(CHANNEL, 0), true)
    attachments.wait(CHANNEL, 'asked', 0)
    assert.deepEqual(
      [attachments.isDue(CHANNEL, 0), attachments.isSettled(CHANNEL)],
      [false, false],
    )
    attachments.rest(CHANNEL, 5)
    assert.deepEqual(
      [attachments.isDue(CHANNEL, 10_004), attachments.isDue(CHANNEL, 10_005)],
      [false, true],
    )
    assert.equal(attachments.isSettled(CHANNEL), true)
  })

  test('INV-16 one that another device has taken is not taken back by a new connection, only by use', () => {
    const attachments = new Attachments()
    attachments.taken(CHANNEL)
    attachments.clear()
    assert.deepEqual(
      [attachments.isDue(CHANNEL, 1e9), attachments.isSettled(CHANNEL)],
      [false, true],
    )
    attachments.takeBack()
    assert.equal(attachments.isDue(CHANNEL, 0), true)
  })

  test('a channel that the hub does not know yet is told of when it does not know it once more', () => {
    const attachments = new Attachments()
    assert.equal(attachments.isFirstMiss('channel_taken', CHANNEL), false)
    assert.deepEqual(
      [1, 2, 3].map(() => attachments.isFirstMiss('channel_unknown', CHANNEL)),
      [true, false, false],
    )
  })

  test('a hub that owes an answer for more than ten seconds is connected to afresh', () => {
    const attachments = new Attachments()
    for (const phase of ['asked', 'answered'] as const) {
      attachments.wait(CHANNEL, phase, 0)
      assert.deepEqual([attachments.isStuck(10_000), attachments.isStuck(10_001)], [false, true])
    }
    attachments.attached(CHANNEL)
    assert.equal(attachments.isStuck(1e9), false)
    attachments.clear()
    assert.equal(attachments.phaseOf(CHANNEL), undefined)
  })
})
