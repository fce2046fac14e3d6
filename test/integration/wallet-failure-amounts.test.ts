import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ONE, startTestNetwork } from './test-network.js'
import { placeOf, walletCommand } from './wallet-command.js'

test('what a wallet command cannot do is told in the amounts of the asset, as they are typed', async (t) => {
  const network = await startTestNetwork(t, ['alice'])
  const { wallet: shop } = await network.wallet('shop')
  const alice = await network.wallet('alice')
  await alice.wallet.openChannel({ deposit: 2n * ONE })
  const { text } = await shop.createInvoice({ value: 5n * ONE })
  await alice.close()
  const at = [...placeOf(network, 'alice'), '--hub', network.hubUrl, '--yes']
  const failures = [
    ['open', '0.00001', 'amount_too_small'],
    ['open', '123456789', 'insufficient_funds'],
    ['pay', text, 'insufficient_balance'],
  ] as const
  for (const [command, wish, code] of failures) {
    const { code: exit, stderr } = await walletCommand(command, wish, ...at)
    const told = stderr.split('\n').find((line) => line.startsWith(code)) ?? assert.fail(stderr)
    assert.equal(exit, 1, told)
    assert.match(told, /\d\.\d+ GBP/)
    assert.doesNotMatch(told, /base unit/)
  }
})
