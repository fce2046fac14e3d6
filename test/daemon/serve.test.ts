import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { addressUrl, listen, patientStop, stopAtOnce } from '@tallystick/daemon/http'

/** Longer than any test. */
const NEVER_MS = 2 ** 31 - 1

/** A server that keeps its answers to itself, and a connection that asks it for one and stays. */
async function asked({ patienceMs = NEVER_MS } = {}) {
  const server = createServer()
  // Who is not hung up on stays for ever.
  server.keepAliveTimeout = 0
  const stop = patientStop(server, patienceMs)
  const { port } = await listen(server, 0, '127.0.0.1')
  const request = once(server, 'request')
  const socket = connect(port, '127.0.0.1')
  let said = ''
  socket.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  const closed = once(socket, 'close')
  socket.write('GET / HTTP/1.1\r\nHost: here\r\nConnection: keep-alive\r\n\r\n')
  const [, response] = (await request) as [unknown, ServerResponse]
  return { server, stop, port, response, closed, said: () => said }
}

// What is not hung up on would hang: a bound, not a time that is measured.
describe('a server', { timeout: 60_000 }, () => {
  test('says where it listens, and why it cannot', async () => {
    const server = createServer()
    const bound = await listen(server, 0, '127.0.0.1')
    assert.equal(addressUrl(bound), `http://127.0.0.1:${bound.port}`)
    await assert.rejects(listen(createServer(), bound.port, '127.0.0.1'), { code: 'EADDRINUSE' })
    await stopAtOnce(server)
    assert.equal(
      addressUrl({ family: 'IPv6', address: '::1', port: 7 }),
      'http://[::1]:7',
      'an address with colons stands in brackets',
    )
  })

  test('that is stopped at once hangs up on who waits', async () => {
    const { server, closed, said } = await asked()
    await stopAtOnce(server)
    await closed
    assert.equal(said(), '')
  })

  test('that is stopped patiently answers what is under way, and then keeps nobody', async () => {
    const { stop, response, closed, said } = await asked()
    // What is begun says already that the connection is kept.
    response.writeHead(200, { 'content-length': '8' }).write('half')
    const stopped = stop()
    response.end('done')
    await Promise.all([stopped, closed])
    assert.match(said(), /^HTTP\/1\.1 200 [\s\S]*halfdone$/)
  })

  test('is not patient for ever', async () => {
    const { stop, closed, said } = await asked({ patienceMs: 1 })
    await stop()
    await closed
    assert.equal(said(), '')
  })
})
