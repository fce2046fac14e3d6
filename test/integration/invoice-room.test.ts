import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ONE, startTestNetwork } from './test-network.js'

test('HUB-7 a shop without a coin can be paid by all of whom it asks at the same time', async (t) => {
  const network = await startTestNetwork(t, ['ann'])
  const ann = await network.wallet('ann')
  const shop = await network.wallet('shop')
  await ann.wallet.openChannel({ deposit: 400n * ONE })
  const asked = []
  for (let i = 0; i < 8; i++) asked.push(await shop.wallet.createInvoice({ value: 12n * ONE }))
  const paid = await Promise.all(asked.map(({ text }, i) => ann.wallet.pay(text, { key: `${i}` })))
  assert.deepEqual([...new Set(paid.map(({ status }) => status))], ['paid'])
})
