import assert from 'node:assert/strict'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { ONE, startTestNetwork } from './test-network.js'
import { placeOf, startWalletCommand, walletCommand } from './wallet-command.js'

/** No test waits for the end of this window. */
const WINDOW_SECONDS = 86_400

test('wallet close leaves a channel that is being left without the hub to its window, and closes the others', async (t) => {
  const network = await startTestNetwork(t, ['alice'], WINDOW_SECONDS)
  const alice = await network.wallet('alice')
  for (const deposit of [100n * ONE, 50n * ONE]) await alice.wallet.openChannel({ deposit })
  await alice.close()
  const place = placeOf(network, 'alice')
  const left = await walletCommand('exit', ...place, '--channel', '0', '--yes', '--json')
  assert.equal(left.code, 0, left.stderr)

  const close = async () => {
    const args = [...place, '--hub', network.hubUrl, '--yes', '--json']
    const command = startWalletCommand('close', ...args)
    const { stdout, stderr } = command
    assert.ok(stdout !== null && stderr !== null)
    // It would wait for a day.
    stderr.on('data', (told) => {
      if (/closing channel 0: the hub gathers/.test(`${told}`)) command.kill('SIGKILL')
    })
    const [said, [code]] = await Promise.all([text(stdout), once(command, 'exit')])
    assert.notEqual(code, null, 'waits for the end of the window')
    const { channels } = JSON.parse(said) as {
      readonly channels: readonly { readonly number: number; readonly status: string }[]
    }
    return { code, channels: channels.map(({ number, status }) => [number, status]) }
  }
  const both = [
    [0, 'closing'],
    [1, 'closed'],
  ]
  assert.deepEqual(await close(), { code: 3, channels: both })
  assert.deepEqual(await close(), { code: 3, channels: [[0, 'closing']] })
})
