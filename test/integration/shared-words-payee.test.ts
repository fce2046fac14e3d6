import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { type OpenedWallet, openWallet } from '@tallystick/client-sdk/node'
import { ONE, startTestNetwork } from './test-network.js'

const PAYMENTS = 10

test('CH-19 INV-17 a payee that shares its words is paid what came while it was away', async (t) => {
  const network = await startTestNetwork(t, ['ann'])
  const { ledgerUrl, hubUrl, dir } = network
  const ann = await network.wallet('ann')
  await ann.wallet.openChannel({ deposit: 100n * ONE })
  const identity: { shop?: OpenedWallet } = {}
  const openShop = async () => {
    const shop = await openWallet({
      ...{ words: network.seedOf('shop'), file: join(dir, 'shop.db'), ledgerUrl, hubUrl },
      sharedWords: true,
    })
    identity.shop = shop
    return shop
  }
  t.after(() => identity.shop?.close())
  let shop = await openShop()
  await shop.wallet.ensureInbound(90n * ONE)
  const before = (await shop.wallet.balance()).inChannels
  let sold = 0n

  const invoices = async () => {
    const made: { text: string; anchor: string }[] = []
    for (let i = 0; i < PAYMENTS; i++) {
      made.push(await shop.wallet.createInvoice({ value: ONE }))
    }
    sold += BigInt(PAYMENTS) * ONE
    return made
  }
  const statusesOf = async (anchors: readonly string[]) => {
    const { items } = await shop.wallet.invoices({ limit: 100 })
    return anchors.map((anchor) => items.find((item) => item.anchor === anchor)?.status)
  }

  await t.test('payments that were made while it was closed are all delivered', async () => {
    const asked = await invoices()
    await shop.close()
    const payments = asked.map(({ text, anchor }) => ann.wallet.pay(text, { key: anchor }))
    const isPending = async () => (await ann.wallet.payments({ status: 'pending' })).items
    while ((await isPending()).length < PAYMENTS) await new Promise(setImmediate)
    shop = await openShop()
    const ended = await Promise.all(payments)
    assert.deepEqual([...new Set(ended.map(({ status }) => status))], ['paid'])
    await Promise.all(asked.map(({ anchor }) => shop.wallet.paid(anchor as never)))
    assert.equal((await shop.wallet.balance()).inChannels, before + sold)
  })

  await t.test('one that is closed while they come ends each of them on both sides', async () => {
    const asked = await invoices()
    const payments = asked.map(({ text, anchor }) => ann.wallet.pay(text, { key: anchor }))
    await payments[0]
    await shop.close()
    shop = await openShop()
    const ended = await Promise.all(payments)
    assert.deepEqual([...new Set(ended.map(({ status }) => status))], ['paid'])
    await Promise.all(asked.map(({ anchor }) => shop.wallet.paid(anchor as never)))
    assert.deepEqual([...new Set(await statusesOf(asked.map(({ anchor }) => anchor)))], ['paid'])
    assert.equal((await shop.wallet.balance()).inChannels, before + sold)
  })
})
