import assert from 'node:assert/strict'
import { copyFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openWallet } from '@tallystick/client-sdk/node'
import { ONE, startTestNetwork } from './test-network.js'
import { openGuarded, startTower } from './tower-process.js'

test('INV-42 TOWER-8 a copy put back with its mark is seen for what it is by the tower alone, and closes nothing', async (t) => {
  const network = await startTestNetwork(t, ['alice'])
  const { wallet: alice } = await network.wallet('alice')
  await alice.openChannel({ deposit: 100n * ONE })
  const tower = await startTower(t, network, 'tower')
  const copies = ['old', 'new'] as const
  const files = () => readdirSync(network.dir).filter((name) => /^shop\.db[^~]*$/.test(name))
  for (const copy of copies) {
    const { wallet: shop, close } = await openGuarded(network, 'shop', [tower])
    const sale = await shop.createInvoice({ value: ONE, description: copy })
    await Promise.all([alice.pay(sale.text, { key: sale.text }), shop.paid(sale.anchor)])
    const [channel] = shop.channels()
    assert.ok(channel !== undefined)
    await shop.guarded(channel.party.ledger.id)
    await close()
    if (copy === 'new') break
    for (const name of files()) copyFileSync(join(network.dir, name), join(network.dir, `${name}~`))
  }
  for (const name of files()) copyFileSync(join(network.dir, `${name}~`), join(network.dir, name))

  let look = () => {}
  const { wallet: shop, close } = await openWallet({
    ...{ words: network.seedOf('shop'), file: join(network.dir, 'shop.db') },
    ledgerUrl: network.ledgerUrl,
    // Its hub is silent.
    hubUrl: 'ws://127.0.0.1:1/v1/session',
    towers: [{ url: tower.sessionUrl, key: tower.key }],
    onEvent: () => look(),
  })
  t.after(close)
  await new Promise<void>((resolve) => {
    look = () => shop.channels().every(({ books }) => books === 'lost') && resolve()
    look()
  })
  const [resting] = shop.channels()
  assert.ok(resting !== undefined)
  await assert.rejects(shop.forceClose(resting.party.ledger.id), { code: 'state_lost' })
  // What the tower kept is what an unsure close asserts: both sales are in it.
  assert.equal(resting.party.peer.transferred, 2n * ONE)
})
