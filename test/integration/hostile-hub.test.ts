import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { WalletNotice } from '@tallystick/client-sdk'
import { type ChannelId, encode, type Message, messageCodec } from '@tallystick/protocol'
import type { OpenSocket } from '#client-sdk/ledger/open-socket.js'
import { openWsSocket } from '#client-sdk/node/open-ws-socket.js'
import { openSqliteStore } from '#client-sdk/node/sqlite-store.js'
import { openOver } from '#client-sdk/wallet/open-over.js'
import { startTestNetwork } from './test-network.js'

const STRANGE = '11'.repeat(32) as ChannelId

test('INV-45 what a hub says of channels that a wallet does not have is told and not kept', async (t) => {
  const network = await startTestNetwork(t, ['alice'])
  let say = (_: Message): void => assert.fail('there is a connection')
  const openSocket: OpenSocket = (url, handlers, options) => {
    if (url === network.hubUrl) say = (message) => handlers.onMessage(encode(messageCodec, message))
    return openWsSocket(url, handlers, options)
  }
  const problems: string[] = []
  const { wallet, close } = await openOver({
    ...{ words: network.seedOf('alice'), restored: false, openSocket },
    ...{ ledgerUrl: network.ledgerUrl, hubUrl: network.hubUrl },
    openStore: async () => {
      const stores = await openSqliteStore(join(network.dir, 'hostile.db'))
      return { store: stores.wallet('wallet'), close: () => stores.close() }
    },
    onEvent: (notice: WalletNotice) => notice.kind === 'problem' && problems.push(notice.code),
  })
  t.after(close)
  await wallet.connected()
  for (const code of ['channel_unknown', 'resume_used', 'channel_taken']) {
    say({ kind: 'error', code, detail: 'so it says', channel: STRANGE })
  }
  assert.deepEqual(wallet.channelsElsewhere, [])
  assert.equal(wallet.sharedWords, false)
  assert.deepEqual(problems, ['channel_unknown', 'resume_used', 'channel_taken'])
})
