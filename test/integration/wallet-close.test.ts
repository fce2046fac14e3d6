import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
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

test('Ctrl-C ends the wait of wallet exit, not the exit: it tells where the channels stand, and is no failure', async (t) => {
  const network = await startTestNetwork(t, ['alice'], WINDOW_SECONDS)
  const alice = await network.wallet('alice')
  await alice.wallet.openChannel({ deposit: 100n * ONE })
  await alice.close()
  const place = placeOf(network, 'alice')
  const command = startWalletCommand('exit', ...place, '--yes', '--wait', '--json')
  const ended = once(command, 'exit')
  const { stdout, stderr } = command
  assert.ok(stdout !== null && stderr !== null)
  const said = text(stdout)
  for await (const line of createInterface({ input: stderr })) {
    if (/^channel 0: closing; the window ends after/.test(line)) command.kill('SIGINT')
  }
  assert.deepEqual(await ended, [3, null])
  assert.match(await said, /"step":\{"kind":"window","by":"client"/)
})
