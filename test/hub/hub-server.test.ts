import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { PROCESS_CLOCK } from '@tallystick/client-sdk'
import { WebSocket } from 'ws'
import { serveHub } from '#hub/api/hub-server.js'
import { BackupDesk } from '#hub/backup/backup-desk.js'
import { HANDSHAKES_MAX, HANDSHAKES_PER_ADDRESS_MAX } from '#hub/limits.js'
import { Admission } from '#hub/session/admission.js'
import { openBackupRows } from '#hub/store/backup-rows.js'
import { CHAIN, NOW, SIGNERS } from '../protocol/test-channel.js'
import { temporaryFolder } from '../settlement/data-folder.js'

async function serve(t: TestContext) {
  const server = await serveHub({
    host: '127.0.0.1',
    port: 0,
    admits: () => false,
    onSocket: () => assert.fail('nobody is admitted'),
    backups: {
      desk: await BackupDesk.open({
        rows: await openBackupRows(join(temporaryFolder(t), 'backups.db'), CHAIN),
        ownsChannel: () => false,
        clock: PROCESS_CLOCK,
        onFault: (fault) => assert.fail(String(fault)),
      }),
      chainId: CHAIN,
      hub: SIGNERS.hub.publicKey,
      now: () => NOW,
    },
    payments: { finished: async () => [], token: new Uint8Array(32), now: () => NOW },
    information: {
      notReadyFor: () => 'the test',
      describe: () => ({}),
      statistics: async () => ({}),
    },
  })
  t.after(() => server.close())
  return server.url
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

describe('INV-45 who may connect', () => {
  test('one address cannot use up the handshakes of all', () => {
    const admission = new Admission<object>()
    const stranger = {}
    for (let i = 0; admission.admits('10.0.0.1'); i++)
      admission.add(i === 0 ? stranger : {}, '10.0.0.1')
    assert.equal(admission.size, HANDSHAKES_PER_ADDRESS_MAX)
    assert.ok(HANDSHAKES_PER_ADDRESS_MAX < HANDSHAKES_MAX)
    assert.ok(admission.admits('10.0.0.2'))
    admission.proven(stranger)
    assert.ok(admission.admits('10.0.0.1'))
    admission.remove(stranger)
    admission.remove(stranger)
    assert.equal(admission.size, HANDSHAKES_PER_ADDRESS_MAX - 1)
  })
})
