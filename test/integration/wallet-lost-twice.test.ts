import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { openWallet } from '@tallystick/client-sdk/node'
import { RestorableHub } from './restorable-hub.js'
import { ONE, startTestNetwork } from './test-network.js'
import { placeOf, walletCommand } from './wallet-command.js'

type Restored = {
  readonly channels: readonly { readonly state: string; readonly yours: string | null }[]
  readonly problems: readonly { readonly code: string }[]
}

test('CH-18 where hub and wallet have lost data, restore names what helps, and the old store does', async (t) => {
  const network = await startTestNetwork(t, ['alice'])
  const hub = new RestorableHub(t, network)
  await hub.start()
  const alice = await openWallet({
    ...{ words: network.seedOf('alice'), file: join(network.dir, 'alice.db') },
    ...{ ledgerUrl: network.ledgerUrl, hubUrl: hub.url },
  })
  await alice.wallet.openChannel({ deposit: 100n * ONE })
  const { inChannels } = await alice.wallet.balance()
  await alice.close()
  await hub.end('SIGTERM')
  await hub.start('--restored')
  const restore = (store: string, ...more: readonly string[]) => {
    const place = placeOf(network, 'alice', store)
    return walletCommand('restore', ...place, '--hub', hub.url, ...more)
  }
  const twice = await restore('new.db', '--json')
  assert.equal(twice.code, 1, twice.stderr)
  const { problems, channels } = JSON.parse(twice.stdout) as Restored
  assert.ok(problems.some(({ code }) => code === 'both_lost_data'))
  assert.equal(channels[0]?.state, 'waiting')
  const told = await restore('new.db')
  assert.match(told.stdout, /running this again later changes nothing[\s\S]*exit .*--unsure/)
  assert.doesNotMatch(told.stdout, /Run the same command again/)
  const found = await restore('alice.db', '--json')
  assert.equal(found.code, 0, found.stderr)
  const [back] = (JSON.parse(found.stdout) as Restored).channels
  assert.deepEqual([back?.state, back?.yours], ['resumed', `${inChannels}`])
  hub.giveBack()
})
