import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { testChannel } from '../protocol/test-channel.js'
import { attachOf, provenSession } from './session-scene.js'

describe('WIRE-3 a session of 64 channels', () => {
  const full = async () => {
    const session = provenSession()
    const attach = (number: number) => session.hear(attachOf(number))
    for (let number = 1; number <= 64; number++) await attach(number)
    assert.deepEqual(session.said(), ['hello', 'welcome'])
    return { ...session, attach }
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
