import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fillDisk, HAS_FULL_DEVICE } from '../client-sdk/full-disk.js'
import { hubOnDisk } from './hub-on-disk.js'
import { ONE } from './test-network.js'

test('INV-18 INV-43 a wallet whose disk is full signs nothing more, and says the same once it is opened again', {
  skip: !HAS_FULL_DEVICE,
}, async (context) => {
  const world = await hubOnDisk(context)
  const hub = await world.startHub()
  const alice = await world.wallet('alice', hub)
  const bob = await world.wallet('bob', hub)
  await alice.wallet.openChannel({ deposit: 100n * ONE })
  await bob.wallet.requestChannel({ inbound: 100n * ONE })
  const invoices = [10n, 20n, 30n].map((value) => bob.wallet.createInvoice({ value: value * ONE }))
  const [first, second, third] = await Promise.all(invoices)
  assert.ok(first !== undefined && second !== undefined && third !== undefined)
  await alice.wallet.pay(first.text, { key: 'first' })

  // The commit of the second payment reaches the database, and its mark does not: nothing is sent.
  fillDisk(`${alice.file}.mark`)
  const failed = { name: 'StoreFault', code: 'store_failed' }
  await assert.rejects(alice.wallet.pay(second.text, { key: 'second' }), failed)
  await assert.rejects(alice.wallet.pay(third.text, { key: 'third' }), failed)
  assert.deepEqual(alice.problems, ['store_failed'])
  assert.equal((await bob.wallet.invoice(second.anchor))?.status, 'open')
  await alice.close()

  const again = await world.wallet('alice', hub)
  assert.equal((await again.wallet.pay(second.text, { key: 'second' })).status, 'paid')
  assert.equal((await again.wallet.pay(third.text, { key: 'third' })).status, 'paid')
  for (const { anchor } of [first, second, third]) await bob.wallet.paid(anchor)
  const { inChannels } = await bob.wallet.balance()
  assert.equal(inChannels, 60n * ONE)
  assert.deepEqual([again.problems, bob.problems], [[], []])
})
