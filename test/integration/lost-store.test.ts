import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { openWallet } from '@tallystick/client-sdk/node'
import { ONE, startTestNetwork, type TestNetwork } from './test-network.js'

/** Another store of the same person, with what the wallet noticed. */
async function openCopy(network: TestNetwork, name: string, file: string, restored = false) {
  const { ledgerUrl, hubUrl } = network
  const problems: string[] = []
  let ups = 0
  const opened = await openWallet({
    words: network.seedOf(name),
    file: join(network.dir, file),
    ledgerUrl,
    hubUrl,
    restored,
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
  test('CH-11 an old copy resumes the channel that it is behind on, and only that', async (t) => {
    const network = await startTestNetwork(t, ['alice', 'bob'])
    const alice = await network.wallet('alice')
    const { wallet: bob } = await network.wallet('bob')
    const first = await alice.wallet.openChannel({ deposit: 100n * ONE })
    const second = await alice.wallet.openChannel({ deposit: 50n * ONE })
    await alice.close()
    copyStore(network, 'alice.db', 'copy.db')
    const newer = await openCopy(network, 'alice', 'alice.db')
    const sale = await bob.createInvoice({ value: 60n * ONE })
    await newer.wallet.pay(sale.text, { key: sale.text })
    await newer.close()

    const copy = await openCopy(network, 'alice', 'copy.db')
    t.after(copy.close)
    await copy.wallet.connected()
    assert.deepEqual([copy.problems, copy.connections()], [['peer_lost_data'], 1])
    const epochs = copy.wallet.channels().map(({ party }) => {
      return [party.ledger.id, party.ownResume?.point.epoch]
    })
    const { [first]: resumed, [second]: whole } = Object.fromEntries(epochs)
    assert.deepEqual([typeof resumed, whole], ['number', undefined])
  })

  test('INV-16 a copy that its owner calls restored resumes all, also what was opened since', async (t) => {
    const network = await startTestNetwork(t, ['alice'])
    const alice = await network.wallet('alice')
    const first = await alice.wallet.openChannel({ deposit: 10n * ONE })
    await alice.close()
    copyFileSync(join(network.dir, 'alice.db'), join(network.dir, 'copy.db'))
    const newer = await openCopy(network, 'alice', 'alice.db')
    const second = await newer.wallet.openChannel({ deposit: 20n * ONE })
    await newer.close()
    const copy = await openCopy(network, 'alice', 'copy.db', true)
    t.after(copy.close)
    await copy.wallet.connected()
    const epochs = copy.wallet.channels().map(({ party, books }) => {
      return [party.ledger.id, [books, typeof party.ownResume?.point.epoch]]
    })
    const resumed = ['whole', 'number']
    assert.deepEqual(Object.fromEntries(epochs), { [first]: resumed, [second]: resumed })
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
    await copy.wallet.connected()
    const channels = copy.wallet.channels().map(({ party, books, keyIndex }) => {
      return [party.ledger.id, books, keyIndex]
    })
    assert.deepEqual(channels, [
      [taken, 'whole', 0],
      [opened, 'whole', 1],
    ])
  })
})

test('DSP-9 INV-4 words alone leave a channel in which they know of nothing, paid for with a coin', async (t) => {
  const network = await startTestNetwork(t, ['alice', 'shop'])
  const { wallet: alice } = await network.wallet('alice')
  await alice.openChannel({ deposit: 100n * ONE })
  const { ledgerUrl, hubUrl } = network
  const place = { words: network.seedOf('shop'), ledgerUrl }
  const shop = await openWallet({ ...place, hubUrl, file: join(network.dir, 'shop.db') })
  const sale = await shop.wallet.createInvoice({ value: 10n * ONE })
  await Promise.all([alice.pay(sale.text, { key: sale.text }), shop.wallet.paid(sale.anchor)])
  await shop.close()

  // Its hub is silent here, and answers the close on the ledger: what the shop received is in that.
  const silent = { hubUrl: 'ws://127.0.0.1:1/v1/session', file: join(network.dir, 'again.db') }
  const again = await openWallet({ ...place, ...silent })
  t.after(again.close)
  const [held] = again.wallet.channels()
  assert.equal(held?.books, 'lost')
  const { id } = held.party.ledger
  await again.wallet.exit(id, { unsure: true })
  const [closing] = again.wallet.channels()
  assert.equal(closing?.party.ledger.status.kind, 'closing')
})
