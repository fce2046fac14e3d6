import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type LetterId, type Message, timestamp } from '@tallystick/protocol'
import { CLIENT, provenSession } from './session-scene.js'

const ID = '0a'.repeat(16) as LetterId
const PUT: Message = {
  kind: 'putLetter',
  request: 7,
  to: { kind: 'identity', key: CLIENT.publicKey },
  expiry: timestamp(1_700_000_000),
  letter: new Uint8Array(480),
}
const RETURN_ADDRESS = new Uint8Array(68)

describe('WIRE-4 letters', () => {
  test('that a client puts or takes come before the desk', async () => {
    const { hear, letters } = provenSession()
    await hear(PUT, { kind: 'lettersTaken', ids: [ID] })
    assert.deepEqual(
      letters().map(({ kind }) => kind),
      ['putLetter', 'lettersTaken'],
    )
  })

  for (const said of [
    { kind: 'letter', id: ID, returnAddress: RETURN_ADDRESS, letter: new Uint8Array(3) },
    { kind: 'letterKept', request: 7 },
  ] as const) {
    test(`WIRE-5 ${said.kind} is not said by clients`, async () => {
      const { hear, said: heard, letters } = provenSession()
      heard()
      await hear(said)
      assert.deepEqual([heard(), letters()], [['unexpected_message', 'closed'], []])
    })
  }
})
