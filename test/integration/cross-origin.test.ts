import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestNetwork } from './test-network.js'

const PAGE = 'https://shop.example'
const ALLOWED = 'access-control-allow-origin'

test('API-14 pages of any origin may ask a ledger and a hub, without credentials', async (t) => {
  const { ledgerUrl, hubUrl } = await startTestNetwork(t, [])
  const hub = new URL('/v1/', hubUrl.replace('ws', 'http')).href
  const origin = { origin: PAGE }
  const preflight = (url: string, method: string) =>
    fetch(url, {
      method: 'OPTIONS',
      headers: { ...origin, 'access-control-request-method': method },
    })

  const backup = `${hub}backups/${'0a'.repeat(32)}`
  for (const [url, status] of [
    [`${ledgerUrl}/v1/status`, 200],
    [`${ledgerUrl}/v1/nothing`, 404],
    [`${ledgerUrl}/v1/transactions`, 405],
    [`${hub}hub`, 200],
    [backup, 400],
  ] as const) {
    const answer = await fetch(url, { headers: origin })
    const { headers } = answer
    assert.deepEqual(
      [answer.status, headers.get(ALLOWED), headers.get('access-control-allow-credentials')],
      [status, '*', null],
      url,
    )
  }

  for (const [url, method, headers] of [
    [`${ledgerUrl}/v1/transactions`, 'POST', 'content-type'],
    [backup, 'PUT', 'authorization,content-type'],
  ] as const) {
    const answer = await preflight(url, method)
    assert.deepEqual(
      [
        answer.status,
        answer.headers.get(ALLOWED),
        answer.headers.get('access-control-allow-headers'),
      ],
      [204, '*', headers],
      url,
    )
    assert.ok(answer.headers.get('access-control-allow-methods')?.split(',').includes(method))
  }

  // The operator's books are for no page.
  const books = await fetch(`${hub}payments`, { headers: origin })
  assert.deepEqual([books.status, books.headers.get(ALLOWED)], [401, null])
  assert.equal((await preflight(`${hub}payments`, 'GET')).headers.get(ALLOWED), null)
})
