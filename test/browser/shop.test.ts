import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LockRoot } from '@tallystick/protocol'
import type { Page } from 'playwright-core'
import { ONE, startTestNetwork } from '../integration/test-network.js'
import { playBrowserTutorial } from './browser-tutorial.js'
import { startChromium } from './chromium.js'
import { startShop } from './shop-process.js'
import { buy, PASSPHRASE, unlock, visit } from './shop-visit.js'

test('the example shop, with a wallet in a browser', async (t) => {
  const [network, browser] = await Promise.all([
    startTestNetwork(t, ['bank', 'alice']),
    startChromium(t),
  ])
  const shop = await startShop(t, network)
  const bank = await network.wallet('bank')
  const profile = await browser.newContext()
  const page = await visit(profile, shop.url)
  let words = ''
  let other: Page
  let before = 0n

  await t.test('WEB-2 a wallet is made, filled, and its words are shown once', async () => {
    await buy(page, 'Reading lamp')
    await page.waitForFunction(() => {
      const code = document.querySelector('.qr')
      return code instanceof HTMLImageElement && code.naturalWidth > 0
    })
    await page.getByRole('button', { name: 'Open your wallet to pay' }).click()
    await page.getByLabel('Choose a passphrase').fill(PASSPHRASE)
    await page.getByRole('button', { name: 'Make a wallet' }).click()
    await page.locator('#words li').nth(11).waitFor()
    words = (await page.locator('#words li').allTextContents()).join(' ')
    assert.equal(words.split(' ').length, 12)
    // Whoever goes away before they are written down is shown them again.
    await page.reload()
    await page.getByRole('button', { name: 'Open your wallet to pay' }).click()
    await unlock(page, PASSPHRASE)
    await page.locator('#words li').nth(11).waitFor()
    assert.equal((await page.locator('#words li').allTextContents()).join(' '), words)
    await page.getByRole('button', { name: 'I have written them down' }).click()
    await page.getByRole('button', { name: 'Add money to your wallet' }).click()
    const lock = (await page.locator('#address').textContent()) as LockRoot
    await bank.wallet.send({ lock, value: 100n * ONE })
    await page.getByRole('button', { name: 'Make it spendable' }).click()
    await page.locator('#spendable', { hasText: '£98.96' }).waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
  })

  await t.test('INV-26 a payment that a reload cuts off ends paid, once', async () => {
    await page.getByRole('button', { name: 'Pay £12.50' }).waitFor()
    // The hub takes nothing for a while: the payment is stored, sent, and waits.
    signal(network.hub.pid, 'SIGSTOP')
    await page.evaluate(() => {
      const { send } = WebSocket.prototype
      WebSocket.prototype.send = function (data) {
        document.title = 'sent'
        send.call(this, data)
      }
    })
    await page.getByRole('button', { name: 'Pay £12.50' }).click()
    await page.waitForFunction(() => document.title === 'sent')
    await page.reload()
    await page.getByRole('button', { name: 'Open your wallet to pay' }).click()
    await unlock(page, 'correct horse batterz')
    await page.getByText('This is not the passphrase of this wallet.').waitFor()
    await unlock(page, PASSPHRASE)
    // Nobody has pressed anything again: the payment is known, and goes on.
    await page.getByText('Paying…').waitFor()
    signal(network.hub.pid, 'SIGCONT')
    await page.getByText('Paid', { exact: true }).waitFor()
    // 98.961364 less 12.50 and the hub's fee of 0.0135, once.
    await page.getByRole('button', { name: 'Wallet · £86.44' }).waitFor()
  })

  await t.test('HTTP402-2 an article is paid by the section', async () => {
    await page.getByRole('link', { name: 'Wick & Clay' }).click()
    await page.getByRole('link', { name: 'The room with one lamp' }).click()
    before = await exactly(page)
    await page.getByRole('button', { name: 'Read on for £0.02' }).click()
    await page.getByRole('heading', { name: 'Light where the book is' }).waitFor()
    await page.locator('#set-aside', { hasText: /^£0\.16/ }).waitFor()
    // The shop serves the next one, and its answer is lost on the way.
    await page.route('**/sections/2', async (route) => {
      await route.fetch()
      await route.abort()
    })
    await page.getByRole('button', { name: 'Read on for £0.02' }).click()
    await page.getByText('The shop does not answer.').waitFor()
  })

  await t.test(
    'WEB-1 HTTP402-5 of two tabs one has the wallet; the other reads on after it, and pays nothing twice',
    async () => {
      other = await visit(profile, page.url())
      await other.getByRole('heading', { name: 'What a handle is for' }).waitFor()
      await other.locator('#paid', { hasText: '£0.04' }).waitFor()
      await other.getByRole('button', { name: 'Open your wallet to read on' }).click()
      await unlock(other, PASSPHRASE)
      await other.getByRole('heading', { name: 'Open in another tab' }).waitFor()
      await unlock(other, PASSPHRASE, 'Open it here when it is free')
      await page.close()
      await other.getByRole('button', { name: 'Read on for £0.02' }).click()
      await other.getByRole('heading', { name: 'Paper that forgives' }).waitFor()
      await other.getByRole('button', { name: 'Stop, and take the rest back' }).click()
      await other.locator('#set-aside', { hasText: '£0.00' }).waitFor()
      // Three sections, with the hub's fee for each; of the eight that were set aside the rest is back.
      assert.equal(before - (await exactly(other)), 3n * (20_000n + 145n))
    },
  )

  await t.test('the merchant pays back, and the customer sees it', async () => {
    await buy(other, 'Stoneware mug')
    await other.getByRole('button', { name: 'Pay £4.80' }).click()
    await other.getByText('Paid', { exact: true }).waitFor()
    await other.getByRole('button', { name: 'Ask for a refund' }).click()
    await other.getByText('refund asked for').waitFor()
    const merchant = await visit(profile, `${shop.url}/merchant`)
    merchant.on('dialog', (dialog) => void dialog.accept())
    await merchant.getByLabel('Password of the shop').fill('guessed')
    await merchant.getByRole('button', { name: 'Show the orders' }).click()
    await merchant.getByText('This is not the password of the shop.').waitFor()
    await merchant.getByLabel('Password of the shop').fill(shop.password)
    await merchant.getByRole('button', { name: 'Show the orders' }).click()
    // The hub takes nothing for a while: the customer is told what is under way.
    signal(network.hub.pid, 'SIGSTOP')
    await merchant.getByRole('button', { name: 'Refund £4.80' }).click()
    await other.getByText('Refund is on its way').waitFor()
    signal(network.hub.pid, 'SIGCONT')
    await other.getByText('Refunded').waitFor()
    await merchant.locator('#orders .status', { hasText: 'Refunded' }).waitFor()
    await other.getByRole('button', { name: 'Wallet · £86.38' }).waitFor()
    await merchant.close()
  })

  await t.test('a payment goes on where the wallet is locked meanwhile', async () => {
    await buy(other, 'Pocket notebook')
    await other.getByRole('button', { name: 'Pay £3.20' }).waitFor()
    signal(network.hub.pid, 'SIGSTOP')
    await other.getByRole('button', { name: 'Pay £3.20' }).click()
    await other.getByText('Paying…').waitFor()
    await other.getByRole('button', { name: /^Wallet · / }).click()
    await other.getByRole('button', { name: 'Lock the wallet' }).click()
    await other.getByText('Your wallet was locked.').waitFor()
    signal(network.hub.pid, 'SIGCONT')
    await unlock(other, PASSPHRASE)
    await other.getByText('Paid', { exact: true }).waitFor()
    // What was wrong in between is not left standing.
    await other.locator('.order > .alert', { hasText: /^$/ }).waitFor({ state: 'attached' })
  })

  await t.test('the merchant is asked again for a password that is the old one', async () => {
    const merchant = await visit(profile, `${shop.url}/merchant`)
    await merchant.evaluate(() => sessionStorage.setItem('merchant', 'the old one'))
    await merchant.reload()
    await merchant.getByLabel('Password of the shop').fill(shop.password)
    await merchant.getByRole('button', { name: 'Show the orders' }).click()
    await merchant.locator('#orders tr').nth(2).waitFor()
    await merchant.route('**/api/merchant/orders', (route) => route.abort(), { times: 1 })
    await merchant.getByText('The shop does not answer.').waitFor()
    await merchant.getByText('The shop does not answer.').waitFor({ state: 'detached' })
    await merchant.close()
  })

  await t.test('money that comes later is spent beside what is left', async () => {
    const page = await visit(await browser.newContext(), shop.url)
    const fill = async (units: bigint) => {
      const lock = (await page.locator('#address').textContent()) as LockRoot
      await bank.wallet.send({ lock, value: units * ONE })
      await page.getByRole('button', { name: 'Make it spendable' }).click()
    }
    await buy(page, 'Reading lamp')
    await page.getByRole('button', { name: 'Open your wallet to pay' }).click()
    await page.getByLabel('Choose a passphrase').fill(PASSPHRASE)
    await page.getByRole('button', { name: 'Make a wallet' }).click()
    await page.getByRole('button', { name: 'I have written them down' }).click()
    await page.getByRole('button', { name: 'Add money to your wallet' }).click()
    await fill(10n)
    await page.locator('#spendable', { hasText: '£9.8' }).waitFor()
    await page.getByRole('button', { name: 'Make it spendable' }).waitFor({ state: 'hidden' })
    await fill(10n)
    await page.locator('#spendable', { hasText: /£1[89]/ }).waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    // Neither of the two channels has as much.
    await page.getByRole('button', { name: 'Pay £12.50' }).click()
    await page.getByText('Paid', { exact: true }).waitFor()
    await page.close()
  })

  await t.test(
    'CH-18 the words bring the wallet back in a browser that was never here',
    async () => {
      await other.getByRole('button', { name: /^Wallet · / }).click()
      await other.getByRole('button', { name: 'Lock the wallet' }).click()
      await other.getByRole('heading', { name: 'Open your wallet' }).waitFor()
      const fresh = await visit(await browser.newContext(), shop.url)
      await fresh.getByRole('button', { name: 'Wallet' }).click()
      await fresh.getByRole('button', { name: 'I have the words of a wallet' }).click()
      await fresh.getByLabel('The words').fill(words)
      await fresh.getByLabel('Choose a passphrase').fill(PASSPHRASE)
      await fresh.getByRole('button', { name: 'Restore' }).click()
      await fresh.locator('#spendable', { hasText: '£83.17' }).waitFor()
      assert.ok(await fresh.getByText('Your money is found').isHidden())
      await fresh.close()
    },
  )

  await t.test('a wallet that cannot be opened leaves nothing in the browser', async () => {
    const page = await (await browser.newContext()).newPage()
    await page.goto(shop.url)
    const { hubUrl } = network
    const words = network.wordsOf('alice')
    const left = await page.evaluate(
      async (wish) => {
        const sdk = '/tallystick.js'
        const { createBrowserWallet, hasBrowserWallet } = await import(sdk)
        const nowhere = { ...wish, ledgerUrl: `${location.origin}/nowhere` }
        const failed = await createBrowserWallet(nowhere).catch((error: Error) => error)
        return !(failed instanceof Error) || (await hasBrowserWallet())
      },
      { passphrase: PASSPHRASE, words, hubUrl },
    )
    assert.equal(left, false)
  })

  await t.test('WEB-1 WEB-2 the tutorial of the browser runs as it stands', (t) =>
    playBrowserTutorial(t, { network, browser, bankWords: network.wordsOf('alice') }),
  )

  await t.test('what the shop is asked for wrongly it refuses, and says why', async () => {
    const ask = async (path: string, body?: unknown, headers = {}) => {
      const answer = await fetch(`${shop.url}/api/${path}`, {
        headers: { 'content-type': 'application/json', ...headers },
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      })
      const { error } = (await answer.json()) as { error?: string }
      return [answer.status, error]
    }
    const noProduct = [404, 'The shop has no such product.']
    const noOrder = [404, 'There is no such order.']
    const noPassword = [401, 'This is not the password of the shop.']
    assert.deepEqual(await ask('orders', { product: '__proto__' }), noProduct)
    assert.deepEqual(await ask('orders', { product: { id: 'lamp' } }), noProduct)
    assert.deepEqual(await ask('orders', []), noProduct)
    assert.deepEqual(await ask('orders/constructor'), noOrder)
    assert.deepEqual(await ask('orders/none/events'), noOrder)
    assert.deepEqual(await ask('orders/none/refund', { invoice: 'tally1' }), noOrder)
    assert.deepEqual(await ask('merchant/orders'), noPassword)
    assert.deepEqual(await ask('merchant/orders/none/refund', {}), noPassword)
    assert.deepEqual(
      await ask('merchant/orders/none/refund', {}, { authorization: `Bearer ${shop.password}` }),
      noOrder,
    )
    assert.equal((await ask('orders', 'x'.repeat(10_000)))[0], 413)
    assert.equal((await ask('orders/%E0%A4%A'))[0], 400)
    // A browser is shown a page.
    const lost = await browser.newContext()
    const nowhere = await lost.newPage()
    assert.equal((await nowhere.goto(`${shop.url}/products/%E0%A4%A`))?.status(), 400)
    await nowhere.getByText('There is nothing at this address.').waitFor()
    await lost.close()
  })

  await t.test('what is hostile in a name is shown as it is, and nothing of it runs', async () => {
    const name = '"><img src=x onerror="document.title=`taken`"><script>alert(1)</script>\u202e'
    const hostile = await (await browser.newContext()).newPage()
    hostile.setDefaultTimeout(30_000)
    await hostile.route('**/api/shop', async (route) => {
      const answer = await (await route.fetch()).json()
      await route.fulfill({
        json: { ...answer, name, products: [{ ...answer.products[0], name }] },
      })
    })
    await hostile.goto(`${shop.url}/products/lamp`)
    assert.equal(await hostile.getByRole('heading').textContent(), name)
    assert.equal(await hostile.locator('#shop-name').textContent(), name)
    assert.equal(await hostile.locator('img[src=x], main script').count(), 0)
    assert.ok((await hostile.title()).startsWith('">'))
    await hostile.close()
  })
})

/** What the wallet of a page can spend, base units. */
async function exactly(page: Page): Promise<bigint> {
  const shown = await page.locator('#spendable').getAttribute('title')
  return BigInt(shown?.replace(/\D/g, '') ?? '')
}

function signal(pid: number | undefined, name: 'SIGSTOP' | 'SIGCONT'): void {
  assert.ok(pid !== undefined)
  process.kill(pid, name)
}
