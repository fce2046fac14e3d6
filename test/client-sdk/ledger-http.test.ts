import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { openWsSocket } from '@tallystick/client-sdk/node'
import { LedgerError } from '#client-sdk/ledger/ledger-error.js'
import { type LedgerHttp, ledgerHttp, requestAnswer } from '#client-sdk/ledger/ledger-http.js'
import { ledgerTrouble } from '#client-sdk/ledger/ledger-trouble.js'
import { BROKEN_FRAMES, startBrokenWebSocket } from '../settlement/broken-web-socket.js'

/** Far below the 30 s for which a library would wait. */
const IN_TIME = { timeout: 10_000 }

describe('INV-45 a client of a ledger', () => {
  test('has 32 requests under way at most, and asks the rest in their turn (API-12)', async () => {
    let [underWay, most, answered] = [0, 0, 0]
    const open: (() => void)[] = []
    const http = ledgerHttp('http://ledger', async () => {
      most = Math.max(most, ++underWay)
      await new Promise<void>((resolve) => open.push(resolve))
      underWay--
      return new Response('{}')
    })
    const kept = requestAnswers(http, 100, undefined)
    for (const answer of kept) answer.then(() => answered++)
    const stop = new AbortController()
    const given = Promise.allSettled(requestAnswers(http, 5, stop.signal))
    stop.abort(new Error('gave up'))
    const reasons = (await given).map((end) => end.status === 'rejected' && end.reason.message)
    assert.deepEqual(new Set(reasons), new Set(['gave up']))
    for (;;) {
      await new Promise(setImmediate)
      if (answered === 100) break
      open.shift()?.()
    }
    assert.equal(most, 32)
  })

  test('asks once more where its connection was closed under it, and sends nothing twice', async (context) => {
    const asked: (string | undefined)[] = []
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      // As a server does that closes a connection which was kept open.
      if (asked.length % 2 === 1) request.socket.destroy()
      else response.end('{}')
    })
    context.after(() => server.close())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const http = ledgerHttp(base, globalThis.fetch)
    await requestAnswer(http, { path: '/v1/status', signal: undefined })
    await assert.rejects(
      requestAnswer(http, { path: '/v1/transactions', signal: undefined, body: {} }),
      (error) => error instanceof LedgerError && error.code === 'ledger_unreachable',
    )
    assert.deepEqual(asked, ['GET /v1/status', 'GET /v1/status', 'POST /v1/transactions'])
  })

  test('says which address did not answer, and what the system calls it', async () => {
    const server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.close()
    await once(server, 'close')
    const asked = requestAnswer(ledgerHttp(base, globalThis.fetch), {
      ...{ path: '/v1/status', signal: undefined },
    })
    const error = await asked.catch((fault: unknown) => fault)
    const detail = `${base}/v1/status: the ledger did not answer (ECONNREFUSED)`
    assert.deepEqual(ledgerTrouble(error), {
      ...{ kind: 'ledgerTrouble', code: 'ledger_unreachable', detail },
    })
  })

  test('never says what an address has of a user and a password', async () => {
    const http = ledgerHttp('http://user:secret@127.0.0.1:1', globalThis.fetch)
    const asked = requestAnswer(http, { path: '/v1/status?from=1', signal: undefined })
    const error = await asked.catch((fault: unknown) => fault)
    const said = 'http://127.0.0.1:1/v1/status: the ledger did not answer'
    assert.equal(ledgerTrouble(error).detail, said)
  })

  test('does not go where its server leads it', async (context) => {
    const asked: (string | undefined)[] = []
    const server = createServer(({ url }, response) => {
      asked.push(url)
      if (url === '/v1/status') response.writeHead(302, { location: '/elsewhere' })
      response.end('{}')
    })
    context.after(() => server.close())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const http = ledgerHttp(base, globalThis.fetch)
    await assert.rejects(
      requestAnswer(http, { path: '/v1/status', signal: undefined }),
      (error) =>
        error instanceof LedgerError &&
        error.code === 'ledger_answer_malformed' &&
        /leads to another address/.test(error.message),
    )
    assert.deepEqual(asked, ['/v1/status'])
  })

  test(
    'hangs up at once on a feed that breaks the protocol, and waits for no goodbye',
    IN_TIME,
    async (context) => {
      const { reservedBit } = BROKEN_FRAMES
      const host = await startBrokenWebSocket(context, reservedBit)
      const closed = await new Promise<{ text: string }>((resolve) => {
        const handlers = { onOpen: () => {}, onMessage: () => {}, onClose: resolve }
        openWsSocket(`ws://${host}`, handlers)
      })
      assert.match(closed.text, /RSV1 must be clear/)
    },
  )
})

function requestAnswers(http: LedgerHttp, count: number, signal: AbortSignal | undefined) {
  return Array.from({ length: count }, () => requestAnswer(http, { path: '/v1/status', signal }))
}
