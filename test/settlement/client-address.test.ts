import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { BoundedShare } from '#settlement/api/bounded-share.js'
import { Clients } from '#settlement/api/clients.js'

/** Whom a request over loopback with these headers counts as. */
async function counted(
  context: TestContext,
  trustedProxies: number,
  forwarded: readonly string[],
): Promise<string> {
  const clients = new Clients({ trustedProxies, connectionsPerAddress: 1 })
  const server = createServer((asked, response) => {
    response.end(clients.addressOf(asked))
  })
  context.after(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const headers = { 'x-forwarded-for': [...forwarded] }
  const asking = request({ port, host: '127.0.0.1', headers, agent: false }).end()
  const [response] = await once(asking, 'response')
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return text
}

describe('INV-45 API-12 a client counts as', () => {
  const cases: readonly (readonly [proxies: number, forwarded: string[], counted: string])[] = [
    // Without a proxy that is trusted anybody can write what he likes.
    [0, ['192.0.2.1'], '127.0.0.1'],
    [1, [], '127.0.0.1'],
    [1, ['192.0.2.1'], '192.0.2.1'],
    [1, ['198.51.100.9, 192.0.2.1'], '192.0.2.1'],
    [1, ['198.51.100.9', '192.0.2.1'], '192.0.2.1'],
    [1, ['2001:db8:1:2:3:4:5:6'], '2001:db8:1:2::/64'],
    [1, ['192.0.2.1, nobody'], '127.0.0.1'],
    [2, ['198.51.100.9, 192.0.2.1,203.0.113.5'], '192.0.2.1'],
    // It came by fewer proxies than there are.
    [2, ['192.0.2.1'], '127.0.0.1'],
  ]
  for (const [proxies, forwarded, expected] of cases) {
    test(`${expected} behind ${proxies} proxies that say ${JSON.stringify(forwarded)}`, async (context) => {
      assert.equal(await counted(context, proxies, forwarded), expected)
    })
  }
})

test('INV-45 API-12 a share is bounded in all and for each address, and what is given back is there again', () => {
  const share = new BoundedShare({ max: 10, perAddressMax: 6 })
  const giveBack = share.take('a', 6)
  assert.ok(giveBack !== undefined)
  assert.equal(share.take('a', 1), undefined)
  assert.equal(share.take('b', 5), undefined)
  assert.ok(share.take('b', 4) !== undefined)
  assert.equal(share.take('c', 1), undefined)
  giveBack()
  giveBack()
  assert.equal(share.take('a', 7), undefined)
  assert.ok(share.take('a', 6) !== undefined)
  assert.equal(share.take('c', 1), undefined)
})
