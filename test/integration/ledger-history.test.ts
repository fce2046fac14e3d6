import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  encode,
  keyLock,
  lockWitness,
  type Operation,
  type Outpoint,
  signTransaction,
  TIMESTAMP_MAX,
  type TxId,
  timestamp,
  toHex,
  transactionCodec,
  transactionId,
} from '@tallystick/protocol'
import type express from 'express'
import { ANSWERED } from '#settlement/api/answers.js'
import { Clients } from '#settlement/api/clients.js'
import { ledgerRoutes } from '#settlement/api/ledger-routes.js'
import { openApiDocument } from '#settlement/api/openapi-document.js'
import { ROUTES } from '#settlement/api/routes.js'
import { transactionRoutes } from '#settlement/api/transaction-routes.js'
import type { LedgerNode } from '#settlement/node/ledger-node.js'
import { temporaryFolder } from '../settlement/data-folder.js'
import { ask, included, initTestLedger, paymentOf, submit } from '../settlement/node-on-disk.js'
import { ALICE, HUB, keyLockOf, openOperation } from '../settlement/test-ledger.js'
import { LedgerProcess, ledgerCommand } from './ledger-process.js'
import { startLedger } from './start-ledger.js'

/** Alice spends a coin of 10,000 on operations that bind `bound`, and keeps the rest less 100. */
function acting(
  { chainId }: LedgerProcess,
  outpoint: Outpoint,
  operations: readonly Operation[],
  bound: bigint,
) {
  const body = {
    ...{ validFrom: timestamp(0), validUntil: TIMESTAMP_MAX, inputs: [outpoint], operations },
    outputs: [{ asset: 0, amount: amount(9_900n - bound), lock: keyLockOf(ALICE.publicKey) }],
    ...{ reveals: [], memo: new Uint8Array() },
  }
  const witnesses = [lockWitness(keyLock(ALICE.publicKey), 0)]
  const transaction = signTransaction(chainId, body, witnesses, [ALICE])
  return {
    id: transactionId(chainId, body),
    hex: toHex(encode(transactionCodec, transaction)),
  }
}

/** One answer, which is to be what the document says. */
async function read(node: LedgerProcess, path: string, route: keyof typeof ROUTES) {
  const { status, body } = await ask(node.url, path)
  assert.equal(status, 200, path)
  const parsed = ROUTES[route].answered.safeParse(body)
  assert.ok(parsed.success, `${path}: ${parsed.error}`)
  return body
}

const post = (node: LedgerProcess, path: string, transaction: string) =>
  ask(node.url, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ transaction }),
  })

describe('the history of a ledger', () => {
  test('API-2 tells which transactions a channel, a coin and a block had', async (context) => {
    const node = await startLedger(context)
    const genesis = (index: number) => ({ txId: node.chainId as string as TxId, index })
    const opening = openOperation(
      { client: 1_000n, hub: 0n },
      { disputeWindowSeconds: 86_400, unsureWindowSeconds: 86_400 },
    )
    const opened = acting(node, genesis(0), [opening], 1_000n)
    assert.equal((await submit(node.url, opened.hex)).status, 202)
    const openedAt = await included(node, opened.id)
    const deposit: Operation = { kind: 'deposit', channel: 0, role: 'client', amount: amount(500n) }
    const deposited = acting(node, genesis(1), [deposit], 500n)
    await submit(node.url, deposited.hex)
    const depositedAt = await included(node, deposited.id)

    const first = await read(node, '/v1/channels/0/transactions?limit=1', 'channelTransactions')
    assert.deepEqual(first, {
      data: [{ id: opened.id, height: openedAt, position: 0 }],
      ...{ has_more: true, next: `${openedAt}-0` },
    })
    const path = `/v1/channels/0/transactions?limit=1&cursor=${first['next']}`
    assert.deepEqual(await read(node, path, 'channelTransactions'), {
      data: [{ id: deposited.id, height: depositedAt, position: 0 }],
      ...{ has_more: false, next: null },
    })
    assert.deepEqual(
      await read(node, `/v1/coins/${node.chainId}/1/transactions`, 'coinTransactions'),
      { created: null, spent: { id: deposited.id, height: depositedAt, position: 0 } },
    )
    assert.deepEqual(
      await read(node, `/v1/coins/${opened.id}/0/transactions`, 'coinTransactions'),
      { created: { id: opened.id, height: openedAt, position: 0 }, spent: null },
    )
    const never = await ask(node.url, '/v1/channels/1/transactions')
    assert.deepEqual(
      [never.status, never.body['code'], never.body['detail']],
      [404, 'not_found', 'channel 1 was never opened; 1 were, numbered from 0'],
    )
    // An outpoint of a known transaction that holds nothing is no coin.
    const nothing = await ask(node.url, `/v1/coins/${opened.id}/9/transactions`)
    assert.deepEqual([nothing.status, nothing.body['code']], [404, 'not_found'])
    assert.deepEqual(
      (await read(node, `/v1/blocks/${openedAt}/transactions`, 'blockTransactions'))['data'],
      [{ id: opened.id, height: openedAt, position: 0 }],
    )
    const newest = await read(node, '/v1/blocks?limit=1', 'blocks')
    const [{ height } = { height: 0 }] = newest['data'] as { height: number }[]
    assert.ok(height >= depositedAt)
    const below = await read(node, `/v1/blocks?limit=2&cursor=${newest['next']}`, 'blocks')
    assert.deepEqual(
      (below['data'] as { height: number }[]).map((block) => block.height),
      [height - 1, height - 2].filter((at) => at > 0),
    )
  })

  test('API-3 blocks newest first end with the first', async (context) => {
    const node = await startLedger(context)
    const { id, hex } = paymentOf(node.chainId, 0)
    await submit(node.url, hex)
    await included(node, id)
    const page = async (query: string) => {
      const { data, ...rest } = await read(node, `/v1/blocks?${query}`, 'blocks')
      return { heights: (data as { height: number }[]).map(({ height }) => height), ...rest }
    }
    assert.deepEqual(await page('cursor=3&limit=1'), { heights: [2], has_more: true, next: 2 })
    assert.deepEqual(await page('cursor=2'), { heights: [1], has_more: false, next: null })
    assert.deepEqual(await page('cursor=0'), { heights: [], has_more: false, next: null })
  })

  test('INV-45 API-9 an address that traces too much work has to wait, also with submissions', async (context) => {
    const node = await startLedger(context)
    // Chains of four million steps: two seconds or so, which nobody pays for.
    const reveals = Array.from({ length: 60 }, (_, i) => {
      return { index: 65_536, link: new Uint8Array(32).fill(i) }
    })
    const body = {
      ...{ validFrom: timestamp(0), validUntil: TIMESTAMP_MAX, inputs: [], operations: [] },
      ...{ outputs: [], reveals, memo: new Uint8Array() },
    }
    const transaction = signTransaction(node.chainId, body, [], [])
    const hex = toHex(encode(transactionCodec, transaction))
    let code: unknown
    for (let i = 0; i < 50 && code !== 'too_many_refusals'; i++) {
      code = (await post(node, '/v1/transactions/trace', hex)).body['code']
    }
    const { status, body: refused } = await submit(node.url, paymentOf(node.chainId, 0).hex)
    assert.deepEqual(
      [code, status, refused['code']],
      [...['too_many_refusals', 429, 'too_many_refusals']],
    )
  })

  test('API-9 traces a transaction before and after it is included', async (context) => {
    const node = await startLedger(context)
    const { id, hex } = paymentOf(node.chainId, 0)
    const before = await post(node, '/v1/transactions/trace', hex)
    assert.ok(ANSWERED.trace.safeParse(before.body).success, JSON.stringify(before.body))
    assert.deepEqual(
      ['id', 'status', 'included', 'outcome', 'burnt'].map((name) => before.body[name]),
      [id, 'unknown', null, 'passed', [{ asset: 0, amount: '10' }]],
    )
    await submit(node.url, hex)
    const height = await included(node, id)
    const after = await post(node, '/v1/transactions/trace', hex)
    const trace = ANSWERED.trace.parse(after.body)
    assert.deepEqual(
      [trace.status, trace.included, trace.outcome, trace.burnt],
      ['included', { height, position: 0 }, 'failed', []],
    )
    const failed = trace.steps.find(({ outcome }) => outcome === 'failed')
    assert.deepEqual(
      [failed?.rule, failed?.subject, failed?.code],
      [...['TX-5', 'input 0', 'coin_missing']],
    )
    const malformed = await post(node, '/v1/transactions/trace', 'ab')
    assert.deepEqual([malformed.status, malformed.body['code']], [400, 'malformed'])
    assert.ok(ANSWERED.problem.safeParse(malformed.body).success)
  })

  test('API-9 traces one that waits by its id, behind what it builds on', async (context) => {
    const dataDir = temporaryFolder(context)
    await initTestLedger(dataDir)
    // No second block: what is handed in waits.
    const node = await LedgerProcess.start(dataDir, '--block-interval-ms', '100000')
    context.after(() => node.kill())
    const parent = acting(node, { txId: node.chainId as string as TxId, index: 0 }, [], 0n)
    const child = acting(node, { txId: parent.id, index: 0 }, [], 50n)
    for (const { hex } of [parent, child]) {
      assert.equal((await submit(node.url, hex)).status, 202)
    }
    const { status, body } = await ask(node.url, `/v1/transactions/${child.id}/trace`)
    const trace = ANSWERED.trace.parse(body)
    assert.deepEqual(
      [status, trace.id, trace.status, trace.included, trace.outcome, trace.burnt],
      [200, child.id, 'pending', null, 'passed', [{ asset: 0, amount: '50' }]],
    )
    // On the tip alone the coin that it spends is not there.
    const alone = await post(node, '/v1/transactions/trace', child.hex)
    assert.equal(ANSWERED.trace.parse(alone.body).outcome, 'failed')
    const command = await ledgerCommand('trace', child.id, '--url', node.url, '--json')
    const { tip, ...told } = ANSWERED.trace.parse(JSON.parse(command.stdout))
    // A second may have passed meanwhile.
    const { tip: before, ...asked } = trace
    assert.deepEqual([command.code, told, tip.block_id], [0, asked, before.block_id])
  })

  test('API-9 says of one that a block holds what can run it there', async (context) => {
    const node = await startLedger(context)
    const { id, hex } = paymentOf(node.chainId, 0)
    await submit(node.url, hex)
    const height = await included(node, id)
    const { status, body } = await ask(node.url, `/v1/transactions/${id}/trace`)
    assert.deepEqual([status, body['code'], body['retryable']], [410, 'state_not_kept', false])
    assert.match(String(body['detail']), new RegExp(`--archive DIR --height ${height}\\b`))
    const unknown = await ask(node.url, `/v1/transactions/${'ab'.repeat(32)}/trace`)
    assert.deepEqual([unknown.status, unknown.body['code']], [404, 'not_found'])
    const odd = await ask(node.url, '/v1/transactions/x/trace')
    assert.deepEqual([odd.status, odd.body['code']], [400, 'bad_request'])
  })

  test('API-2 every other address answers what the OpenAPI document says', async (context) => {
    const node = await startLedger(context)
    const { id, hex } = paymentOf(node.chainId, 0)
    const taken = await submit(node.url, hex)
    assert.ok(ANSWERED.submission.safeParse(taken.body).success)
    await included(node, id)
    const [lock, anchor] = [keyLockOf(ALICE.publicKey), 'ab'.repeat(32)]
    const paths: readonly (readonly [path: string, route: keyof typeof ROUTES])[] = [
      ['/livez', 'livez'],
      ['/readyz', 'readyz'],
      ['/v1/openapi.json', 'openapi'],
      ['/v1/status', 'status'],
      ['/v1/genesis', 'genesis'],
      ['/v1/headers/latest', 'latestHeader'],
      ['/v1/headers/0', 'header'],
      ['/v1/blocks/1', 'block'],
      ['/v1/parameters', 'parameters'],
      ['/v1/channel-count', 'channelCount'],
      ['/v1/assets/0', 'asset'],
      [`/v1/coins/${id}/0`, 'coin'],
      ['/v1/channels/0', 'channel'],
      [`/v1/reveals/${anchor}`, 'reveal'],
      [`/v1/reveals/${anchor}/steps/0`, 'revealStep'],
      [`/v1/coins?lock=${lock}`, 'coins'],
      [`/v1/channels?key=${HUB.publicKey}`, 'channels'],
      [`/v1/transactions/${id}`, 'transaction'],
    ]
    for (const [path, route] of paths) await read(node, path, route)
  })
})

test('API-2 the OpenAPI document names the addresses that are served, and no other', () => {
  // Routes are made without asking the node anything.
  const node = {} as LedgerNode
  const clients = new Clients({ trustedProxies: 0, connectionsPerAddress: 1 })
  const served = [transactionRoutes(node, clients), ledgerRoutes(node, clients)]
    .flatMap((router: express.Router) => router.stack)
    .flatMap(({ route }) => (route === undefined ? [] : [route]))
    .map(({ path, stack }) => `${stack.at(-1)?.method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
  const described = Object.entries(openApiDocument().paths ?? {}).flatMap(([path, item]) =>
    Object.keys(item as object).map((method) => `${method} ${path}`),
  )
  assert.deepEqual(served.sort(), described.sort())
})
