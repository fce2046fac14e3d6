import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LedgerContact } from '@tallystick/client-sdk'

function contactAt(timeStepSecondsMax: number) {
  let now = 1_000
  const clock = { nowMs: () => now, after: () => () => undefined }
  const pass = (seconds: number) => {
    now += 1_000 * seconds
  }
  return { contact: new LedgerContact(clock, () => ({ timeStepSecondsMax })), pass }
}

describe('API-7 a ledger is heard', () => {
  for (const [step, seconds] of [
    [1, 15],
    [10, 20],
  ] as const) {
    test(`for ${seconds} s after a block where time rises by ${step} s`, () => {
      const { contact, pass } = contactAt(step)
      assert.equal(contact.isHeard, false)
      contact.heard()
      pass(seconds)
      assert.equal(contact.isHeard, true)
      pass(0.001)
      assert.equal(contact.isHeard, false)
    })
  }

  test('not after its connection ended, until the next block', () => {
    const { contact } = contactAt(10)
    contact.heard()
    contact.lost()
    assert.equal(contact.isHeard, false)
    contact.heard()
    assert.equal(contact.isHeard, true)
  })
})
