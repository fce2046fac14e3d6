import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WalletError } from '@tallystick/client-sdk'
import { ONE, startTestNetwork } from './test-network.js'

/** What `work` is refused with whose caller stops waiting once it is under way. */
async function codeOf(work: (signal: AbortSignal) => Promise<unknown>): Promise<string> {
  const caller = new AbortController()
  const ended = work(caller.signal).then(
    () => 'done',
    (error) => (error instanceof WalletError ? error.code : String(error)),
  )
  await new Promise(setImmediate)
  caller.abort()
  return ended
}

test('a caller that stops waiting is told so by name, also where the ledger is waited for; what was begun goes on', async (t) => {
  const network = await startTestNetwork(t, ['alice'], 86_400)
  const { wallet } = await network.wallet('alice')
  await wallet.connected()
  const [deposit, inbound] = [10n * ONE, 10n * ONE]
  assert.equal(await codeOf((signal) => wallet.openChannel({ deposit, signal })), 'aborted')
  assert.equal(await codeOf((signal) => wallet.requestChannel({ inbound, signal })), 'aborted')

  const id = await wallet.openChannel({ deposit })
  assert.equal(await codeOf((signal) => wallet.exit(id, { signal })), 'aborted')
  await wallet.exit(id)
  await wallet.recoverChannels()
  assert.ok(wallet.channels().length >= 2)
})
