import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import {
  BlockFeed,
  buildTransaction,
  LedgerClient,
  type OpenSocket,
  type RecordKind,
  Wallet,
  type WalletStore,
} from '@tallystick/client-sdk'
import {
  amount,
  anchorOf,
  balanceProofDigest,
  type ChannelParty,
  decodeTrusted,
  deriveKeys,
  draftChange,
  draftDigest,
  encode,
  type ItemId,
  isRejection,
  keyLock,
  LANE_START,
  lockRoot,
  newParty,
  type Operation,
  type Reveal,
  type Signer,
  seal,
  signEvidence,
  TIMESTAMP_MAX,
  type Transaction,
  type TxId,
  timestamp,
} from '@tallystick/protocol'
import { keyRange } from '#client-sdk/store/key-range.js'
import { encodeWalletChannel, paymentRecordCodec } from '#client-sdk/wallet/wallet-records.js'
import { LedgerWorld, START, testGenesis, testSigner } from '../client-sdk/ledger-world.js'
import { StubLedger } from '../client-sdk/stub-ledger.js'
import { closed, laneOf } from '../protocol/closing-channel.js'
import { at, itemId } from '../protocol/test-channel.js'
import { pendingPayment } from './pending-payment.js'
import { WalletWorld } from './wallet-world.js'

const WORDS = new Uint8Array(32).fill(7)
const FUNDER = testSigner(13)
const HUB = testSigner(12)
const KEYS = deriveKeys(WORDS)
const CLIENT = KEYS.channel(0)
const PAYOUT_LOCK = lockRoot(keyLock(KEYS.payout(0).publicKey))
const PREIMAGE = new Uint8Array(32).fill(3)
const ANCHOR = anchorOf(PREIMAGE, 1)
const ITEM = '11'.repeat(16) as ItemId
const EXPIRY = timestamp(START + 600)

/** The opening of the wallet's channel. */
function opening(key = CLIENT): Operation {
  const side = (key: typeof HUB, deposit: bigint) => ({
    ...{ key: key.publicKey, deposit: amount(deposit) },
    payoutLock: lockRoot(keyLock(key.publicKey)),
  })
  const client = { ...side(key, 100_000n), payoutLock: PAYOUT_LOCK }
  return {
    ...{ kind: 'open', asset: 0, client, hub: side(HUB, 0n) },
    terms: {
      ...{ disputeWindowSeconds: 1_000, unsureWindowSeconds: 1_000, itemsMax: 8 },
      ...{ clientPenaltyPpm: 100_000, hubPenaltyPpm: 1_000_000, expirySecondsMax: 1_000 },
      ...{ itemAmountMin: amount(1n), exitReserve: amount(2_000n) },
    },
  }
}

function emptyLedger(): LedgerWorld {
  return new LedgerWorld(testGenesis(FUNDER, [100], [[200_000n, 200_000n, 200_000n]]))
}

/** A ledger on which the item of a wallet's only payment was revealed in time, while that was away. */
function ledgerWithReveal(): LedgerWorld {
  const world = emptyLedger()
  world.produce(START, funded(world, 0, [opening()], []))
  world.produce(timestamp(START + 100), funded(world, 1, [], [{ index: 1, link: PREIMAGE }]))
  world.produce(timestamp(EXPIRY + 100))
  return world
}

function funded(
  world: LedgerWorld,
  index: number,
  operations: readonly Operation[],
  reveals: readonly Reveal[],
  signer?: Signer,
) {
  const { chainId } = world
  const outpoint = { txId: chainId as string as TxId, index }
  const coin = world.state.read('coin', outpoint) ?? assert.fail('there is a coin')
  const lock = keyLock(FUNDER.publicKey)
  const built = buildTransaction({
    coins: [{ outpoint, coin, lock, alternative: 0, signers: [FUNDER] }],
    ...{ chainId, operations, reveals, outputs: [], channels: [] },
    signers: signer === undefined ? [] : [signer],
    ...{ changeLock: lockRoot(lock), fee: { asset: 0, feePerKiloCost: 100 } },
    ...{ validFrom: timestamp(0), validUntil: TIMESTAMP_MAX },
  })
  return isRejection(built) ? assert.fail(built.detail) : built.transaction
}

/** What the wallet had on its disk when it went away: one payment, which is pending. */
function storeOf(
  world: LedgerWorld,
  change: (party: ChannelParty) => ChannelParty = (party) => party,
): WalletStore {
  const { chainId } = world
  const records = new Map<string, Uint8Array>()
  const ledger = world.state.read('channel', { channel: 0 }) ?? assert.fail('there is a channel')
  const item = { id: ITEM, anchor: ANCHOR, unit: amount(5_000n), ticks: 1, expiry: EXPIRY }
  const drafted = draftChange(
    newParty('client', ledger),
    { kind: 'add', ...item, forward: undefined },
    START,
  )
  if (isRejection(drafted)) assert.fail(drafted.detail)
  const [evidence] = signEvidence(chainId, CLIENT, [draftDigest(chainId, drafted)])
  assert.ok(evidence !== undefined)
  const { party } = seal(drafted, evidence)
  const channel = encodeWalletChannel({
    party: change(party),
    keyIndex: 0,
    books: 'whole',
    end: undefined,
  })
  records.set(`channel/${ledger.id}`, channel)
  const paid = { id: ITEM, amount: amount(5_000n), fee: amount(0n), channel: ledger.id }
  const payment = encode(
    paymentRecordCodec,
    pendingPayment({ ...paid, payee: HUB.publicKey, anchor: ANCHOR, time: START }),
  )
  records.set(`payment/${ITEM}`, payment)
  return storeWith(records)
}

function storeWith(records: Map<string, Uint8Array>): WalletStore {
  const of = (kind: RecordKind) =>
    [...records].flatMap(([name, value]) => {
      const [found, ...rest] = name.split('/')
      return found === kind ? [{ key: rest.join('/'), value }] : []
    })
  return {
    list: async (kind) => of(kind),
    get: async (kind, key) => records.get(`${kind}/${key}`),
    page: async (kind, after, limit, order) => keyRange(of(kind), after, limit, order),
    commit: async (writes) => {
      for (const { kind, key, value } of writes) {
        if (value === undefined) records.delete(`${kind}/${key}`)
        else records.set(`${kind}/${key}`, value)
      }
    },
  }
}

/**
 * Opens the wallet. Just after it has asked for the first reveal a block comes, with `transactions`; that
 * answer is heard only when the wallet has had time to take in the block.
 */
async function openInTheMiddle(
  t: TestContext,
  transactions: (world: LedgerWorld) => Transaction[],
) {
  const world = ledgerWithReveal()
  const stub = new StubLedger(world)
  const { openSocket } = stub
  let asked = 0
  const fetch: typeof stub.fetch = async (input, init) => {
    if (String(input).includes('/reveals/') && asked++ === 0) {
      stub.produce(timestamp(EXPIRY + 200), ...transactions(world))
      await turns()
    }
    return stub.fetch(input, init)
  }
  const ledger = await LedgerClient.connect({ url: 'http://ledger', fetch, openSocket })
  const feed = await BlockFeed.start(ledger)
  t.after(() => feed.stop())
  // The feed is connected, and brings what comes from now on.
  await turns()
  const store = storeOf(world)
  const wallet = await Wallet.open({ words: WORDS, store, feed, openSocket })
  t.after(() => wallet.close())
  return { stub, store, wallet }
}

/** Lets everything that waits for nothing else come to its end. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await new Promise((next) => setImmediate(next))
}

describe('a block comes while a wallet that was away learns from proofs what it missed', () => {
  test('INV-28 it does not end a payment whose link became public in time', async (t) => {
    const { store } = await openInTheMiddle(t, () => [])
    const bytes = (await store.get('donePayment', ITEM)) ?? assert.fail('the payment has ended')
    assert.equal(decodeTrusted(paymentRecordCodec, bytes).status, 'paid')
  })

  test('INV-9 a close that it brings is not forgotten over an older proof', async (t) => {
    const close: Operation = {
      ...{ kind: 'forceClose', channel: 0, by: 'hub', own: LANE_START, unsure: false },
      ...{ resume: undefined, peer: undefined },
    }
    const { stub, wallet } = await openInTheMiddle(t, (world) => [
      funded(world, 2, [close], [], HUB),
    ])
    stub.produce(timestamp(EXPIRY + 205))
    await turns()
    const [channel] = wallet.channels()
    assert.equal(channel?.party.ledger.status.kind, 'closing')
  })
})

test('INV-28 what a link has paid on a closing channel does not run out when time passes with it', () => {
  const world = new WalletWorld()
  world.takes(world.pay(1))
  const channel = closed(world.party.ledger, 'hub', world.hub.own, world.party.own)
  // All of it is heard at once: the wallet was away from before the close to after the expiry.
  world.now = at(1_000)
  const seen = { kind: 'channelSeen', channel, keyIndex: 0, books: 'whole' } as const
  assert.deepEqual(world.does(seen, world.reveal(1, 100), { kind: 'timePassed' }), [])
  const bytes = world.stored.get(`donePayment/${itemId(1)}`)
  assert.equal(bytes && decodeTrusted(paymentRecordCodec, bytes).status, 'paid')
})

test('KEY-2 a channel whose opening was under way when its store was lost is found afterwards', async (t) => {
  const world = emptyLedger()
  const stub = new StubLedger(world)
  const { fetch, openSocket } = stub
  stub.produce(START)
  const ledger = await LedgerClient.connect({ url: 'http://ledger', fetch, openSocket })
  const feed = await BlockFeed.start(ledger)
  t.after(() => feed.stop())
  await turns()
  const store = storeWith(new Map())
  const wallet = await Wallet.open({ words: WORDS, store, feed, openSocket })
  t.after(() => wallet.close())
  assert.deepEqual(wallet.channels(), [])
  // Of the keys that were given away before, the first ones have come to no channel.
  const key = KEYS.channel(3)
  stub.produce(START, funded(world, 0, [opening(key)], []))
  await wallet.recoverChannels()
  assert.deepEqual(
    wallet.channels().map(({ keyIndex, books }) => [keyIndex, books]),
    [[3, 'lost']],
  )
})

test('TOWER-8 a channel that waits for a resume is not guarded before a tower has its newest', async (t) => {
  const world = ledgerWithReveal()
  const stub = new StubLedger(world)
  const openSocket: OpenSocket = (url, handlers, options) =>
    url.includes('tower')
      ? { send: () => undefined, close: () => undefined, bufferedAmount: 0 }
      : stub.openSocket(url, handlers, options)
  const ledger = await LedgerClient.connect({ url: 'http://ledger', fetch: stub.fetch, openSocket })
  const feed = await BlockFeed.start(ledger)
  t.after(() => feed.stop())
  await turns()
  // The hub has signed something, and then asked from where its lane goes on.
  const store = storeOf(world, (party) => {
    const peer = laneOf({ version: 1 })
    const digest = balanceProofDigest(world.chainId, party.ledger.id, 'hub', peer)
    const [peerEvidence] = signEvidence(world.chainId, HUB, [digest])
    return { ...party, peer, peerEvidence, resuming: new Uint8Array(16).fill(1) }
  })
  const towers = [{ url: 'ws://tower/v1/session' }]
  const wallet = await Wallet.open({ words: WORDS, store, feed, openSocket, towers })
  t.after(() => wallet.close())
  const [channel] = wallet.channels()
  assert.ok(channel !== undefined)
  const guarded = wallet.guarded(channel.party.ledger.id).then(
    () => 'guarded',
    () => 'closed',
  )
  assert.equal(await Promise.race([guarded, turns().then(() => 'waiting')]), 'waiting')
})
