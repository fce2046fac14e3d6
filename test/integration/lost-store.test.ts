import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { openWallet } from '@tallystick/client-sdk/node'
import { ONE, startTestNetwork, type TestNetwork } from './test-network.js'

/** Another store of the same person, with what the wallet noticed. */
async function openCopy(network: TestNetwork, name: string, file: string) {
  const { ledgerUrl, hubUrl } = network
  const problems: string[] = []
  let ups = 0
  const opened = await openWallet({
    words: network.seedOf(name),
    file: join(network.dir, file),
    ledgerUrl,
    hubUrl,
    onEvent: (event) => {
      if (event.kind === 'problem') problems.push(event.code)
      if (event.kind === 'connected') ups++
    },
  })
  return { ...opened, problems, connections: () => ups }
}

/** The store and its mark: of the two alone, one is refused (JRN-5). */
function copyStore({ dir }: TestNetwork, from: string, to: string): void {
  for (const end of ['', '.mark']) copyFileSync(join(dir, from + end), join(dir, to + end))
}

describe('a wallet that lost its store', () => {
  test('KEY-2 CH-11 leaves the channels of the lost store alone and uses other keys', async (t) => {
    const network = await startTestNetwork(t, ['alice', 'bob'])
    const alice = await network.wallet('alice')
    const { wallet: bob } = await network.wallet('bob')
    const old = await alice.wallet.openChannel({ deposit: 100n * ONE })
    const sale = await bob.createInvoice({ value: 60n * ONE })
    await alice.wallet.pay(sale.text)
    await alice.close()

    const again = await openCopy(network, 'alice', 'again.db')
    const [lost] = again.wallet.channels()
    assert.deepEqual([lost?.party.ledger.id, lost?.books], [old, 'lost'])
    const { inChannels, inLostChannels, spendable } = await again.wallet.balance()
    assert.deepEqual([inChannels, inLostChannels, spendable], [0n, 100n * ONE, 0n])
    await assert.rejects(again.wallet.forceClose(old), { code: 'state_lost' })
    await assert.rejects(again.wallet.closeChannel(old), { code: 'state_lost' })
    const next = await bob.createInvoice({ value: ONE })
    await assert.rejects(again.wallet.pay(next.text, { key: 'a' }), { code: 'channel_not_usable' })

    const fresh = await again.wallet.openChannel({ deposit: 50n * ONE })
    assert.notEqual(fresh, old)
    assert.equal((await again.wallet.pay(next.text, { key: 'b' })).status, 'paid')
    await again.wallet.closeChannel(fresh)
    await again.close()
    const third = await openCopy(network, 'alice', 'again.db')
    t.after(third.close)
    assert.deepEqual(
      third.wallet.channels().map(({ books }) => books),
      ['lost'],
    )
  })

  test('WIRE-6 CH-11 an old copy rests the channel that it is behind on, and only that', async (t) => {
    const network = await startTestNetwork(t, ['alice', 'bob'])
    const alice = await network.wallet('alice')
    const { wallet: bob } = await network.wallet('bob')
    const first = await alice.wallet.openChannel({ deposit: 100n * ONE })
    const second = await alice.wallet.openChannel({ deposit: 50n * ONE })
    await alice.close()
    copyStore(network, 'alice.db', 'copy.db')
    const newer = await openCopy(network, 'alice', 'alice.db')
    const sale = await bob.createInvoice({ value: 60n * ONE })
    await newer.wallet.pay(sale.text)
    await newer.close()

    const copy = await openCopy(network, 'alice', 'copy.db')
    t.after(copy.close)
    const { text } = await bob.createInvoice({ value: ONE })
    assert.equal((await copy.wallet.pay(text)).channel, second)
    assert.deepEqual(copy.problems, ['peer_lost_data'])
    assert.equal(copy.connections(), 1)
    const books = copy.wallet.channels().map(({ party, books }) => [party.ledger.id, books])
    assert.deepEqual(Object.fromEntries(books), { [first]: 'lost', [second]: 'whole' })
    await assert.rejects(copy.wallet.forceClose(first), { code: 'state_lost' })
  })

  test('KEY-2 an old copy does not open a second channel with a key that is in use', async (t) => {
    const network = await startTestNetwork(t, ['alice'])
    const alice = await network.wallet('alice')
    await alice.wallet.connected()
    await alice.close()
    copyStore(network, 'alice.db', 'copy.db')
    const newer = await openCopy(network, 'alice', 'alice.db')
    const taken = await newer.wallet.openChannel({ deposit: 10n * ONE })
    await newer.close()
    const copy = await openCopy(network, 'alice', 'copy.db')
    t.after(copy.close)
    const opened = await copy.wallet.openChannel({ deposit: 20n * ONE })
    const channels = copy.wallet
      .channels()
      .map((held) => [held.party.ledger.id, held.books, held.keyIndex])
    assert.deepEqual(channels, [
      [taken, 'lost', 0],
      [opened, 'whole', 1],
    ])
  })
})
