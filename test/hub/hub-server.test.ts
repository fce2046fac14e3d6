import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import { SIGNERS } from '../protocol/test-channel.js'
import { serveSockets } from './serve-sockets.js'

function serve(t: TestContext): Promise<string> {
  const onSocket = () => assert.fail('nobody is admitted')
  return serveSockets(t, { admits: () => false, onSocket })
}

/** What the hub answers to an upgrade that it refuses: status and problem details. */
function refusedUpgrade(url: string) {
  return new Promise<{ status: number | undefined; type: string | undefined; code: string }>(
    (resolve, reject) => {
      const socket = new WebSocket(url.replace('http', 'ws'))
      socket.on('error', reject)
      socket.on('unexpected-response', (_, response) => {
        let body = ''
        response.on('data', (data) => {
          body += data
        })
        response.on('end', () => {
          const { code } = JSON.parse(body)
          resolve({ status: response.statusCode, type: response.headers['content-type'], code })
        })
      })
    },
  )
}

describe('API-6 what the hub refuses over HTTP', () => {
  test("comes as problem details, like the ledger's", async (t) => {
    const url = await serve(t)
    for (const [method, path, status, code, allow] of [
      [
        'POST',
        `/v1/backups/${SIGNERS.client.publicKey}`,
        405,
        'method_not_allowed',
        'GET, HEAD, PUT',
      ],
      ['GET', '/v1/backups/me', 404, 'not_found', null],
      ['GET', '/nothing', 404, 'not_found', null],
      ['GET', '/%', 404, 'not_found', null],
      ['POST', '/v1/hub', 405, 'method_not_allowed', 'GET, HEAD'],
      ['DELETE', '/v1/stats', 405, 'method_not_allowed', 'GET, HEAD'],
      ['GET', '/readyz', 503, 'not_ready', null],
    ] as const) {
      const response = await fetch(`${url}${path}`, { method })
      const body = (await response.json()) as Record<string, unknown>
      assert.equal(response.status, status, path)
      assert.equal(response.headers.get('content-type')?.split(';')[0], 'application/problem+json')
      assert.equal(response.headers.get('allow'), allow)
      assert.equal(response.headers.get('x-request-id'), body['request_id'])
      assert.deepEqual(
        [body['type'], body['code'], body['status']],
        [`urn:tallystick:problem:${code}`, code, status],
      )
    }
  })

  test('WIRE-1 a full hub says so', async (t) => {
    const url = await serve(t)
    const type = 'application/problem+json'
    assert.deepEqual(await refusedUpgrade(`${url}/v1/session`), {
      status: 503,
      type,
      code: 'too_many_sessions',
    })
    assert.deepEqual(await refusedUpgrade(`${url}/elsewhere`), {
      status: 404,
      type,
      code: 'not_found',
    })
  })
})
