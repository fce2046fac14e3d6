import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import {
  encode,
  keyLock,
  lockWitness,
  signTransaction,
  TIMESTAMP_MAX,
  type TxId,
  timestamp,
  toHex,
  transactionCodec,
} from '@tallystick/protocol'
import { type Answered, ask, included, paymentOf, submit } from '../settlement/node-on-disk.js'
import { ALICE } from '../settlement/test-ledger.js'
import type { LedgerProcess } from './ledger-process.js'
import { startLedger } from './start-ledger.js'

/** An honest client pays, and the payment arrives. */
async function honestPayment(node: LedgerProcess, coin: number): Promise<void> {
  const { id, hex } = paymentOf(node.chainId, coin)
  assert.equal((await submit(node.url, hex)).status, 202)
  await included(node, id)
}

function assertProblem({ status, body }: Answered, due: number, code: string): void {
  assert.deepEqual(
    { status, code: body['code'], inBody: body['status'], retryable: body['retryable'] },
    { status: due, code, inBody: due, retryable: due === 503 || due === 429 },
  )
  assert.match(String(body['type']), /^urn:tallystick:problem:/)
  assert.match(String(body['request_id']), /^req_/)
  assert.equal(typeof body['detail'], 'string')
  assert.equal(typeof body['title'], 'string')
}

const post = (
  node: LedgerProcess,
  body: string | Uint8Array<ArrayBuffer>,
  type = 'application/json',
) => ask(node.url, '/v1/transactions', { method: 'POST', headers: { 'content-type': type }, body })

describe('a ledger node answers by name, stores nothing, and serves others meanwhile:', () => {
  test('bodies that are no transaction', async (context) => {
    const node = await startLedger(context)
    const bodies: readonly (readonly [body: string, code: string])[] = [
      ['', 'malformed'],
      ['{', 'malformed'],
      ['null', 'malformed'],
      ['[]', 'malformed'],
      ['{}', 'malformed'],
      ['{"transaction":1}', 'malformed'],
      ['{"transaction":""}', 'malformed'],
      ['{"transaction":"0"}', 'malformed'],
      ['{"transaction":"AB"}', 'malformed'],
      ['{"transaction":"ab","more":1}', 'malformed'],
      ['{"__proto__":{"transaction":"ab"}}', 'malformed'],
      [`{"transaction":"${'00'.repeat(1_000)}"}`, 'malformed'],
    ]
    for (const [body, code] of bodies) assertProblem(await post(node, body), 400, code)
    for (let i = 0; i < 50; i++) {
      const garbage = new Uint8Array(randomBytes(1 + i * 50))
      assertProblem(await post(node, garbage, 'application/octet-stream'), 400, 'malformed')
    }
    assertProblem(await post(node, 'x', 'text/plain'), 415, 'unsupported_media_type')
    const { body } = await ask(node.url, '/v1/status')
    assert.equal(body['mempool_transactions'], 0)
    await honestPayment(node, 0)
  })

  test('bodies that are too large, before they have been read', async (context) => {
    const node = await startLedger(context)
    const large = new Uint8Array(262_145)
    assertProblem(await post(node, large, 'application/octet-stream'), 413, 'transaction_too_large')
    const { hostname, port } = new URL(node.url)
    const socket = connect(Number(port), hostname)
    socket.write(
      'POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
        'Content-Length: 1000000000\r\n\r\n',
    )
    const [answer] = (await once(socket, 'data')) as [Buffer]
    assert.match(answer.toString(), /^HTTP\/1\.1 413 /)
    assert.match(answer.toString(), /"code":"transaction_too_large"/)
    await once(socket, 'close')
    // Without a declared length it is as soon as it turns out.
    const endless = connect(Number(port), hostname)
    endless.on('error', () => {})
    endless.write(
      'POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n' +
        'Transfer-Encoding: chunked\r\n\r\n',
    )
    for (let i = 0; i < 9; i++) endless.write(`10000\r\n${'x'.repeat(65_536)}\r\n`)
    const [refused] = (await once(endless, 'data')) as [Buffer]
    assert.match(refused.toString(), /^HTTP\/1\.1 413 /)
    endless.destroy()
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const zipped = { method: 'POST', headers, body: 'x' }
    assertProblem(
      await ask(node.url, '/v1/transactions', zipped),
      ...([415, 'unsupported_media_type'] as const),
    )
    await honestPayment(node, 0)
  })

  test('addresses that name nothing, in any form', async (context) => {
    const node = await startLedger(context)
    const hash = 'ab'.repeat(32)
    const paths: readonly (readonly [path: string, status: number, code: string])[] = [
      ['/', 404, 'not_found'],
      ['/v1', 404, 'not_found'],
      ['/v1/nothing', 404, 'not_found'],
      ['/v1/%', 404, 'not_found'],
      ['/v1/assets/%', 400, 'bad_request'],
      [`/v1/${'a'.repeat(4_000)}`, 404, 'not_found'],
      ['/v1/blocks/999999', 404, 'not_found'],
      [`/v1/transactions/${hash}`, 404, 'not_found'],
      ['/v1/blocks/x', 400, 'bad_request'],
      ['/v1/blocks/01', 400, 'bad_request'],
      ['/v1/blocks/-1', 400, 'bad_request'],
      ['/v1/blocks/1e3', 400, 'bad_request'],
      ['/v1/blocks/99999999999999999999', 400, 'bad_request'],
      ['/v1/blocks?from=1&cursor=2', 400, 'bad_request'],
      ['/v1/blocks?cursor=1-2', 400, 'bad_request'],
      ['/v1/channels/0/transactions?cursor=1', 400, 'bad_request'],
      ['/v1/channels/0/transactions', 404, 'not_found'],
      ['/v1/blocks/0', 404, 'not_found'],
      ['/v1/blocks/0/transactions', 404, 'not_found'],
      [`/v1/coins/${hash}/0/transactions`, 404, 'not_found'],
      ['/v1/blocks/999999/transactions', 404, 'not_found'],
      ['/v1/blocks?from=1&limit=0', 400, 'bad_request'],
      ['/v1/blocks?from=1&limit=101', 400, 'bad_request'],
      ['/v1/blocks?from=1&from=2', 400, 'bad_request'],
      ['/v1/headers/x', 400, 'bad_request'],
      ['/v1/assets/4294967296', 400, 'bad_request'],
      [`/v1/coins/${hash}/4294967296`, 400, 'bad_request'],
      [`/v1/coins/${hash.toUpperCase()}/0`, 400, 'bad_request'],
      ['/v1/coins', 400, 'bad_request'],
      [`/v1/coins?lock=${hash}&cursor=x`, 400, 'bad_request'],
      [`/v1/channels?key=${hash}&limit=x`, 400, 'bad_request'],
      ['/v1/reveals/x', 400, 'bad_request'],
      [`/v1/reveals/${hash}/steps/x`, 400, 'bad_request'],
      ['/v1/transactions/x', 400, 'bad_request'],
      ['/v1/status?x=1', 400, 'bad_request'],
    ]
    for (const [path, status, code] of paths) {
      assertProblem(await ask(node.url, path), status, code)
    }
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      assertProblem(await ask(node.url, '/v1/status', { method }), 405, 'method_not_allowed')
    }
    for (const [method, path, allow] of [
      ['PUT', '/v1/status', 'GET, HEAD'],
      ['DELETE', '/v1/headers/latest', 'GET, HEAD'],
      ['POST', '/v1/coins/x/0/transactions', 'GET, HEAD'],
      ['GET', '/v1/transactions', 'POST'],
      ['DELETE', '/v1/transactions/trace', 'POST'],
    ] as const) {
      const response = await fetch(node.url + path, { method })
      assert.deepEqual([response.status, response.headers.get('allow')], [405, allow], path)
    }
    assertProblem(await ask(node.url, '/v1/nothing', { method: 'POST' }), 404, 'not_found')
    await honestPayment(node, 0)
  })

  test('bytes that are no HTTP', async (context) => {
    const node = await startLedger(context)
    const { hostname, port } = new URL(node.url)
    for (const bytes of [
      randomBytes(1_000),
      Buffer.from(`GET / HTTP/1.1\r\n${'x: y\r\n'.repeat(5_000)}`),
    ]) {
      const socket = connect(Number(port), hostname)
      socket.on('error', () => {})
      socket.end(bytes)
      socket.resume()
      await once(socket, 'close')
    }
    await honestPayment(node, 0)
  })

  test('refused transactions: the rejection code, and asking for them finds nothing', async (context) => {
    const node = await startLedger(context)
    const spentTwice = paymentOf(node.chainId, 0)
    const { id, hex } = paymentOf(node.chainId, 0, { value: 9_980n })
    assert.equal((await submit(node.url, spentTwice.hex)).status, 202)
    await included(node, spentTwice.id)
    assertProblem(await submit(node.url, hex), 422, 'coin_missing')
    assert.equal((await ask(node.url, `/v1/transactions/${id}`)).status, 404)
    const minting = paymentOf(node.chainId, 1, { value: 10_001n })
    assertProblem(await submit(node.url, minting.hex), 422, 'inputs_below_outputs')
    const late = paymentOf(node.chainId, 1, { until: 5 })
    assertProblem(await submit(node.url, late.hex), 422, 'no_longer_valid')
    await honestPayment(node, 1)
  })

  test('INV-38 INV-46 two million hash steps that nobody pays for keep nobody else waiting', async (context) => {
    const node = await startLedger(context)
    const body = {
      ...{ validFrom: timestamp(0), validUntil: TIMESTAMP_MAX, operations: [], outputs: [] },
      inputs: [{ txId: node.chainId as string as TxId, index: 5 }],
      reveals: Array.from({ length: 32 }, (_, i) => {
        return { index: 65_536, link: new Uint8Array(32).fill(i) }
      }),
      memo: new Uint8Array(),
    }
    const witnesses = [lockWitness(keyLock(ALICE.publicKey), 0)]
    const hostile = signTransaction(node.chainId, body, witnesses, [ALICE])
    const spoiled = {
      ...hostile,
      signers: hostile.signers.map((signer) => ({ ...signer, signature: new Uint8Array(64) })),
    }
    let isJudged = false
    const judged = submit(node.url, toHex(encode(transactionCodec, spoiled))).then((answer) => {
      isJudged = true
      return answer
    })
    await honestPayment(node, 0)
    assert.equal(isJudged, false, 'the honest payment did not wait for it')
    assertProblem(await judged, 422, 'bad_signature')
    assert.equal((await ask(node.url, '/v1/status')).status, 200)
  })
})
