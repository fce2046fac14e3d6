import assert from 'node:assert/strict'
import { test } from 'node:test'
import { payingFetch } from '#client-sdk/http/paying-fetch.js'
import { buyer, serveFor } from './test-buyer.js'

test('STREAM-6 requests side by side go on over the end of a stream', async (t) => {
  const buys = buyer()
  const shop = await serveFor(t, buys)
  const pay = payingFetch(buys.wallet, { budget: {}, ticks: 4, exposure: 16 })
  assert.equal((await pay(shop)).status, 200)
  const all = await Promise.all(Array.from({ length: 64 }, (_, i) => pay(`${shop}/${i}`)))
  assert.deepEqual([...new Set(all.map(({ status }) => status))], [200])
  await pay.close()
  // Of those under way while a stream ends, some are paid by the next one instead.
  assert.ok(buys.opened.length <= 64 && buys.given() < 128n * 10n, `${buys.given()}`)
  assert.ok(buys.opened.every(({ isClosed }) => isClosed))
})

test('INV-32 what was given for a request that was given up pays for the next', async (t) => {
  const buys = buyer()
  let [isSilent, taken] = [false, 0]
  const shop = await serveFor(t, buys, () => {
    taken++
    return isSilent
  })
  const pay = payingFetch(buys.wallet, { budget: {}, exposure: 1, waitSeconds: 5 })
  assert.equal((await pay(`${shop}/first`)).status, 200)
  isSilent = true
  const stop = new AbortController()
  const given = pay(`${shop}/given-up`, { signal: stop.signal })
  while (taken < 2) await new Promise((resolve) => setImmediate(resolve))
  stop.abort()
  await assert.rejects(given, { name: 'AbortError' })
  isSilent = false
  // The seller has used it: another tick goes along, at once.
  assert.equal((await pay(`${shop}/next`)).status, 200)
  assert.equal(buys.given(), 30n)
  const early = new AbortController()
  early.abort()
  await assert.rejects(pay(`${shop}/never-sent`, { signal: early.signal }), { name: 'AbortError' })
  assert.equal((await pay(`${shop}/after`)).status, 200)
  assert.equal(buys.given(), 40n)
})

test('STREAM-7 a seller that does not hear of the end is told again', async (t) => {
  const buys = buyer()
  let heads = 0
  const shop = await serveFor(t, buys, ({ method }, response) => {
    if (method !== 'HEAD' || ++heads > 2) return false
    response.destroy()
    return true
  })
  const pay = payingFetch(buys.wallet, { budget: {} })
  await pay(shop)
  await pay.leave(shop)
  assert.equal(heads, 3)
  assert.ok(buys.anchors.every((anchor) => buys.desk.of(anchor)?.isClosing))
})

test('HTTP402-5 after a crash requests side by side find out together where the stream stands', async (t) => {
  const buys = buyer()
  const shop = await serveFor(t, buys)
  const first = payingFetch(buys.wallet, { budget: {} })
  for (let i = 0; i < 5; i++) assert.equal((await first(`${shop}/before/${i}`)).status, 200)
  buys.restart()
  const second = payingFetch(buys.wallet, { budget: {} })
  const all = await Promise.all(Array.from({ length: 12 }, (_, i) => second(`${shop}/after/${i}`)))
  assert.deepEqual([...new Set(all.map(({ status }) => status))], [200])
  assert.deepEqual(
    buys.anchors.map((anchor) => buys.desk.of(anchor)?.tip.index),
    [17],
  )
})
