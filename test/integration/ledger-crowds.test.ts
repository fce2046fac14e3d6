import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { type RunningLedgerNode, startLedgerNode } from '@tallystick/settlement'
import { WebSocket } from 'ws'
import { temporaryFolder } from '../settlement/data-folder.js'
import { ask, included, initTestLedger, paymentOf, submit } from '../settlement/node-on-disk.js'

type Bounds = { readonly connectionsPerAddress: number; readonly trustedProxies?: number }

async function startNode(context: TestContext, bounds: Bounds): Promise<RunningLedgerNode> {
  const dataDir = temporaryFolder(context)
  await initTestLedger(dataDir)
  const node = await startLedgerNode({ dataDir, blockIntervalMs: 5, ...bounds })
  context.after(() => node.stop())
  return node
}

/** A connection from an address of this machine. */
async function connectTo(node: RunningLedgerNode, localAddress = '127.0.0.1'): Promise<Socket> {
  const { hostname, port } = new URL(node.url)
  const socket = connect({ host: hostname, port: Number(port), localAddress })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** All that is said on a connection until it ends. */
async function heard(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
}

const GET = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`

describe('INV-45 API-12 of one address a node takes', () => {
  test('so many connections, and the next when one has ended; nobody else loses a place', async (context) => {
    const node = await startNode(context, { connectionsPerAddress: 3 })
    const held = await Promise.all([1, 2, 3].map(() => connectTo(node)))
    const refused = await heard(await connectTo(node))
    assert.match(refused, /^HTTP\/1\.1 429 /)
    assert.match(refused, /"code":"too_many_connections"/)
    const neighbour = await connectTo(node, '127.0.0.2')
    neighbour.write(GET('/v1/status', 'Connection: close\r\n'))
    assert.match(await heard(neighbour), /^HTTP\/1\.1 200 /)
    const [first] = held
    assert.ok(first !== undefined)
    // Answered, so that it is known there; and then gone.
    first.write(GET('/v1/status', 'Connection: close\r\n'))
    assert.match(await heard(first), /^HTTP\/1\.1 200 /)
    assert.equal((await ask(node.url, '/v1/status')).status, 200)
    for (const socket of held) socket.destroy()
  })

  test('half as many followers, whatever way the address is written', async (context) => {
    const node = await startNode(context, { connectionsPerAddress: 4 })
    const url = `${node.url.replace('http', 'ws')}/v1/feed`
    const followers = [1, 2].map(() => new WebSocket(url))
    await Promise.all(followers.map((follower) => once(follower, 'open')))
    const refused = new WebSocket(url)
    refused.on('error', () => undefined)
    const [, response] = await once(refused, 'unexpected-response')
    assert.equal(response.statusCode, 429)
    refused.terminate()
    for (const follower of followers) follower.terminate()
  })

  test('requests as a proxy names whom it serves, and connections of the proxy as they come', async (context) => {
    const node = await startNode(context, { connectionsPerAddress: 2, trustedProxies: 1 })
    const from = (address: string) => `X-Forwarded-For: ${address}\r\n`
    const proxies = await Promise.all([1, 2, 3, 4].map(() => connectTo(node)))
    // Each waits for its body, so that it is under way.
    const post = (address: string) =>
      'POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n' +
      `Content-Length: 10\r\n${from(address)}\r\n`
    const [one, two, three, four] = proxies
    assert.ok(one && two && three && four)
    one.write(post('192.0.2.1'))
    two.write(post('192.0.2.1'))
    four.write(GET('/v1/status', from('192.0.2.2')))
    assert.match(String((await once(four, 'data'))[0]), /^HTTP\/1\.1 200 /)
    three.write(post('198.51.100.7, 192.0.2.1'))
    const refused = String((await once(three, 'data'))[0])
    assert.match(refused, /^HTTP\/1\.1 429 /)
    assert.match(refused, /at most 2 requests of one address/)
    // A place is free again when who held it has gone.
    one.destroy()
    await once(one, 'close')
    four.write(GET('/v1/status', from('192.0.2.2')))
    await once(four, 'data')
    four.write(GET('/v1/status', from('192.0.2.1')))
    assert.match(String((await once(four, 'data'))[0]), /^HTTP\/1\.1 200 /)
    for (const socket of proxies) socket.destroy()
  })

  test('no long row of requests on one connection', async (context) => {
    const node = await startNode(context, { connectionsPerAddress: 256 })
    const { hex, id } = paymentOf(node.chainId, 0)
    await submit(node.url, hex)
    await included(node, id)
    const socket = await connectTo(node)
    socket.write(GET('/v1/status').repeat(1_000))
    const answers = (await heard(socket)).split('HTTP/1.1 200 ').length - 1
    assert.ok(answers < 1_000, `${answers} were answered before it was cut off`)
    assert.equal((await ask(node.url, '/v1/status')).status, 200)
  })
})
