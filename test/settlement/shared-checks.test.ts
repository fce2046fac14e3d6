import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { verifySignature } from '@tallystick/protocol'
import { SignaturePool } from '#protocol/workers/signature-pool.js'
import { ALICE, BOB } from './test-ledger.js'

/** Check number `i`: every third one is over another message, every seventh under another key. */
function checkOf(i: number) {
  const digest = new Uint8Array(32).fill(i)
  const signature = ALICE.sign(i % 3 === 0 ? new Uint8Array(32).fill(i + 1) : digest)
  return { publicKey: i % 7 === 0 ? BOB.publicKey : ALICE.publicKey, digest, signature }
}

function checksOf(count: number) {
  return Array.from({ length: count }, (_, i) => checkOf(i))
}

describe('INV-21 signatures checked on all cores', () => {
  const pool = new SignaturePool('behind')
  after(() => pool.stop())

  for (const count of [0, 1, 32, 33, 200]) {
    test(`${count} checks at once: the verdict of each is its own, in order`, async () => {
      const verdicts = await pool.verify(checksOf(count))
      const due = Array.from({ length: count }, (_, i) => i % 3 !== 0 && i % 7 !== 0)
      assert.deepEqual(verdicts, due)
    })
  }

  test('questions asked together are answered each with its own verdicts', async () => {
    const all = checksOf(150)
    const parts = [all.slice(0, 10), all.slice(10, 100), all.slice(100), []]
    const answers = await Promise.all(parts.map((part) => pool.verify(part)))
    for (const [i, part] of parts.entries()) {
      const due = part.map(({ publicKey, digest, signature }) =>
        verifySignature(publicKey, digest, signature),
      )
      assert.deepEqual(answers[i], due)
    }
  })
})

test('a stopped pool refuses instead of leaving a question open', async () => {
  const pool = new SignaturePool('behind')
  await pool.stop()
  await assert.rejects(pool.verify(checksOf(1)), /the worker pool was stopped/)
})
