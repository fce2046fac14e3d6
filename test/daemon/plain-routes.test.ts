import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, describe, test } from 'node:test'
import {
  addressUrl,
  answerHealth,
  apiApp,
  listen,
  nameRequests,
  problemAnswers,
  refuseRest,
  stopAtOnce,
} from '@tallystick/daemon/http'

const { sendProblem } = problemAnswers({
  not_ready: [503, true],
  not_found: [404, false],
  method_not_allowed: [405, false],
  internal_error: [500, true],
})

describe('API-6 what every server answers alike', () => {
  let waitsFor: string | undefined
  const app = apiApp()
  app.use('/named', nameRequests)
  answerHealth(app, () => waitsFor, sendProblem)
  app.get('/named/:what', (request, response) => {
    if (request.params.what === 'odd') throw new Error('a secret')
    response.json(request.query)
  })
  refuseRest(app, ['/livez', '/readyz'], sendProblem)
  const server = createServer(app)
  let url = ''
  before(async () => {
    url = addressUrl(await listen(server, 0, '127.0.0.1'))
  })
  after(() => stopAtOnce(server))

  async function refusal(path: string, method = 'GET') {
    const answer = await fetch(url + path, { method })
    const { code, detail } = (await answer.json()) as { code: string; detail: string }
    return { status: answer.status, allow: answer.headers.get('allow'), code, detail }
  }

  test('it lives, and is ready once it waits for nothing', async () => {
    assert.equal((await fetch(`${url}/livez`)).status, 200)
    assert.equal((await fetch(`${url}/readyz`)).status, 200)
    waitsFor = 'the ledger is away'
    assert.equal((await fetch(`${url}/livez`)).status, 200)
    assert.deepEqual(await refusal('/readyz'), {
      ...{ status: 503, allow: null, code: 'not_ready', detail: 'the ledger is away' },
    })
  })

  test('what is only read is not written, and elsewhere is nothing', async () => {
    const { detail: _, ...refused } = await refusal('/livez', 'DELETE')
    assert.deepEqual(refused, { status: 405, allow: 'GET, HEAD', code: 'method_not_allowed' })
    assert.equal((await refusal('/elsewhere', 'POST')).code, 'not_found')
  })

  test('an address that cannot be decoded is refused, and a failure tells nothing of itself', async () => {
    assert.deepEqual(await refusal('/named/%ff'), {
      ...{ status: 404, allow: null, code: 'not_found' },
      detail: 'the address could not be decoded',
    })
    assert.deepEqual(await refusal('/named/odd'), {
      ...{ status: 500, allow: null, code: 'internal_error' },
      detail: 'this request failed; it may be repeated',
    })
  })

  test('an answer is named and kept by nobody, and names no product', async () => {
    const { headers, ...answer } = await fetch(`${url}/named/a?b[c]=1`).then(async (given) => ({
      headers: given.headers,
      query: await given.json(),
    }))
    assert.deepEqual(answer.query, { 'b[c]': '1' }, 'a query is flat')
    assert.match(headers.get('x-request-id') ?? '', /^req_/)
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.equal(headers.get('x-powered-by'), null)
    assert.equal(headers.get('etag'), null)
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
  })
})
