import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { type Edit, makePatchedBuild } from './patched-build.js'

/** Prints what a side that withdrew 3 of 10 base units has left, by the rules of the build it is in. */
const SCRIPT = 'test/dist/mutation/stake-of-build.js'
const WITHOUT_WITHDRAWALS: Edit = {
  file: 'protocol/src/ledger/channel.ts',
  find: 'return deposited - withdrawn - feesPaid;',
  replace: 'return deposited - feesPaid;',
}

test('a patched build runs the defect, and the build that it was made from does not', async () => {
  const patched = makePatchedBuild([WITHOUT_WITHDRAWALS])
  const whole = makePatchedBuild([])
  try {
    const options = { timeoutMs: 60_000 }
    const [broken, sound] = await Promise.all([
      patched.run(SCRIPT, ['10', '3'], options),
      whole.run(SCRIPT, ['10', '3'], options),
    ])
    assert.deepEqual(broken, { status: 0, stdout: '10\n', stderr: '' })
    assert.deepEqual(sound, { status: 0, stdout: '7\n', stderr: '' })
  } finally {
    patched.remove()
    whole.remove()
  }
  assert.equal(existsSync(patched.root), false)
})

test('a patch whose text is not there exactly once is refused by name', () => {
  const rotten = { ...WITHOUT_WITHDRAWALS, find: 'return deposited - loans;' }
  assert.throws(() => makePatchedBuild([rotten]), /channel\.ts has 0 places, not one, like: return/)
  const twice = { ...WITHOUT_WITHDRAWALS, find: 'deposited' }
  assert.throws(() => makePatchedBuild([twice]), /channel\.ts has \d+ places, not one/)
})
