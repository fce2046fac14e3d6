import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  blockHeaderCodec,
  type ChainId,
  encode,
  isRejection,
  keyLock,
  lockRoot,
  TIMESTAMP_MAX,
  type Transaction,
  type TxId,
  timestamp,
  toHex,
} from '@tallystick/protocol'
import type { VerifiedBlock } from '#client-sdk/ledger/follow-blocks.js'
import { LedgerClient } from '#client-sdk/ledger/ledger-client.js'
import { LedgerError } from '#client-sdk/ledger/ledger-error.js'
import { buildTransaction } from '#client-sdk/ledger/transaction-builder.js'
import { ANCHOR, ChannelPair, preimage } from './channel-pair.js'
import { LedgerWorld, START, testGenesis, testSigner } from './ledger-world.js'
import { problem, StubLedger } from './stub-ledger.js'

const owner = testSigner(1)
const ownLock = keyLock(owner.publicKey)
const at = (seconds: number) => timestamp(START + seconds)

function stubWithCoins(): StubLedger {
  const genesis = testGenesis(owner, [10], [[1_000n, 2_000n, 3_000n, 4_000n, 5_000n]])
  const stub = new StubLedger(new LedgerWorld(genesis))
  stub.produce(at(1))
  return stub
}

function connect(stub: StubLedger, chainId?: ChainId): Promise<LedgerClient> {
  const { fetch, openSocket } = stub
  const url = 'http://ledger.test/'
  return LedgerClient.connect({ url, fetch, openSocket, ...(chainId && { chainId }) })
}

async function payment(client: LedgerClient, value: bigint, validUntil = TIMESTAMP_MAX) {
  const coins = await client.coinsOf(lockRoot(ownLock))
  const built = buildTransaction({
    chainId: client.chainId,
    coins: coins.map((coin) => ({ ...coin, lock: ownLock, alternative: 0, signers: [owner] })),
    outputs: [
      { asset: 0, amount: amount(value), lock: lockRoot(keyLock(testSigner(2).publicKey)) },
    ],
    operations: [],
    channels: [],
    signers: [],
    fee: { asset: 0, feePerKiloCost: 10 },
    changeLock: lockRoot(ownLock),
    validFrom: timestamp(0),
    validUntil,
  })
  assert.ok(!isRejection(built))
  return built
}

const refused = (code: string, retryable: boolean) => (error: unknown) => {
  assert.ok(error instanceof LedgerError, String(error))
  assert.deepEqual([error.code, error.retryable], [code, retryable])
  return true
}

describe('LedgerClient reads', () => {
  test('connects to the chain that is expected and to no other', async () => {
    const stub = stubWithCoins()
    const client = await connect(stub, stub.world.chainId)
    assert.equal(client.chainId, stub.world.chainId)
    assert.equal(client.tip, undefined)
    assert.deepEqual(await client.refresh(), stub.world.header)
    assert.deepEqual(client.tip, stub.world.header)
    await assert.rejects(connect(stub, 'ab'.repeat(32) as ChainId), refused('wrong_genesis', false))
  })

  test('waits for the first block of a new ledger', async () => {
    const stub = new StubLedger(new LedgerWorld(testGenesis(owner, [10], [[1n]])))
    const client = await connect(stub)
    setTimeout(() => stub.produce(at(1)), 50)
    assert.equal((await client.refresh()).height, 1)
  })

  test('proves coins, assets and their absence', async () => {
    const stub = stubWithCoins()
    const client = await connect(stub)
    const coins = await client.coinsOf(lockRoot(ownLock))
    assert.deepEqual(
      coins.map(({ coin }) => coin.amount),
      [1_000n, 2_000n, 3_000n, 4_000n, 5_000n],
    )
    assert.equal((await client.asset(0)).value?.issued, 15_000n)
    assert.equal((await client.asset(7)).value, undefined)
    const nowhere = { txId: '00'.repeat(32) as TxId, index: 0 }
    assert.deepEqual(await client.coin(nowhere), { value: undefined, header: stub.world.header })
  })

  test('a listed coin that was spent meanwhile is left out', async () => {
    const stub = stubWithCoins()
    const client = await connect(stub)
    await client.submit((await payment(client, 4_500n)).transaction)
    stub.tamper = (path, body) => {
      if (path === '/v1/coins' && body['has_more'] === false) stub.produce(at(2))
      return body
    }
    const coins = await client.coinsOf(lockRoot(ownLock))
    assert.deepEqual(
      coins.map(({ coin }) => coin.amount),
      [1_000n, 2_000n, 3_000n, 4_000n],
    )
  })

  test('proves channels by number and by key, and the newest reveal', async () => {
    const pair = new ChannelPair()
    const stub = new StubLedger(pair.world)
    const client = await connect(stub)
    const channel = pair.world.channel(0)
    assert.deepEqual((await client.channel(0)).value, channel)
    assert.equal((await client.channel(1)).value, undefined)
    assert.deepEqual(await client.channelsOf(channel.hub.key), [channel])
    assert.deepEqual(await client.channelsOf(testSigner(99).publicKey), [])
    assert.equal((await client.reveal(ANCHOR(1), TIMESTAMP_MAX)).value, undefined)
    const close = {
      kind: 'forceClose',
      channel: 0,
      by: 'client',
      own: pair.client.own,
      unsure: false,
      resume: undefined,
    } as const
    const reveal = { index: 1, link: preimage(1) }
    pair.act('client', [{ ...close, peer: undefined }], at(3), [reveal])
    const { value, header } = await client.reveal(ANCHOR(1), TIMESTAMP_MAX)
    assert.deepEqual(value, { ...reveal, time: at(3) })
    assert.equal(header.height, pair.world.header.height)
  })

  test('REV-2 a link that was in time is found behind links that came after', async () => {
    const pair = new ChannelPair()
    const stub = new StubLedger(pair.world)
    const client = await connect(stub)
    const close = {
      kind: 'forceClose',
      channel: 0,
      by: 'client',
      own: pair.client.own,
      unsure: false,
      resume: undefined,
    } as const
    pair.act('client', [{ ...close, peer: undefined }], at(3), [{ index: 1, link: preimage(1) }])
    const { value } = await client.reveal(ANCHOR(1), at(3))
    assert.equal(value?.index, 1)
    assert.equal((await client.reveal(ANCHOR(1), at(2))).value, undefined)
  })
})

describe('INV-40 LedgerClient against a node that lies or fails', () => {
  const cases: readonly (readonly [string, string, boolean, StubLedger['tamper']])[] = [
    ['no certificate', 'bad_certificate', false, (_, body) => ({ ...body, certificate: null })],
    ['an absent value', 'bad_state_proof', false, (_, body) => ({ ...body, value: null })],
    ['another value', 'bad_state_proof', false, (_, body) => ({ ...body, value: '00' })],
    [
      'a proof that is none',
      'ledger_answer_malformed',
      false,
      (_, body) => ({ ...body, proof: '01' }),
    ],
    ['capital hex', 'ledger_answer_malformed', false, (_, body) => ({ ...body, value: 'AB' })],
    ['a field missing', 'ledger_answer_malformed', false, () => ({})],
    ['a list', 'ledger_answer_malformed', false, () => Response.json([])],
    ['text', 'ledger_answer_malformed', false, () => new Response('hello')],
    ['a gateway', 'ledger_unreachable', true, () => new Response('bad gateway', { status: 502 })],
    ['a redirect', 'ledger_answer_malformed', false, () => new Response('', { status: 302 })],
    [
      'a refusal',
      'mempool_full',
      true,
      () => Response.json(problem(503, 'mempool_full', true).body, { status: 503 }),
    ],
  ]
  for (const [name, code, retryable, tamper] of cases) {
    test(name, async () => {
      const stub = stubWithCoins()
      const client = await connect(stub)
      stub.tamper = tamper
      await assert.rejects(client.asset(0), refused(code, retryable))
    })
  }

  test('an older state than was seen before is refused until the node has caught up', async () => {
    const stub = stubWithCoins()
    const client = await connect(stub)
    const old = await stub.fetch('http://ledger.test/v1/assets/0')
    const oldBody = (await old.json()) as Record<string, unknown>
    stub.produce(at(2))
    await client.refresh()
    let asked = 0
    stub.tamper = (_, body) => (++asked === 1 ? oldBody : body)
    assert.equal((await client.asset(0)).header.height, 2)
    assert.equal(asked, 2)
  })

  /** A client whose question for asset 0 is answered only when `release` is called. */
  async function slowClient(stub: StubLedger) {
    const { fetch, openSocket } = stub
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      if (String(input).endsWith('/assets/0')) await held
      return response
    }
    const client = await LedgerClient.connect({ url: 'http://l', fetch: slow, openSocket })
    return { client, release }
  }

  test('answers to questions asked side by side may arrive in any order', async () => {
    const stub = stubWithCoins()
    const { client, release } = await slowClient(stub)
    const asset = client.asset(0)
    stub.produce(at(2))
    assert.equal((await client.refresh()).height, 2)
    release()
    assert.equal((await asset).header.height, 1)
    assert.equal(client.tip?.height, 2)
    assert.equal(stub.requests, 3)
  })

  test('two certified blocks of one height are named, however their answers cross', async () => {
    const stub = stubWithCoins()
    const { client, release } = await slowClient(stub)
    const asset = client.asset(0)
    const { world } = stub
    world.header = { ...world.header, time: at(9) }
    await client.refresh()
    release()
    await assert.rejects(asset, refused('time_falls', false))
    assert.equal(client.tip?.time, at(9))
  })

  test('a certified twin of the tip is named', async () => {
    const stub = stubWithCoins()
    const client = await connect(stub)
    await client.refresh()
    const { world } = stub
    world.header = { ...world.header, stateRoot: new Uint8Array(32) }
    await assert.rejects(client.refresh(), refused('conflicting_block', false))
  })

  test('a header of another chain is refused', async () => {
    const stub = stubWithCoins()
    const client = await connect(stub)
    const header = { ...stub.world.header, chainId: 'ab'.repeat(32) as ChainId }
    stub.tamper = (_, body) => ({ ...body, header: toHex(encode(blockHeaderCodec, header)) })
    await assert.rejects(client.refresh(), refused('wrong_chain', false))
  })

  test('an endless answer is cut off, no network is named, giving up is not an error of ours', async () => {
    const stub = stubWithCoins()
    const client = await connect(stub)
    const chunk = new Uint8Array(1_048_576).fill(32)
    stub.tamper = () =>
      new Response(new ReadableStream({ pull: (stream) => stream.enqueue(chunk) }))
    await assert.rejects(client.asset(0), refused('ledger_answer_too_large', false))
    const { openSocket } = stub
    const fetch = () => Promise.reject(new TypeError('fetch failed'))
    const offline = LedgerClient.connect({ url: 'http://l', fetch, openSocket })
    await assert.rejects(offline, refused('ledger_unreachable', true))
    const reason = new Error('changed my mind')
    await assert.rejects(client.asset(0, AbortSignal.abort(reason)), reason)
  })

  test('a coin listed under a lock that is not its own is refused', async () => {
    const stub = stubWithCoins()
    const client = await connect(stub)
    const other = lockRoot(keyLock(testSigner(2).publicKey))
    const data = [{ tx_id: stub.world.chainId, index: 0 }]
    stub.tamper = (path, body) =>
      path === '/v1/coins' ? { data, has_more: false, next: null } : body
    await assert.rejects(client.coinsOf(other), refused('ledger_answer_malformed', false))
  })
})

describe('LedgerClient submits', () => {
  test('a transaction is submitted, pending, included, confirmed', async () => {
    const stub = stubWithCoins()
    const client = await connect(stub)
    const { id, transaction } = await payment(client, 700n)
    assert.deepEqual(await client.transactionStatus(id), { kind: 'unknown' })
    assert.equal(await client.submit(transaction), id)
    assert.deepEqual(await client.transactionStatus(id), { kind: 'pending' })
    setTimeout(() => stub.produce(at(2)), 30)
    assert.deepEqual(await client.confirmed(id, { validUntil: TIMESTAMP_MAX }), { height: 2 })
    assert.equal(client.tip?.height, 2)
  })

  test('the refusal of a transaction keeps the code of the ledger', async () => {
    const stub = stubWithCoins()
    const client = await connect(stub)
    const { transaction } = await payment(client, 700n)
    const cheap: Transaction = { ...transaction, signers: [] }
    await assert.rejects(client.submit(cheap), refused('missing_signature', false))
    stub.tamper = (path, body) =>
      path === '/v1/transactions' ? { ...body, id: '00'.repeat(32) } : body
    await assert.rejects(client.submit(transaction), refused('ledger_answer_malformed', false))
  })

  test('what the ledger drops later, and what it never includes, is told', async () => {
    const stub = stubWithCoins()
    const client = await connect(stub)
    const first = await payment(client, 4_500n, at(5))
    await client.submit(first.transaction)
    stub.produce(at(6))
    await assert.rejects(client.confirmed(first.id), refused('no_longer_valid', false))
    const lost = await payment(client, 4_500n, at(7))
    setTimeout(() => stub.produce(at(8)), 30)
    const options = { validUntil: at(7) }
    await assert.rejects(client.confirmed(lost.id, options), refused('no_longer_valid', false))
  })

  test('an inclusion is believed only with the block that shows it', async () => {
    const stub = stubWithCoins()
    const client = await connect(stub)
    const { id, transaction } = await payment(client, 700n)
    await client.submit(transaction)
    stub.produce(at(2))
    stub.tamper = (path, body) => (path.includes('/transactions/') ? { ...body, height: 1 } : body)
    await assert.rejects(client.transactionStatus(id), refused('ledger_answer_malformed', false))
    stub.tamper = (path, body) =>
      path.includes('/transactions/') ? { ...body, position: 1 } : body
    await assert.rejects(client.transactionStatus(id), refused('ledger_answer_malformed', false))
  })

  test('waiting for a confirmation ends with its signal', async () => {
    const stub = stubWithCoins()
    const client = await connect(stub)
    const { id, transaction } = await payment(client, 700n)
    await client.submit(transaction)
    const reason = new Error('enough')
    const stop = new AbortController()
    setTimeout(() => stop.abort(reason), 20)
    await assert.rejects(client.confirmed(id, { signal: stop.signal }), reason)
  })
})

describe('LedgerClient follows', () => {
  /** Follows until `count` blocks were handed over. */
  async function follow(stub: StubLedger, from: number, count: number, between = () => {}) {
    const client = await connect(stub)
    const stop = new AbortController()
    const seen: VerifiedBlock[] = []
    const errors: string[] = []
    let busy = false
    await client.follow({
      from,
      signal: stop.signal,
      onError: ({ code }) => errors.push(code),
      onBlock: async (block) => {
        assert.equal(busy, false, 'one block at a time')
        busy = true
        await new Promise((resolve) => setTimeout(resolve, 1))
        busy = false
        seen.push(block)
        if (seen.length === count) stop.abort()
        else between()
      },
    })
    return { heights: seen.map(({ header }) => header.height), errors, seen, client }
  }

  test('hands over the backlog and then what comes, with transactions and their ids', async () => {
    const stub = stubWithCoins()
    const client = await connect(stub)
    const { id, transaction } = await payment(client, 700n)
    await client.submit(transaction)
    stub.produce(at(2))
    let time = 3
    const followed = await follow(stub, 1, 5, () => stub.produce(at(time++)))
    assert.deepEqual(followed.heights, [1, 2, 3, 4, 5])
    assert.deepEqual(followed.seen[1]?.ids, [id])
    assert.deepEqual(followed.seen[1]?.transactions, [transaction])
    assert.equal(followed.client.tip?.height, 5)
    assert.deepEqual(followed.errors, [])
    assert.equal(stub.feedsOpened[0], 'ws://ledger.test/v1/feed?from=1')
  })

  test('goes on without a gap after the connection was cut, again and again', async () => {
    const stub = stubWithCoins()
    for (let i = 2; i <= 6; i++) stub.produce(at(i))
    let frames = 0
    stub.mangle = (frame) => {
      if (++frames % 3 !== 0) return frame
      stub.hangUp()
      return undefined
    }
    const { heights, errors } = await follow(stub, 2, 5)
    assert.deepEqual(heights, [2, 3, 4, 5, 6])
    assert.deepEqual(errors, ['feed_closed', 'feed_closed'])
    assert.deepEqual(
      stub.feedsOpened.map((url) => new URL(url).searchParams.get('from')),
      ['2', '4', '6'],
    )
  })

  const lies: readonly (readonly [string, string, StubLedger['mangle']])[] = [
    ['a frame that is no block', 'ledger_answer_malformed', () => Uint8Array.of(1, 2, 3)],
    ['a gap', 'feed_gap', (frame, height) => (height === 2 ? undefined : frame)],
    [
      'another certificate',
      'bad_certificate',
      (frame) => {
        // The last byte but one belongs to the signature, the last counts no transactions.
        const changed = frame.slice()
        const at = changed.length - 2
        changed[at] = (changed[at] ?? 0) ^ 1
        return changed
      },
    ],
  ]
  for (const [name, code, mangle] of lies) {
    test(`${name} ends the connection and is read again`, async () => {
      const stub = stubWithCoins()
      for (let i = 2; i <= 4; i++) stub.produce(at(i))
      let lied = false
      stub.mangle = (frame, height) => {
        if (height === 1 || lied) return frame
        if (height === 4) lied = true
        return mangle(frame, height)
      }
      const { heights, errors } = await follow(stub, 1, 4)
      assert.deepEqual(heights, [1, 2, 3, 4])
      assert.deepEqual(errors, [code])
    })
  }

  test('blocks sent twice are handed over once', async () => {
    const stub = stubWithCoins()
    stub.produce(at(2))
    const { openSocket } = stub
    const twice = new StubLedger(stub.world)
    Object.assign(twice, {
      openSocket: ((url, handlers, options) => {
        const onMessage = (bytes: Uint8Array) => {
          handlers.onMessage(bytes)
          handlers.onMessage(bytes)
        }
        return openSocket(url, { ...handlers, onMessage }, options)
      }) satisfies StubLedger['openSocket'],
    })
    const { heights, errors } = await follow(twice, 1, 2)
    assert.deepEqual([heights, errors], [[1, 2], []])
  })

  test('ends at once when aborted before a block, and with the failure of its owner', async () => {
    const stub = stubWithCoins()
    const client = await connect(stub)
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 20)
    const onBlock = () => assert.fail('there is no block 2')
    await client.follow({ from: 2, signal: stop.signal, onBlock })
    const failure = new LedgerError({ code: 'mine', detail: '', retryable: true })
    const failing = client.follow({
      from: 1,
      signal: new AbortController().signal,
      onBlock: () => Promise.reject(failure),
    })
    await assert.rejects(failing, failure)
  })
})
