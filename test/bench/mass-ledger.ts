import { join } from 'node:path'
import {
  type Alternative,
  amount,
  type Block,
  blockCodec,
  blockDigest,
  type ChainId,
  type Channel,
  type ChannelTerms,
  chainIdOf,
  decodeTrusted,
  encode,
  exitReserveMin,
  feeFor,
  type Genesis,
  isRejection,
  keyLock,
  LANE_START,
  type Lock,
  lockRoot,
  lockWitness,
  type Operation,
  type Outpoint,
  PROTOCOL_VERSIONS,
  parseTransaction,
  type Signer,
  STATE_ENTRIES,
  signerFromSeed,
  signTransaction,
  TIMESTAMP_MAX,
  type Timestamp,
  type Transaction,
  type TxId,
  timestamp,
  transactionCodec,
  transactionCost,
  transactionId,
} from '@tallystick/protocol'
import type { Engine } from '@tallystick/settlement'
import { BLOCK_ROOM } from '#settlement/mempool/room.js'
import { LedgerNode } from '#settlement/node/ledger-node.js'
import { openSqliteLedgerStore } from '#settlement/store/sqlite-ledger-store.js'
import type { TipMark } from '#settlement/store/tip-mark.js'
import { testMark } from '../settlement/data-folder.js'
import { HUB, START, testGenesis, testSigner, VALIDATOR } from '../settlement/test-ledger.js'
import { progress } from './benchmark.js'

export const FEE_PER_KILO_COST = 1_000
/** What the hub has put into each channel, base units. */
export const DEPOSIT = 1_000_000n
const ITEMS_MAX = 64
export const TERMS: ChannelTerms = {
  ...{ disputeWindowSeconds: 600, unsureWindowSeconds: 900 },
  ...{ clientPenaltyPpm: 300_000, hubPenaltyPpm: 1_000_000 },
  ...{ itemsMax: ITEMS_MAX, expirySecondsMax: 86_400, itemAmountMin: amount(1n) },
  exitReserve: amount(exitReserveMin({ itemsMax: ITEMS_MAX }, FEE_PER_KILO_COST)),
}

const CHANNELS_PER_OPENING = 250
const CLOSES_PER_TRANSACTION = 400
/** Of other traffic: twice the least fee, and so much of it waits that no block has room to spare. */
const FILLER_RATE = 2n
const FILLER_BLOCKS = 1.6
const FILLER_VALUE = 10n ** 9n
/** Submissions that are under way at the same time. */
const PARALLEL = 64

/** The channel key of a client, by its number. */
export function clientOf(client: number): Signer {
  return signerFromSeed(new Uint8Array(32).map((_, byte) => (client >>> (8 * (byte % 3))) & 0xff))
}

/** Witnesses of four thousand bytes: a block is full of a thousand of them, and one key signs each. */
const FILLER = testSigner(77)
const fillerKeys = [FILLER, ...Array.from({ length: 15 }, (_, i) => testSigner(100 + i))]
  .map(({ publicKey }) => publicKey)
  .sort()
const fillerAlternative: Alternative = Array.from({ length: 8 }, () => {
  return { kind: 'multi', threshold: 1, publicKeys: fillerKeys } as const
})
const fillerLock: Lock = [fillerAlternative]

/** What some blocks took of one kind of transactions. */
export type Included = {
  readonly costEach: number
  /** Ledger time of the block that took the last. */
  readonly lastTime: Timestamp
  readonly figures: {
    readonly transactions: number
    readonly blocks: number
    readonly costEach: number
    readonly bytesEach: number
    readonly shareOfBlocks: number
    readonly turnedAwayAtFirst: number
    readonly slowestBlockSeconds: number
  }
}

/** A real node with its store and its mempool, whose clock and blocks the benchmark drives. */
export class MassLedger {
  static readonly PARAMETERS = testGenesis().parameters
  readonly chainId: ChainId
  readonly #channels: number
  #node: LedgerNode | undefined
  readonly #genesis: Genesis
  #clockMs = START * 1_000
  #tick: (() => void) | undefined
  #made: (() => void) | undefined
  #stop: () => Promise<void> = async () => undefined
  readonly #fillers: { outpoint: Outpoint; value: bigint; waits: TxId | undefined }[]

  private constructor(channels: number) {
    this.#channels = channels
    const openings = Math.ceil(channels / CHANNELS_PER_OPENING)
    const closings = Math.ceil(channels / CLOSES_PER_TRANSACTION)
    const lock = lockRoot(keyLock(HUB.publicKey))
    const filler = lockRoot(fillerLock)
    const hubCoin = { asset: 0, amount: amount(DEPOSIT * 1_000n), lock }
    const probe = this.#fillerCost()
    const fillers = Math.ceil((FILLER_BLOCKS * BLOCK_ROOM.cost) / probe)
    const base = testGenesis()
    this.#genesis = {
      ...base,
      parameters: {
        ...base.parameters,
        feeRates: [{ asset: 0, feePerKiloCost: FEE_PER_KILO_COST }],
      },
      allocations: [
        ...Array.from({ length: openings + closings }, () => hubCoin),
        ...Array.from({ length: fillers }, () => {
          return { asset: 0, amount: amount(FILLER_VALUE), lock: filler }
        }),
      ],
    }
    this.chainId = chainIdOf(this.#genesis)
    this.#fillers = Array.from({ length: fillers }, (_, i) => ({
      outpoint: this.#genesisCoin(openings + closings + i),
      value: FILLER_VALUE,
      waits: undefined,
    }))
  }

  static async open(dir: string, channels: number): Promise<MassLedger> {
    const ledger = new MassLedger(channels)
    const store = await openSqliteLedgerStore(join(dir, 'ledger.sqlite'))
    const mark: TipMark = await testMark(dir, ledger.#genesis)
    const fail = (error: unknown) => {
      throw error
    }
    ledger.#node = await LedgerNode.open({
      ...{ genesis: ledger.#genesis, store, mark, engine: ledger.#engine() },
      ...{ clock: () => ledger.#clockMs, versions: PROTOCOL_VERSIONS },
      ...{ onFault: fail, onUnsupportedUpgrade: fail, onDamagedBlock: fail, onStall: fail },
    })
    void ledger.#node.start()
    ledger.#stop = async () => {
      await ledger.node.stop()
      await mark.close()
      await store.close()
    }
    return ledger
  }

  get node(): LedgerNode {
    if (this.#node === undefined) throw new Error('the ledger is open')
    return this.#node
  }

  get time(): Timestamp {
    return this.node.tip.header.time
  }

  close(): Promise<void> {
    return this.#stop()
  }

  channel(number: number): Channel | undefined {
    const { value } = this.node.prove('channel', { channel: number })
    return value && decodeTrusted(STATE_ENTRIES.channel.value, value)
  }

  /** Opens all channels, by the hub's money alone, on an idle ledger. */
  async openChannels(): Promise<Channel[]> {
    const count = Math.ceil(this.#channels / CHANNELS_PER_OPENING)
    const openings = Array.from({ length: count }, (_, part) => {
      const from = part * CHANNELS_PER_OPENING
      const size = Math.min(CHANNELS_PER_OPENING, this.#channels - from)
      const operations = Array.from({ length: size }, (_, i) => this.#opening(from + i))
      return this.#byHub(part, operations, DEPOSIT * BigInt(size))
    })
    for (const encoded of openings) await this.#submit(encoded)
    while (this.node.channelCount < this.#channels) await this.#block()
    return Array.from({ length: this.#channels }, (_, number) => {
      const channel = this.channel(number)
      if (channel === undefined) throw new Error(`channel ${number} was not opened`)
      return channel
    })
  }

  /** The hub closes every channel as if it had never paid anything. */
  async closeByHub(channels: readonly Channel[]): Promise<void> {
    const openings = Math.ceil(this.#channels / CHANNELS_PER_OPENING)
    for (let from = 0, part = openings; from < channels.length; from += CLOSES_PER_TRANSACTION) {
      const some = channels.slice(from, from + CLOSES_PER_TRANSACTION)
      const operations = some.map(({ number }): Operation => {
        const close = { kind: 'forceClose', channel: number, by: 'hub', own: LANE_START } as const
        return { ...close, unsure: false, resume: undefined, peer: undefined }
      })
      await this.#submit(this.#byHub(part++, operations, 0n))
    }
    while (channels.some(({ number }) => this.channel(number)?.status.kind !== 'closing')) {
      await this.#block()
    }
  }

  /** From here on other traffic fills every block. */
  async fill(): Promise<void> {
    const waiting = this.#fillers.filter(({ waits }) => waits === undefined)
    await inWaves(waiting, async (filler) => {
      const built = this.#fillerSpend(filler)
      filler.waits = built.id
      await this.#submit(built.encoded)
    })
  }

  /** Hands in all of these, again and again, until blocks have taken each; other traffic goes on. */
  async include(what: string, encoded: readonly Uint8Array[]): Promise<Included> {
    const ids = new Map(encoded.map((bytes) => [this.#idOf(bytes), bytes]))
    const outside = new Map(ids)
    let [blocks, bytesTaken, costTaken, costAll, turnedAway, slowest] = [0, 0, 0, 0, 0, 0]
    for (;;) {
      await inWaves([...outside], async ([id, bytes]) => {
        const answer = await this.node.submit(bytes)
        if (answer.kind !== 'refused') outside.delete(id)
        else if (!RETRIED.has(answer.rejection.code)) throw new Error(answer.rejection.detail)
      })
      if (blocks === 0) turnedAway = outside.size
      const started = performance.now()
      const block = await this.#block()
      slowest = Math.max(slowest, performance.now() - started)
      blocks++
      for (const bytes of block.transactions) {
        const transaction = parsed(bytes)
        const id = transactionId(this.chainId, transaction.body)
        const cost = transactionCost(transaction, bytes.length)
        costAll += cost
        if (!ids.delete(id)) continue
        outside.delete(id)
        bytesTaken += bytes.length
        costTaken += cost
      }
      progress(`${what}: block ${block.header.height}, ${ids.size} of ${encoded.length} to go`)
      if (ids.size === 0) {
        const costEach = costTaken / encoded.length
        return {
          ...{ costEach, lastTime: block.header.time },
          figures: {
            ...{ transactions: encoded.length, blocks, costEach },
            bytesEach: bytesTaken / encoded.length,
            shareOfBlocks: costTaken / Math.max(1, costAll),
            turnedAwayAtFirst: turnedAway,
            slowestBlockSeconds: slowest / 1_000,
          },
        }
      }
      await this.fill()
    }
  }

  /** Lets ledger time pass `latest`, block by block, which are as full as there is traffic. */
  async passTime(latest: number): Promise<void> {
    while (this.time <= latest) {
      this.#clockMs += MassLedger.PARAMETERS.timeStepSecondsMax * 1_000
      await this.#block()
    }
  }

  /** What each client has in coins of its own, base units. */
  async paidOut(client: number): Promise<bigint> {
    const lock = lockRoot(keyLock(clientOf(client).publicKey))
    const coins = await this.node.stored.coinsOf(lock, { after: undefined, limit: 10 })
    return coins.reduce((sum, { value }) => {
      return sum + decodeTrusted(STATE_ENTRIES.coin.value, value).amount
    }, 0n)
  }

  #engine(): Engine {
    return {
      propose: async ({ signal }) => {
        await new Promise<void>((resolve) => {
          const go = () => {
            signal.removeEventListener('abort', go)
            resolve()
          }
          this.#tick = go
          signal.addEventListener('abort', go)
        })
        return { kind: signal.aborted ? 'stopped' : 'build' }
      },
      certify: async ({ header }) => [
        { validator: 0, signature: VALIDATOR.sign(blockDigest(header)) },
      ],
      finalize: () => this.#made?.(),
    }
  }

  /** One ledger second later, the next block. */
  async #block(): Promise<Block> {
    const height = this.node.tip.header.height + 1
    this.#clockMs += 1_000
    const made = new Promise<void>((resolve) => {
      this.#made = resolve
    })
    while (this.#tick === undefined) await new Promise((resolve) => setImmediate(resolve))
    const tick = this.#tick
    this.#tick = undefined
    tick()
    await made
    const stored = await this.node.stored.block(height)
    if (stored === undefined) throw new Error(`block ${height} was not made`)
    const block = decodeTrusted<Block>(blockCodec, stored.bytes)
    this.#noteFillers(block)
    return block
  }

  async #submit(encoded: Uint8Array): Promise<void> {
    const answer = await this.node.submit(encoded)
    if (answer.kind === 'refused')
      throw new Error(`${answer.rejection.code}: ${answer.rejection.detail}`)
  }

  #idOf(encoded: Uint8Array): TxId {
    return transactionId(this.chainId, parsed(encoded).body)
  }

  #genesisCoin(index: number): Outpoint {
    return { txId: this.chainId as string as TxId, index }
  }

  #opening(client: number): Operation {
    const side = ({ publicKey: key }: Signer, deposit: bigint) => {
      return { key, deposit: amount(deposit), payoutLock: lockRoot(keyLock(key)) }
    }
    const sides = { client: side(clientOf(client), 0n), hub: side(HUB, DEPOSIT) }
    return { kind: 'open', asset: 0, ...sides, terms: TERMS }
  }

  /** Out of one coin of the hub's: what is bound and the fee go, the rest comes back. */
  #byHub(coin: number, operations: readonly Operation[], bound: bigint): Uint8Array {
    const lock = keyLock(HUB.publicKey)
    const signed = (rest: bigint) =>
      signTransaction(
        this.chainId,
        {
          ...bodyOf([this.#genesisCoin(coin)]),
          operations,
          outputs: [{ asset: 0, amount: amount(rest), lock: lockRoot(lock) }],
        },
        [lockWitness(lock, 0)],
        [HUB],
      )
    const all = DEPOSIT * 1_000n - bound
    return encode(transactionCodec, signed(all - feeOf(signed(all))))
  }

  #fillerSpend({ outpoint, value }: { outpoint: Outpoint; value: bigint }) {
    const signed = (rest: bigint) => {
      const outputs = [{ asset: 0, amount: amount(rest), lock: lockRoot(fillerLock) }]
      const body = { ...bodyOf([outpoint]), outputs }
      return signTransaction(this.chainId, body, [lockWitness(fillerLock, 0)], [FILLER])
    }
    const transaction = signed(value - FILLER_RATE * feeOf(signed(value)))
    const id = transactionId(this.chainId, transaction.body)
    return { id, encoded: encode(transactionCodec, transaction) }
  }

  /** What was taken of the other traffic can be spent again. */
  #noteFillers({ transactions }: Block): void {
    const waiting = new Map(this.#fillers.map((filler) => [filler.waits, filler]))
    for (const bytes of transactions) {
      const { body } = parsed(bytes)
      const txId = transactionId(this.chainId, body)
      const filler = waiting.get(txId)
      if (filler === undefined) continue
      filler.outpoint = { txId, index: 0 }
      filler.value = body.outputs[0]?.amount ?? 0n
      filler.waits = undefined
    }
  }

  #fillerCost(): number {
    const outpoint = { txId: '00'.repeat(32) as TxId, index: 0 }
    const outputs = [{ asset: 0, amount: amount(FILLER_VALUE), lock: lockRoot(fillerLock) }]
    const body = { ...bodyOf([outpoint]), outputs }
    const chainId = '00'.repeat(32) as ChainId
    return costOf(signTransaction(chainId, body, [lockWitness(fillerLock, 0)], [FILLER]))
  }
}

/** What is tried again after the next block. */
const RETRIED = new Set(['mempool_full', 'too_many_dependents', 'window_open', 'fee_above_payout'])

function bodyOf(inputs: readonly Outpoint[]) {
  return {
    ...{ validFrom: timestamp(0), validUntil: TIMESTAMP_MAX, inputs, operations: [] },
    ...{ outputs: [], reveals: [], memo: new Uint8Array() },
  }
}

function costOf(transaction: Transaction): number {
  return transactionCost(transaction, encode(transactionCodec, transaction).length)
}

/** The least fee, with room for a rest of another length. */
function feeOf(transaction: Transaction): bigint {
  return feeFor(costOf(transaction) + 2, FEE_PER_KILO_COST)
}

function parsed(encoded: Uint8Array): Transaction {
  const transaction = parseTransaction(encoded)
  if (isRejection(transaction)) throw new Error(transaction.detail)
  return transaction
}

/** `work` on every item, so many at a time. */
async function inWaves<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  const lane = async () => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: PARALLEL }, lane))
}
