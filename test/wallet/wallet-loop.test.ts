import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSqliteStore } from '@tallystick/client-sdk/node'
import type { LaneUpdate } from '@tallystick/protocol'
import { WalletLoop } from '#client-sdk/wallet/wallet-loop.js'
import { CHAIN, NOW, SIGNERS } from '../protocol/test-channel.js'
import { temporaryFolder } from '../settlement/data-folder.js'
import { WalletWorld } from './wallet-world.js'

test('CH-8 payments that are asked for together are promised by one proof with one signature', async (context) => {
  const world = new WalletWorld()
  const stores = await openSqliteStore(join(temporaryFolder(context), 'wallet.db'))
  const store = stores.wallet('fold')
  const said: LaneUpdate[] = []
  let signatures = 0
  const signer = {
    ...SIGNERS.client,
    sign: (message: Uint8Array) => {
      signatures++
      return SIGNERS.client.sign(message)
    },
  }
  const loop = new WalletLoop({
    ...{ state: world.state, store },
    context: () => ({ chainId: CHAIN, now: NOW, signer: () => signer, nonce: new Uint8Array(16) }),
    perform: (effect) => {
      if (effect.kind === 'send' && effect.message.kind === 'update') said.push(effect.message)
    },
    onRefused: (_, { code }) => assert.fail(code),
    onFault: (fault) => assert.fail(String(fault)),
  })
  const names = Array.from({ length: 4 }, (_, i) => i + 1)
  await Promise.all(names.map((name) => loop.submit(world.pay(name))))
  assert.deepEqual(
    [said.map(({ version, changes }) => [version, changes.length]), signatures],
    [[[1, 4]], 1],
  )
  await stores.close()
})
