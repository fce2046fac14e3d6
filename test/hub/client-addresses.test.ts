import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { WebSocket } from 'ws'
import { serveSockets } from './serve-sockets.js'

describe('INV-45 WIRE-9 a session counts as', () => {
  for (const [trustedProxies, forwarded, expected] of [
    // Without a proxy that is trusted anybody can write what he likes.
    [0, '192.0.2.1', '127.0.0.1'],
    [1, '198.51.100.9, 192.0.2.1', '192.0.2.1'],
    [1, '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    [2, '198.51.100.9, 192.0.2.1', '198.51.100.9'],
    [1, '203.0.113.7:4001', '203.0.113.7'],
    [1, '[2001:db8:1:2:3:4:5:6]:4001', '2001:db8:1:2::/64'],
    [1, '[nobody]:1', '127.0.0.1'],
    [1, 'nobody', '127.0.0.1'],
    [1, '999.0.2.1', '127.0.0.1'],
  ] as const) {
    test(`${expected} behind ${trustedProxies} proxies that say ${forwarded}`, async (t) => {
      const asked: string[] = []
      const admits = (address: string) => asked.push(address) === 0
      const onSocket = () => assert.fail('nobody is admitted')
      const url = await serveSockets(t, { trustedProxies, admits, onSocket })
      const headers = { 'x-forwarded-for': forwarded }
      const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/session`, { headers })
      await new Promise((resolve) => socket.once('error', resolve))
      assert.deepEqual(asked, [expected])
    })
  }
})
