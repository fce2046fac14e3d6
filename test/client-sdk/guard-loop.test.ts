import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import {
  type Anchor,
  anchorOf,
  askToResume,
  fromHex,
  isClosing,
  isRejection,
  learnLink,
  leave,
  parseTransaction,
  type RevealLookup,
  type Role,
  reject,
  type Timestamp,
  type Transaction,
  timestamp,
} from '@tallystick/protocol'
import { forceCloseOperation } from '#client-sdk/guard/duties.js'
import { type GuardAct, GuardLoop, type GuardParts } from '#client-sdk/guard/guard-loop.js'
import { RevealLookups } from '#client-sdk/guard/reveal-lookup.js'
import { KeyCoins } from '#client-sdk/ledger/key-coins.js'
import { LedgerClient } from '#client-sdk/ledger/ledger-client.js'
import type { Fetch } from '#client-sdk/ledger/ledger-http.js'
import {
  ANCHOR,
  ChannelPair,
  DEPOSIT,
  FEE_PER_KILO_COST,
  itemId,
  preimage,
} from './channel-pair.js'
import { START, testSigner } from './ledger-world.js'
import { problem, StubLedger } from './stub-ledger.js'

const at = (seconds: number) => timestamp(START + seconds)
const nothing = () => 0
const NO_COINS = {
  build: async () => reject('too_many_inputs', 'there are no coins'),
  release: () => undefined,
}
/** The funder's change is the only coin of the ledger. */
const oneCoin = (ledger: LedgerClient) => new KeyCoins(ledger, testSigner(13), 0)

/** The client is owed three items, the third first; the hub has closed alone. */
function closedByHub(): ChannelPair {
  const pair = new ChannelPair()
  for (const [name, expiry] of [
    [1, 300],
    [2, 200],
    [3, 100],
  ] as const) {
    pair.add('hub', name, 100n, START + expiry)
    learn(pair, 'client', name)
  }
  pair.update('client', [], START)
  pair.act('hub', [forceCloseOperation(pair.hub)], at(10))
  return pair
}

function submitted(init: RequestInit | undefined): Transaction | undefined {
  if (init?.method !== 'POST') return undefined
  const { transaction } = JSON.parse(String(init.body)) as { transaction: string }
  const parsed = parseTransaction(fromHex(transaction))
  assert.ok(!isRejection(parsed))
  return parsed
}

type GuardSetup = {
  /** Absent: the client's. */
  readonly role?: Role
  /** Absent: there are none. */
  readonly coinsOf?: (ledger: LedgerClient) => GuardParts['coins']
  readonly unsure?: boolean
  readonly mayLeave?: boolean
  /** What the node does with a transaction instead of taking it. */
  readonly answer?: (sent: Transaction) => Promise<Response> | undefined
}

/** A guard of one side over a node, with what it handed in there and what it says that it did. */
async function guardOver(pair: ChannelPair, setup: GuardSetup = {}) {
  const { role = 'client', unsure = false, mayLeave = true, coinsOf = () => NO_COINS } = setup
  const stub = new StubLedger(pair.world)
  const sent: Transaction[] = []
  const fetch: Fetch = (input, init) => {
    const transaction = submitted(init)
    if (transaction !== undefined) sent.push(transaction)
    return (transaction && setup.answer?.(transaction)) ?? stub.fetch(input, init)
  }
  const { openSocket } = stub
  const ledger = await LedgerClient.connect({ url: 'http://ledger.test', fetch, openSocket })
  const acts: GuardAct[] = []
  const loop = new GuardLoop({
    ledger,
    feePerKiloCost: () => FEE_PER_KILO_COST,
    coins: coinsOf(ledger),
    beforeForceClose: async (party) => leave(party),
    onAct: (act) => acts.push(act),
  })
  const act = (height: number, now = at(20), revealedBy: RevealLookup = nothing) => {
    const guarded = { party: pair[role], signer: pair.signers[role], mayLeave, unsure }
    return loop.act([guarded], { height, now, revealedBy })
  }
  return { act, sent, acts, stub, ledger }
}

/** The anchors that were handed in, in their order. */
function anchorsOf(sent: readonly Transaction[]): Anchor[] {
  return sent.flatMap(({ body }) => body.reveals.map(({ link, index }) => anchorOf(link, index)))
}

/** The client learns the preimage that the test knows by `name`. */
function learn(pair: ChannelPair, role: Role, name: number): void {
  const learnt = learnLink(pair[role], itemId(name), { index: 1, link: preimage(name) })
  assert.ok(!isRejection(learnt))
  pair[role] = learnt
}

/** Lets all that is under way without a timer come to rest. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
}

function codes(acts: readonly GuardAct[]): string[] {
  return acts.map(({ outcome }) => codeOf(outcome))
}

function codeOf(outcome: GuardAct['outcome']): string {
  return isRejection(outcome) ? outcome.code : 'sent'
}

function mockTimers(t: TestContext): void {
  t.mock.timers.enable({ apis: ['setTimeout'] })
}

describe('GuardLoop', () => {
  const silentAbout = (name: number) => (transaction: Transaction) =>
    anchorsOf([transaction]).includes(ANCHOR(name)) ? new Promise<Response>(() => {}) : undefined

  test('DSP-8 begins with the nearest deadline, and sends nothing again until blocks have passed', async () => {
    const { act, sent, acts } = await guardOver(closedByHub())
    await act(5)
    assert.deepEqual(anchorsOf(sent), [ANCHOR(3), ANCHOR(2), ANCHOR(1)])
    assert.deepEqual(codes(acts), ['sent', 'sent', 'sent'])
    await act(7)
    assert.equal(sent.length, 3)
    await act(8)
    assert.equal(sent.length, 6)
  })

  test('INV-4 DSP-8 a node that never answers for one claim holds up no other', async (t) => {
    mockTimers(t)
    const { act, sent, acts } = await guardOver(closedByHub(), { answer: silentAbout(3) })
    const first = act(5)
    await settle()
    assert.deepEqual(anchorsOf(sent), [ANCHOR(3), ANCHOR(2), ANCHOR(1)])
    assert.deepEqual(codes(acts), ['sent', 'sent'])
    t.mock.timers.tick(5_000)
    await first
    assert.deepEqual(codes(acts), ['sent', 'sent', 'ledger_unreachable'])
    // It may never have arrived, so the next block sends it again, and only it.
    const second = act(6)
    await settle()
    assert.deepEqual(anchorsOf(sent.slice(3)), [ANCHOR(3)])
    t.mock.timers.tick(5_000)
    await second
  })

  test('DSP-8 a block that comes while a claim hangs has its duties done meanwhile', async (t) => {
    mockTimers(t)
    const { act, sent } = await guardOver(closedByHub(), { answer: silentAbout(3) })
    const first = act(5)
    await settle()
    const later = act(8)
    await settle()
    assert.deepEqual(anchorsOf(sent.slice(3)), [ANCHOR(3), ANCHOR(2), ANCHOR(1)])
    t.mock.timers.tick(5_000)
    await Promise.all([first, later])
  })
})

describe('CH-19 CH-18 a reveal that only a force close can pay for', () => {
  /** The closes that the guard of a client without coins hands in, its item about to expire. */
  async function closes(unsure: boolean, isAsking: boolean) {
    const pair = new ChannelPair()
    pair.add('hub', 1, 100n, START + 50)
    learn(pair, 'client', 1)
    const asking = askToResume(pair.client, new Uint8Array(16).fill(1), unsure ? undefined : at(0))
    assert.ok(!isRejection(asking))
    if (isAsking) pair.client = asking
    const { act, sent } = await guardOver(pair, { unsure })
    await act(5)
    return sent
      .flatMap(({ body }) => body.operations)
      .flatMap((operation) => (operation.kind === 'forceClose' ? operation.unsure : []))
  }

  test('INV-4 vouches for what the store holds, where nobody else signs', async () => {
    assert.deepEqual(await closes(false, false), [false])
  })

  test('INV-4 vouches for nothing where other devices may have signed, also between two turns', async () => {
    assert.deepEqual(await closes(true, false), [true])
    assert.deepEqual(await closes(true, true), [true])
  })
})

describe('DSP-8 INV-4 a claim that expires on a channel in use, by a guard without coins', () => {
  /** The hub owes an item whose preimage it was shown, and says that the client has lost data. */
  async function toldToResume(mayLeave: boolean) {
    const pair = new ChannelPair()
    pair.add('hub', 1, 1_000n, START + 100)
    learn(pair, 'client', 1)
    const asked = askToResume(pair.client, new Uint8Array(16), START)
    assert.ok(!isRejection(asked))
    pair.client = asked
    const { act, sent, acts } = await guardOver(pair, { mayLeave, unsure: true })
    await act(5, at(50))
    return { sent, acts }
  }

  test('is revealed by an unsure close where only the hub says that data was lost', async () => {
    const { sent, acts } = await toldToResume(true)
    assert.deepEqual(codes(acts), ['sent'])
    const [operation] = sent[0]?.body.operations ?? []
    assert.ok(operation?.kind === 'forceClose' && operation.unsure)
    assert.equal(sent[0]?.body.reveals.length, 1)
  })

  test('INV-42 closes nothing where the store knows that it may be old', async () => {
    const { sent, acts } = await toldToResume(false)
    assert.deepEqual([codes(acts), sent], [['too_many_inputs'], []])
  })
})

describe('DSP-8 INV-4 claims that expire together on a channel in use', () => {
  /** The hub owes three items whose preimages it was shown; more than `most` claims at once are refused. */
  async function unpaid(coinsOf: GuardSetup['coinsOf'], most = 3) {
    const pair = new ChannelPair()
    for (const name of [1, 2, 3]) {
      pair.add('hub', name, 100n, START + 60 + name)
      learn(pair, 'client', name)
    }
    const taken: { closes: number; claims: number }[] = []
    const answer = ({ body: { operations, reveals } }: Transaction) => {
      if (reveals.length > most) {
        const { body } = problem(422, 'transaction_too_costly', false)
        return Promise.resolve(Response.json(body, { status: 422 }))
      }
      const closes = operations.filter(({ kind }) => kind === 'forceClose').length
      taken.push({ closes, claims: reveals.length })
      return undefined
    }
    const { act, acts } = await guardOver(pair, { ...(coinsOf && { coinsOf }), answer })
    await act(5)
    return { taken, codes: codes(acts) }
  }

  test('are made by one coin, and the channel stays', async () => {
    const { taken, codes } = await unpaid(oneCoin)
    assert.deepEqual(taken, [{ closes: 0, claims: 3 }])
    assert.deepEqual(codes, ['sent', 'sent', 'sent'])
  })

  test('are made by the one close that pays for them where there are no coins', async () => {
    const { taken } = await unpaid(undefined)
    assert.deepEqual(taken, [{ closes: 1, claims: 3 }])
  })

  test('are made each by itself where the ledger takes no more than one, the nearest first', async () => {
    const { taken, codes } = await unpaid(oneCoin, 1)
    assert.deepEqual(taken[0], { closes: 0, claims: 1 })
    assert.equal(codes[0], 'sent')
    assert.equal(codes.length, 3)
  })
})

describe('DSP-8 OP-7 a stale close of a channel in which a side is certain of nothing', () => {
  /** The client has promised an item to a hub without a stake, and closes with what was before. */
  async function lyingClient(coinsOf: GuardSetup['coinsOf']) {
    const pair = new ChannelPair({ client: DEPOSIT, hub: 0n })
    const close = forceCloseOperation(pair.client)
    pair.add('client', 1, 1_000n, START + 500)
    learn(pair, 'hub', 1)
    pair.act('client', [close], at(10))
    const guard = await guardOver(pair, { role: 'hub', ...(coinsOf && { coinsOf }) })
    const act = async (height: number) => {
      const revealedBy = await new RevealLookups(guard.ledger).of([pair.hub], 'unknown')
      await guard.act(height, at(20), revealedBy)
      return guard.acts.splice(0).map(({ duty, outcome }) => [duty, codeOf(outcome)])
    }
    const produce = (time: Timestamp) => {
      guard.stub.produce(time)
      pair.see(time)
    }
    return { act, produce, pair }
  }

  test('INV-4 is answered with the one coin there is, promised once, and with what that makes certain', async () => {
    const promised = new Set<string>()
    const { act, produce, pair } = await lyingClient((ledger) => {
      const coins = oneCoin(ledger)
      return {
        build: async (spend) => {
          const built = await coins.build(spend)
          if (!isRejection(built)) promised.add(built.id)
          return built
        },
        release: (transaction) => coins.release(transaction),
      }
    })
    const sent = [
      ['reveal', 'sent'],
      ['challenge', 'sent'],
    ]
    assert.deepEqual(await act(5), sent)
    assert.deepEqual(await act(8), sent)
    assert.equal(promised.size, 1)
    produce(at(20))
    assert.ok(isClosing(pair.hub.ledger) && pair.hub.ledger.status.penalized)
  })

  test('INV-4 is challenged without coins by showing in one transaction what it will be paid', async () => {
    const { act, produce, pair } = await lyingClient(undefined)
    assert.deepEqual(await act(5), [
      ['reveal', 'too_many_inputs'],
      ['challenge', 'sent'],
    ])
    produce(at(20))
    assert.ok(isClosing(pair.hub.ledger) && pair.hub.ledger.status.penalized)
    assert.deepEqual(await act(8), [])
  })
})

describe('RevealLookups', () => {
  async function lookups(pair: ChannelPair) {
    const stub = new StubLedger(pair.world)
    const { fetch, openSocket } = stub
    const ledger = await LedgerClient.connect({ url: 'http://ledger.test', fetch, openSocket })
    return { stub, reveals: new RevealLookups(ledger), parties: [pair.client] }
  }

  test('asks of each anchor once, and again when a block has news of it or blocks were missed', async () => {
    const { stub, reveals, parties } = await lookups(closedByHub())
    const asked = async (news: ReadonlySet<Anchor> | 'unknown') => {
      const before = stub.requests
      await reveals.of(parties, news)
      return stub.requests - before
    }
    assert.equal(await asked(new Set()), 3)
    assert.equal(await asked(new Set()), 0)
    assert.equal(await asked(new Set([ANCHOR(2)])), 1)
    assert.equal(await asked('unknown'), 3)
  })

  test('finds a link that a later block reveals', async () => {
    const pair = closedByHub()
    const { reveals, parties } = await lookups(pair)
    const before = await reveals.of(parties, new Set())
    assert.equal(before(ANCHOR(3), at(100)), 0)
    pair.act('client', [], at(20), [{ index: 1, link: preimage(3) }])
    const after = await reveals.of(parties, new Set([ANCHOR(3)]))
    assert.equal(after(ANCHOR(3), at(100)), 1)
  })

  test('INV-4 one that the ledger does not answer counts as none for now, and holds up no other', async () => {
    const pair = closedByHub()
    pair.act(
      'client',
      [],
      at(20),
      [2, 3].map((name) => ({ index: 1, link: preimage(name) })),
    )
    const { stub, reveals, parties } = await lookups(pair)
    stub.tamper = (path, body) => {
      return path.includes(ANCHOR(3))
        ? Response.json(problem(503, 'node_busy', true).body, { status: 503 })
        : body
    }
    const now = await reveals.of(parties, new Set())
    assert.deepEqual([now(ANCHOR(3), at(100)), now(ANCHOR(2), at(200))], [0, 1])
    stub.tamper = (_, body) => body
    const later = await reveals.of(parties, new Set())
    assert.deepEqual([later(ANCHOR(3), at(100)), later(ANCHOR(2), at(200))], [1, 1])
  })
})
