import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WalletError } from '@tallystick/client-sdk'
import { ONE, startTestNetwork } from './test-network.js'

test('INV-26 a payment that failed stays failed under its key: asking again is no use, and says so', async (t) => {
  const network = await startTestNetwork(t, ['ann', 'bob'])
  const ann = await network.wallet('ann')
  const bob = await network.wallet('bob')
  const shop = await network.wallet('shop')
  await ann.wallet.openChannel({ deposit: 50n * ONE })
  await bob.wallet.openChannel({ deposit: 50n * ONE })
  const sale = await shop.wallet.createInvoice({ value: 10n * ONE })
  await ann.wallet.pay(sale.text, { key: 'first' })

  const isOver = (error: unknown) => {
    assert.ok(error instanceof WalletError)
    assert.equal(error.code, 'payment_failed')
    assert.match(error.message, /anchor_used/)
    assert.equal(error.retryable, false)
    return true
  }
  await assert.rejects(bob.wallet.pay(sale.text, { key: 'second' }), isOver)
  await assert.rejects(bob.wallet.pay(sale.text, { key: 'second' }), isOver)

  // The money is back: all of it can be paid under another key.
  const other = await shop.wallet.createInvoice({ value: 40n * ONE })
  assert.equal((await bob.wallet.pay(other.text, { key: 'third' })).status, 'paid')
})
