import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  buildTransaction,
  LedgerClient,
  PROCESS_CLOCK,
  summarizeBlock,
} from '@tallystick/client-sdk'
import {
  amount,
  balanceProofDigest,
  type Channel,
  type ChannelTerms,
  type Entrusted,
  encode,
  isRejection,
  keyLock,
  LANE_START,
  type LaneState,
  lockRoot,
  type Operation,
  type Output,
  type Signer,
  signAppointment,
  signEvidence,
  TIMESTAMP_MAX,
  type Timestamp,
  type TxId,
  timestamp,
  toHex,
  transactionCodec,
} from '@tallystick/protocol'
import { recordOf } from '#watchtower/core/appointment-record.js'
import { openSqliteTowerStore } from '#watchtower/store/sqlite-tower-store.js'
import type { TowerStore } from '#watchtower/store/tower-store.js'
import { RecordIndex } from '#watchtower/watch/record-index.js'
import { TowerCoins } from '#watchtower/watch/tower-coins.js'
import { Watch, type WatchAct } from '#watchtower/watch/watch.js'
import { LedgerWorld, START, testGenesis, testSigner } from '../client-sdk/ledger-world.js'
import { StubLedger } from '../client-sdk/stub-ledger.js'
import { laneOf } from '../protocol/closing-channel.js'
import { temporaryFolder } from '../settlement/data-folder.js'

const FEE_PER_KILO_COST = 100
export const WINDOW_SECONDS = 1_000
const TERMS: ChannelTerms = {
  disputeWindowSeconds: WINDOW_SECONDS,
  unsureWindowSeconds: WINDOW_SECONDS,
  clientPenaltyPpm: 100_000,
  hubPenaltyPpm: 1_000_000,
  itemsMax: 8,
  expirySecondsMax: 100_000,
  itemAmountMin: amount(1n),
  exitReserve: amount(2_000n),
}
const FUNDER = testSigner(13)
const COINS = testSigner(14)
const GUARD = testSigner(9)
const HUB = testSigner(12)
/** Where the tower is funded, and paid. */
export const LOCK = lockRoot(keyLock(COINS.publicKey))
/** What the hub has paid every client, of a deposit of 100,000. */
const PAID = laneOf({ version: 5, transferred: 40_000n })

/** The real watch over a ledger in memory with `count` channels, all of which are entrusted to it. */
export class TowerWorld {
  readonly world: LedgerWorld
  readonly stub: StubLedger
  readonly acts: WatchAct[] = []
  /** What a request is answered by in the ledger's place; absent: the ledger. */
  intercept: (path: string, body: string, signal: AbortSignal) => Promise<Response> | undefined =
    () => undefined
  #waiting: (() => void)[] = []
  readonly #stop = new AbortController()
  readonly #t: TestContext
  readonly #store: TowerStore
  #coin = 0
  #seen = 0

  private constructor(t: TestContext, world: LedgerWorld, store: TowerStore) {
    this.#t = t
    this.world = world
    this.stub = new StubLedger(world)
    this.#store = store
  }

  static async open(t: TestContext, count: number): Promise<TowerWorld> {
    const amounts = Array.from({ length: count + 24 }, () => 200_000n)
    const world = new LedgerWorld(testGenesis(FUNDER, [FEE_PER_KILO_COST], [amounts]))
    const identity = { chainId: world.chainId, tower: GUARD.publicKey }
    const store = await openSqliteTowerStore(join(temporaryFolder(t), 'watchtower.db'), identity)
    t.after(() => store.close())
    const tower = new TowerWorld(t, world, store)
    for (let i = 0; i < count; i++) tower.#openChannel(i)
    const output = { asset: 0, amount: amount(10_000n), lock: LOCK }
    const outputs = Array.from({ length: 12 }, () => output)
    world.produce(START, tower.#funded([], [], outputs))
    await store.write({ put: tower.#records(count), remove: [] })
    return tower
  }

  /** Begins to watch, after having been away since the channels were opened; it has caught up. */
  async watch(): Promise<Watch> {
    const fetch: typeof globalThis.fetch = (input, init) => {
      const { pathname } = new URL(String(input))
      const signal = init?.signal ?? AbortSignal.timeout(60_000)
      return (
        this.intercept(pathname, String(init?.body ?? ''), signal) ?? this.stub.fetch(input, init)
      )
    }
    const { openSocket } = this.stub
    const ledger = await LedgerClient.connect({ url: 'http://ledger', fetch, openSocket })
    const tip = await ledger.refresh()
    const { entries } = await this.#store.load()
    const index = new RecordIndex(entries)
    const clock = PROCESS_CLOCK
    const coins = new TowerCoins(ledger, { signer: COINS, guard: GUARD, asset: 0, clock })
    await coins.refresh()
    const watch = new Watch(
      {
        ...{ ledger, store: this.#store, index, coins, clock },
        onAct: (act) => {
          this.acts.push(act)
          this.#wake()
        },
        onFault: (fault) => assert.fail(String(fault)),
      },
      { watched: index.names(), height: tip.height, time: tip.time },
    )
    this.#t.after(() => {
      this.#stop.abort()
      watch.stop()
    })
    void ledger.follow({
      from: tip.height + 1,
      signal: this.#stop.signal,
      onBlock: async ({ header: { height, time }, transactions, ids }) => {
        await watch.meetBlock(summarizeBlock({ height, time, transactions, ids }))
        this.#seen = height
        this.#wake()
      },
    })
    while (!watch.isCaughtUp) await new Promise((next) => setImmediate(next))
    return watch
  }

  /** Kept once the tower has reported what `holds` asks for. */
  async until(holds: (acts: readonly WatchAct[]) => boolean): Promise<void> {
    while (!holds(this.acts)) await new Promise<void>((wake) => this.#waiting.push(wake))
  }

  /** Kept once the tower has taken in the newest block. */
  async seen(): Promise<void> {
    while (this.#seen < this.world.header.height) {
      await new Promise<void>((wake) => this.#waiting.push(wake))
    }
  }

  /** Channels that were named by acts of a kind that came out so. */
  channelsOf(act: WatchAct['act'], outcome = 'done'): number[] {
    return this.acts
      .filter((found) => found.act === act && found.outcome === outcome)
      .flatMap(({ channels }) => channels)
      .sort((a, b) => a - b)
  }

  /** The hub closes all channels in one block, as if it had never paid anything. */
  async lie(time: Timestamp, numbers: readonly number[]): Promise<void> {
    const operations = numbers.map((channel): Operation => {
      const assertion = { by: 'hub', own: LANE_START, unsure: false } as const
      return { kind: 'forceClose', channel, ...assertion, resume: undefined, peer: undefined }
    })
    const transaction = toHex(encode(transactionCodec, this.#funded(operations, [HUB])))
    const body = JSON.stringify({ transaction })
    await this.stub.fetch('http://ledger/v1/transactions', { method: 'POST', body })
    this.stub.produce(time)
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }

  #openChannel(i: number): void {
    const side = (signer: Signer, deposit: bigint) => ({
      ...{ key: signer.publicKey, deposit: amount(deposit) },
      payoutLock: lockRoot(keyLock(signer.publicKey)),
    })
    const client = side(testSigner(20 + i), 0n)
    const open: Operation = {
      ...{ kind: 'open', asset: 0, client, hub: side(HUB, 100_000n), terms: TERMS },
    }
    this.world.produce(START, this.#funded([open], []))
  }

  #funded(
    operations: readonly Operation[],
    signers: readonly Signer[],
    outputs: readonly Output[] = [],
  ) {
    const { chainId } = this.world
    const outpoint = { txId: chainId as string as TxId, index: this.#coin++ }
    const coin = this.world.state.read('coin', outpoint) ?? assert.fail('there is a coin')
    const built = buildTransaction({
      chainId,
      coins: [
        { outpoint, coin, lock: keyLock(FUNDER.publicKey), alternative: 0, signers: [FUNDER] },
      ],
      ...{ outputs, operations, channels: [], signers },
      changeLock: lockRoot(keyLock(FUNDER.publicKey)),
      fee: { asset: 0, feePerKiloCost: FEE_PER_KILO_COST },
      ...{ validFrom: timestamp(0), validUntil: TIMESTAMP_MAX },
    })
    if (isRejection(built)) assert.fail(built.detail)
    return built.transaction
  }

  #records(count: number) {
    return Array.from({ length: count }, (_, i) => {
      const channel = this.world.channel(i)
      return recordOf(channel, this.#entrusted(channel, testSigner(20 + i)))
    })
  }

  #entrusted(channel: Channel, signer: Signer): Entrusted {
    const { chainId } = this.world
    const lane: LaneState = PAID
    const digest = balanceProofDigest(chainId, channel.id, 'hub', lane)
    const [evidence] = signEvidence(chainId, HUB, [digest])
    assert.ok(evidence !== undefined)
    const terms = {
      guardKey: GUARD.publicKey,
      bounty: { ppm: 500_000, payoutLock: LOCK },
      validUntil: TIMESTAMP_MAX,
    }
    return {
      ...{ channel: channel.id, number: channel.number, owner: 'client' },
      appointment: signAppointment(chainId, channel, 'client', terms, signer),
      proof: { lane, evidence },
      ...{ own: undefined, resume: undefined },
    }
  }
}
