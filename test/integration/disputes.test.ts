import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { BlockFeed, KeyCoins, LedgerClient } from '@tallystick/client-sdk'
import { openWsSocket } from '@tallystick/client-sdk/node'
import { deriveKeys } from '@tallystick/protocol'
import { playFrauds } from '#scripts/demo/fraud.js'
import { Progress } from '#scripts/replay/progress.js'
import { ONE, startTestNetwork } from './test-network.js'

describe('disputes on real processes', () => {
  test('INV-9 a client and a hub that show an old state are answered and pay the penalty', async (t) => {
    const network = await startTestNetwork(t, ['bank'])
    const ledger = await LedgerClient.connect({ url: network.ledgerUrl, openSocket: openWsSocket })
    const feed = await BlockFeed.start(ledger)
    const { wallet } = await network.wallet('onlooker')
    const policy = await wallet.connected()
    const bank = new KeyCoins(ledger, deriveKeys(network.seedOf('bank')).payout(0), policy.asset)
    const progress = new Progress({ quiet: true })
    assert.equal(await playFrauds({ network, feed, policy, bank }, network.dir, progress), true)
    feed.stop()
  })

  test('INV-28 what the SDK calls paid comes home without the hub', async (t) => {
    const network = await startTestNetwork(t, ['alice'])
    const { wallet: alice } = await network.wallet('alice')
    const { wallet: shop } = await network.wallet('shop')
    await alice.openChannel({ deposit: 100n * ONE })
    const sale = await shop.createInvoice({ value: 40n * ONE, description: 'a clock' })
    const receipts = [alice.pay(sale.text, { key: sale.text }), shop.paid(sale.anchor)]
    await Promise.all(receipts)
    // From here on the hub does nothing at all, without its connections noticing.
    const hub = Number(readFileSync(join(network.dir, 'hub.pid'), 'utf8'))
    process.kill(hub, 'SIGSTOP')
    const [channel] = shop.channels()
    assert.ok(channel !== undefined)
    const { id, terms } = channel.party.ledger
    await shop.forceClose(id)
    await shop.settled(id)
    const { onLedger } = await shop.balance()
    process.kill(hub, 'SIGCONT')
    assert.ok(onLedger <= 40n * ONE && onLedger >= 40n * ONE - terms.exitReserve, `${onLedger}`)
  })

  test('INV-14 INV-15 a wallet without coins that was closed in between finalizes when it is back', async (t) => {
    const network = await startTestNetwork(t, ['alice'])
    const first = await network.wallet('alice')
    await first.wallet.openChannel({ deposit: 999n * ONE })
    const before = (await first.wallet.balance()).onLedger
    const [channel] = first.wallet.channels()
    assert.ok(channel !== undefined)
    const { id, terms } = channel.party.ledger
    await first.wallet.forceClose(id)
    await first.close()
    const { wallet: again } = await network.wallet('alice')
    await again.settled(id)
    const home = (await again.balance()).onLedger - before
    assert.ok(home <= 999n * ONE && home >= 999n * ONE - terms.exitReserve, `${home}`)
  })
})
