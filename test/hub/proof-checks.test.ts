import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ProofChecks } from '#hub/pipeline/proof-checks.js'
import { CHAIN, evidenceOf, SIGNERS } from '../protocol/test-channel.js'

const PAYER = SIGNERS.client.publicKey
const digestOf = (number: number) => new Uint8Array(32).fill(number)

/** A proof of another payer: only its signature says so. */
const foreign = (number: number) => evidenceOf(digestOf(number), SIGNERS.hub)

/** A path that leads nowhere: no signature need be looked at. */
const pathless = {
  ...({ kind: 'batch', signature: new Uint8Array(64), index: 0, count: 2, path: [] } as const),
}

describe('CH-6.7 signatures that the workers have looked at are not looked at again', () => {
  test('also where what was wrong in the batch was no signature', async () => {
    const checks = new ProofChecks(async (asked) => asked.map(() => true))
    assert.equal(checks.assumed(CHAIN, PAYER, digestOf(1), foreign(1)), true)
    assert.equal(checks.assumed(CHAIN, PAYER, digestOf(2), pathless), false)
    assert.equal((await checks.failed()).size, 0)
    // Here it would be found wrong.
    assert.equal(checks.heard(CHAIN, PAYER, digestOf(1), foreign(1)), true)
    assert.equal(checks.heard(CHAIN, PAYER, digestOf(2), pathless), false)
  })

  test('also of those that were asked for after others were heard', async () => {
    const checks = new ProofChecks(async (asked) => asked.map(() => true))
    for (const number of [1, 2]) {
      checks.assumed(CHAIN, PAYER, digestOf(number), foreign(number))
      await checks.failed()
      assert.equal(checks.heard(CHAIN, PAYER, digestOf(number), foreign(number)), true)
    }
  })

  test('nor sent to them twice', async () => {
    const sent: number[] = []
    const checks = new ProofChecks(async (asked) => {
      sent.push(asked.length)
      return asked.map(() => true)
    })
    for (const numbers of [
      [1, 2],
      [2, 3, 1],
    ]) {
      for (const number of numbers) {
        assert.equal(checks.assumed(CHAIN, PAYER, digestOf(number), foreign(number)), true)
      }
      await checks.failed()
    }
    assert.deepEqual(sent, [2, 1])
  })
})
