import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { problemAnswers, requestIdOf } from '@tallystick/daemon/http'
import express from 'express'

const { sendProblem, refuseConnection } = problemAnswers({
  not_here: [404, false],
  too_many: [429, true],
})

async function portOf(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

describe('API-6 a refusal', () => {
  test('is problem details with the status of its code, and named as in the header', async (t) => {
    const app = express()
    let logged = ''
    app.use((_, response) => {
      logged = requestIdOf(response)
      sendProblem(response, { code: 'too_many', detail: 'come back' })
    })
    const answer = await fetch(`http://127.0.0.1:${await portOf(t, createHttpServer(app))}/`)
    assert.equal(answer.status, 429)
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
    const id = answer.headers.get('x-request-id')
    assert.match(id ?? '', /^req_[0-9a-f-]{36}$/)
    assert.equal(id, logged)
    assert.deepEqual(await answer.json(), {
      type: 'urn:tallystick:problem:too_many',
      title: 'too many',
      status: 429,
      code: 'too_many',
      detail: 'come back',
      retryable: true,
      request_id: id,
    })
  })

  test('on a bare socket is the same over HTTP, and the end of the connection', async (t) => {
    const refuse = createServer((socket) =>
      refuseConnection(socket, { code: 'not_here', detail: 'nothing hört 🙂' }),
    )
    const socket = connect(await portOf(t, refuse), '127.0.0.1')
    let said = ''
    socket.setEncoding('utf8').on('data', (text) => {
      said += text
    })
    await once(socket, 'close')
    const [head = '', body = ''] = said.split('\r\n\r\n')
    const [status, ...headers] = head.split('\r\n')
    assert.equal(status, 'HTTP/1.1 404 Not Found')
    assert.ok(headers.includes(`Content-Length: ${Buffer.byteLength(body)}`), head)
    assert.ok(headers.includes('Connection: close'), head)
    const { code, detail, retryable, request_id: id } = JSON.parse(body)
    assert.deepEqual(
      { code, detail, retryable },
      {
        ...{ code: 'not_here', detail: 'nothing hört 🙂', retryable: false },
      },
    )
    assert.ok(headers.includes(`X-Request-Id: ${id}`), head)
  })
})
