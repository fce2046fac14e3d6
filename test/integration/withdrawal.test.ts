import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WalletError } from '@tallystick/client-sdk'
import { keyLock, lockRoot, signerFromSeed } from '@tallystick/protocol'
import { ONE, startTestNetwork } from './test-network.js'

test('HUB-15 CH-17 a merchant pays itself out of a channel, to any lock, and is paid over it on', async (t) => {
  const network = await startTestNetwork(t, ['ann'])
  const ann = await network.wallet('ann')
  const shop = await network.wallet('shop')
  await ann.wallet.openChannel({ deposit: 100n * ONE })
  const sell = async (value: bigint, key: string) => {
    const sale = await shop.wallet.createInvoice({ value })
    assert.equal((await ann.wallet.pay(sale.text, { key })).status, 'paid')
  }
  await sell(40n * ONE, 'first')

  await shop.wallet.withdraw({ value: 10n * ONE })
  assert.equal((await shop.wallet.balance()).onLedger, 10n * ONE)

  const bank = lockRoot(keyLock(signerFromSeed(new Uint8Array(32).fill(7)).publicKey))
  await shop.wallet.withdraw({ value: 20n * ONE, lock: bank })
  const arrived = await shop.ledger.coinsOf(bank)
  assert.deepEqual(
    arrived.map(({ coin }) => coin.amount),
    [20n * ONE],
  )

  await sell(5n * ONE, 'second')
  const [channel] = shop.wallet.channels()
  await assert.rejects(
    shop.wallet.withdraw({ value: 30n * ONE }),
    (error) => error instanceof WalletError && error.code === 'insolvent',
  )
  await shop.wallet.closeChannel(channel?.party.ledger.id ?? assert.fail())
  const { onLedger } = await shop.wallet.balance()
  // 45 were sold for, 20 went to the bank; the fees of sending and closing are a few base units.
  assert.ok(onLedger > 24n * ONE && onLedger <= 25n * ONE, `${onLedger}`)
})
