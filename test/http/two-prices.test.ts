import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { payingFetch } from '#client-sdk/http/paying-fetch.js'
import type { PayingFetchOptions } from '#client-sdk/http/paying-fetch-options.js'
import { buyer, type RoutePrice, servePriced } from './test-buyer.js'

const [A, B] = [20_000n, 50_000n]

/** A shop of several prices, and a buyer that counts what it asks. */
async function trade(
  t: TestContext,
  priceOf: (path: string) => RoutePrice,
  options: Partial<PayingFetchOptions> = {},
) {
  const wallet = buyer()
  const shop = await servePriced(t, wallet, priceOf)
  const asked: [string, string | null][] = []
  const pay = payingFetch(wallet.wallet, {
    budget: {},
    ...options,
    fetch: (url, init) => {
      asked.push([new URL(url).pathname, new Headers(init?.headers).get('tally-price')])
      return fetch(url, init)
    },
  })
  /** What the receipt states. */
  const buy = async (path: string, init: RequestInit = {}) => {
    const response = await pay(`${shop}${path}`, init)
    assert.equal(response.status, 200)
    const [, amount] = /amount="(\d+)"/.exec(response.headers.get('tally-receipt') ?? '') ?? []
    return BigInt(amount ?? -1)
  }
  return { ...wallet, shop, pay, buy, asked }
}

const twoPrices = (path: string) => ({ price: path === '/b' ? B : A })

test('HTTP402-2 where routes of one origin differ in price, each is paid at its own', async (t) => {
  const { buy, given, opened } = await trade(t, twoPrices)
  let due = 0n
  for (const path of 'ababbaabbbaa') {
    const price = path === 'b' ? B : A
    due += price
    assert.equal(await buy(`/${path}`), price)
  }
  // Of the first that was for the wrong price nothing was taken: it paid for the next at that price.
  assert.equal(given(), due)
  assert.equal(opened.length, 2)
})

test('HTTP402-2 whatever is asked in whatever order, what leaves is the sum of the prices', async (t) => {
  const price = fc.bigInt(1n, 60n)
  const unit = fc.constantFrom(undefined, 1n, 7n, 10n)
  const routes = fc.array(fc.record({ price, unit }), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(routes, fc.array(fc.nat(4), { maxLength: 24 }), async (prices, order) => {
      const own = prices.map(({ price, unit }) => ({ price, ...(unit !== undefined && { unit }) }))
      const priced = (path: string) => own[Number(path.slice(1)) % own.length] ?? { price: 1n }
      const { buy, desk, anchors } = await trade(t, priced)
      let due = 0n
      for (const route of order) {
        const { price, unit = price } = priced(`/${route}`)
        const whole = ((price + unit - 1n) / unit) * unit
        const paid = await buy(`/${route}`)
        // Ticks of another route's unit may come closer to the price than those of its own.
        assert.ok(price <= paid && paid <= whole, `${paid} for a price of ${price}`)
        due += paid
      }
      const taken = anchors.reduce((sum, anchor) => {
        const stream = desk.of(anchor)
        return sum + (stream?.unit ?? 0n) * BigInt(stream?.served ?? 0)
      }, 0n)
      assert.equal(taken, due)
    }),
    { numRuns: 25 },
  )
})

test('HTTP402-2 requests that come together are paid at their own prices', async (t) => {
  const { buy } = await trade(t, twoPrices)
  const paths = [...'abbaabab']
  const amounts = await Promise.all(paths.map((path) => buy(`/${path}`)))
  assert.deepEqual(
    amounts,
    paths.map((path) => (path === 'b' ? B : A)),
  )
})

test('HTTP402-2 where all routes ask the same, each new one is paid with its first request', async (t) => {
  const { buy, asked } = await trade(t, () => ({ price: 10n }))
  for (const path of ['/1', '/2', '/3']) await buy(path)
  assert.deepEqual(asked, [
    ['/1', null],
    ['/1', '10'],
    ['/2', '10'],
    ['/3', '10'],
  ])
})

test('HTTP402-2 where routes differ in price, one that is not known is asked first', async (t) => {
  const { buy, asked, given } = await trade(t, twoPrices)
  for (const path of ['/a', '/b']) await buy(path)
  asked.length = 0
  await buy('/c')
  await buy('/c')
  assert.deepEqual(asked, [
    ['/c', null],
    ['/c', `${A}`],
    ['/c', `${A}`],
  ])
  assert.equal(given(), 3n * A + B)
})

for (const [name, before, after] of [
  ['lowered', 50n, 20n],
  ['raised', 20n, 50n],
] as const) {
  test(`HTTP402-2 a price that is ${name} in the middle of a stream takes what is offered then`, async (t) => {
    for (const unit of [undefined, 10n]) {
      let price: bigint = before
      const { buy, asked, shop, desk, anchors } = await trade(t, () => ({
        price,
        ...(unit !== undefined && { unit }),
      }))
      assert.equal(await buy('/page'), before)
      price = after
      assert.equal(await buy('/page'), after)
      assert.equal(await buy('/page'), after)
      assert.equal(asked.length, 5, shop)
      // Nothing that was meant for the price of before is held.
      const held = anchors.map((anchor) => {
        const { tip, unit: worth } = desk.of(anchor) ?? assert.fail()
        return worth * BigInt(tip.index)
      })
      assert.deepEqual(held, [before, 2n * after])
    }
  })
}

test('HTTP402-7 the cap of a request and the approval are asked for each offer of an origin', async (t) => {
  const approved: bigint[] = []
  const approve = async ({ offer }: { readonly offer: { readonly price: bigint } }) => {
    approved.push(offer.price)
  }
  const { buy, pay, shop, given } = await trade(
    t,
    (path) => (path === '/dear' ? { price: 60_000n } : twoPrices(path)),
    { budget: { perRequest: B }, approve },
  )
  for (const path of ['/b', '/a', '/b', '/a', '/c']) await buy(path)
  await assert.rejects(pay(`${shop}/dear`), { code: 'price_above_cap' })
  assert.deepEqual(approved, [B, A])
  assert.equal(given(), 2n * B + 3n * A)
})

test('HTTP402-7 a seller that changes its price again and again is left after the second time', async (t) => {
  let price = 10n
  const { pay, shop } = await trade(t, () => ({ price: price++ }))
  await assert.rejects(pay(shop), { code: 'payment_refused' })
})

test('HTTP402-2 ticks that cost more than the offer are not taken, though no price is stated', async (t) => {
  const wallet = buyer()
  const shop = await servePriced(t, wallet, () => ({ price: 20n }))
  const { stream } = wallet.wallet
  const terms = { to: wallet.payee, least: 2, exposure: 16, ticks: 16, budget: {} }
  const open = (unit: bigint) =>
    stream.openWithin({ ...terms, unit, costMax: undefined, host: '', day: 0 })
  const ask = async (unit: bigint, ticks: number) => {
    const { token } = await (await open(unit)).pay(ticks)
    const response = await fetch(shop, { headers: { 'tally-ticks': token } })
    const stated =
      response.headers.get('tally-receipt') ?? ((await response.json()) as { code: string }).code
    return stated.split(', ').slice(2).join(' ') || stated
  }
  assert.equal(await ask(50n, 1), 'price_changed')
  assert.equal(await ask(15n, 2), 'price_changed')
  const [first] = wallet.anchors
  assert.equal(first && wallet.desk.of(first)?.tip.index, 0)
  assert.equal(await ask(10n, 2), 'used=2 amount="20"')
  assert.equal(await ask(20n, 1), 'used=1 amount="20"')
})

test('HTTP402-4 the receipt states what was taken, ticks that are rounded up included', async (t) => {
  const { buy, given } = await trade(t, () => ({ price: 25n, unit: 10n }))
  assert.equal(await buy('/page'), 30n)
  assert.equal(given(), 30n)
})
