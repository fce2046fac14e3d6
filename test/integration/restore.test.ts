import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Wallet } from '@tallystick/client-sdk'
import { openWallet } from '@tallystick/client-sdk/node'
import { ONE, startTestNetwork, type TestNetwork } from './test-network.js'

/** A store of the words of `name`, with what the wallet noticed. */
async function openStore(network: TestNetwork, name: string, file: string) {
  const { ledgerUrl, hubUrl } = network
  const problems: string[] = []
  const opened = await openWallet({
    words: network.seedOf(name),
    file: join(network.dir, file),
    ledgerUrl,
    hubUrl,
    onEvent: (event) => {
      if (event.kind === 'problem') problems.push(event.code)
    },
  })
  return { ...opened, problems }
}

const booksOf = (wallet: Wallet) => wallet.channels().map(({ books }) => books)

async function pay(from: Wallet, to: Wallet, value: bigint): Promise<void> {
  const { text } = await to.createInvoice({ value })
  assert.equal((await from.pay(text)).status, 'paid')
}

describe('CH-18 a wallet is restored', () => {
  test('INV-16 from its words alone: its channels live on and nothing is closed', async (t) => {
    const network = await startTestNetwork(t, ['alice', 'bob'])
    const alice = await network.wallet('alice')
    const { wallet: bob } = await network.wallet('bob')
    const channel = await alice.wallet.openChannel({ deposit: 100n * ONE })
    await pay(alice.wallet, bob, 60n * ONE)
    const before = await alice.wallet.balance()
    await alice.close()

    const again = await openStore(network, 'alice', 'again.db')
    t.after(again.close)
    await again.wallet.connected()
    assert.deepEqual(booksOf(again.wallet), ['whole'])
    assert.deepEqual(await again.wallet.balance(), before)
    await pay(again.wallet, bob, 10n * ONE)
    await pay(bob, again.wallet, 25n * ONE)
    const [held] = again.wallet.channels()
    assert.deepEqual([held?.party.ledger.id, held?.party.own.epoch], [channel, 1])
    await again.wallet.closeChannel(channel)
  })
})

describe('CH-18 CH-11 an old copy of a wallet', () => {
  test('INV-16 INV-42 is recognised, resumes, and goes on; nothing is closed by itself', async (t) => {
    const network = await startTestNetwork(t, ['alice', 'bob'])
    const alice = await network.wallet('alice')
    const { wallet: bob } = await network.wallet('bob')
    const channel = await alice.wallet.openChannel({ deposit: 100n * ONE })
    await pay(alice.wallet, bob, 10n * ONE)
    await alice.close()
    copyFileSync(join(network.dir, 'alice.db'), join(network.dir, 'copy.db'))
    const newer = await openStore(network, 'alice', 'alice.db')
    await pay(newer.wallet, bob, 20n * ONE)
    await pay(bob, newer.wallet, 5n * ONE)
    const before = await newer.wallet.balance()
    await newer.close()

    const copy = await openStore(network, 'alice', 'copy.db')
    t.after(copy.close)
    await copy.wallet.connected()
    assert.deepEqual(await copy.wallet.balance(), before)
    await pay(copy.wallet, bob, ONE)
    await pay(bob, copy.wallet, 2n * ONE)
    assert.deepEqual(booksOf(copy.wallet), ['whole'])
    const [held] = copy.wallet.channels()
    assert.deepEqual([held?.party.ledger.id, held?.party.ledger.status.kind], [channel, 'open'])
  })
})
