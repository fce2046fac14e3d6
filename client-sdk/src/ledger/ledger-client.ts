import {
  type Anchor,
  type Asset,
  type AssetId,
  type BlockHeader,
  type Certificate,
  type ChainId,
  type Channel,
  type ChannelNumber,
  type Coin,
  chainIdOf,
  type EntryKind,
  feeRateOf,
  type Genesis,
  isRejection,
  type LockRoot,
  type Outpoint,
  type Parameters,
  type ParametersChange,
  type PublicKey,
  provenEntry,
  type RevealStep,
  type StateEntries,
  type Timestamp,
  type Transaction,
  type TxId,
  transactionId,
} from '@tallystick/protocol'
import { type FollowOptions, followBlocks, readBlock, type VerifiedBlock } from './follow-blocks.js'
import { inParallel } from './in-parallel.js'
import {
  type BlockPlace,
  fetchBlock,
  fetchEntry,
  fetchGenesis,
  fetchHandovers,
  fetchLatestHeader,
  fetchTransactionStatus,
  listChannels,
  listChannelTransactions,
  listCoins,
  postTransaction,
} from './ledger-api.js'
import { LedgerError, malformedAnswer, refusedEvidence } from './ledger-error.js'
import { type Fetch, type LedgerHttp, ledgerHttp } from './ledger-http.js'
import {
  acceptBlock,
  acceptHandover,
  acceptHeader,
  type LightClient,
  newestEra,
  startLightClient,
} from './light-client.js'
import type { OpenSocket } from './open-socket.js'
import { patiently } from './patiently.js'
import { backOffMs, pause } from './pause.js'

export type LedgerOptions = {
  /** Address of a ledger node's API, `http://` or `https://`. It is not trusted. */
  readonly url: string
  /** The chain that is expected. Absent: whatever the node first says, fit for a try-out only. */
  readonly chainId?: ChainId
  readonly openSocket: OpenSocket
  /** Absent: the platform's own. */
  readonly fetch?: Fetch
  readonly signal?: AbortSignal
}

/** An entry of the state, or that there is none, as certified by `header`. */
export type Proven<T> = { readonly value: T | undefined; readonly header: BlockHeader }

/** Where a transaction stands; all but `included` is the server's unproven word. */
export type TransactionStatus =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'pending' }
  | { readonly kind: 'included'; readonly height: number }
  | { readonly kind: 'rejected'; readonly code: string; readonly detail: string }

/** Proofs that are asked for at the same time. */
const PARALLEL_REQUESTS = 8
/** `confirmed` asks again after 250 ms to 2 s. */
const CONFIRM_ATTEMPT_MAX = 3

/**
 * A ledger seen through a node that is not trusted: every value is checked against a certificate of
 * the validators and never older than what was seen before. Lives as long as somebody uses it; it
 * holds no connection but those of `follow`. Every method throws `LedgerError`.
 */
export class LedgerClient {
  readonly #http: LedgerHttp
  readonly #openSocket: OpenSocket
  #light: LightClient

  private constructor(http: LedgerHttp, openSocket: OpenSocket, light: LightClient) {
    this.#http = http
    this.#openSocket = openSocket
    this.#light = light
  }

  /** Throws `wrong_genesis` when the node serves another chain than the one expected. */
  static async connect(options: LedgerOptions): Promise<LedgerClient> {
    const { url, chainId, openSocket, signal } = options
    const http = ledgerHttp(url, options.fetch ?? globalThis.fetch)
    const genesis = await fetchGenesis(http, signal)
    const found = chainIdOf(genesis)
    if (chainId !== undefined && found !== chainId) {
      const detail = `the node serves chain ${found}, not ${chainId}`
      throw new LedgerError({ code: 'wrong_genesis', detail, retryable: false })
    }
    return new LedgerClient(http, openSocket, startLightClient(genesis))
  }

  get chainId(): ChainId {
    return this.#light.chainId
  }

  get genesis(): Genesis {
    return this.#light.genesis
  }

  /** The newest parameters that were proven; those of the genesis before a header was asked for. */
  get parameters(): Parameters {
    return newestEra(this.#light).parameters
  }

  /** Base units due for 1,000 units of cost in an asset, by these parameters; 0: it pays no fees. */
  feePerKiloCost(asset: AssetId): number {
    return feeRateOf(this.parameters, asset)
  }

  /** The newest header that was verified. */
  get tip(): BlockHeader | undefined {
    return this.#light.tip
  }

  /** Asks for the newest header and verifies it. */
  refresh(signal?: AbortSignal): Promise<BlockHeader> {
    return patiently(signal, async () => {
      const before = this.#light
      const { header, certificate } = await fetchLatestHeader(this.#http, signal)
      await this.#believe(before, header, certificate, signal)
      return header
    })
  }

  channel(number: ChannelNumber, signal?: AbortSignal): Promise<Proven<Channel>> {
    return this.entry('channel', { channel: number }, signal)
  }

  coin(outpoint: Outpoint, signal?: AbortSignal): Promise<Proven<Coin>> {
    return this.entry('coin', outpoint, signal)
  }

  asset(id: AssetId, signal?: AbortSignal): Promise<Proven<Asset>> {
    return this.entry('asset', { asset: id }, signal)
  }

  /** How many assets there are: the number of the next one (OP-8). */
  async assetCount(signal?: AbortSignal): Promise<AssetId> {
    const { value } = await this.entry('assetCount', {}, signal)
    if (value === undefined) throw malformedAnswer('a ledger counts its assets from the genesis on')
    return value.count
  }

  /** The change of the parameters that is scheduled, if one is; it can still be withdrawn. */
  scheduledChange(signal?: AbortSignal): Promise<Proven<ParametersChange>> {
    return this.entry('parametersChange', {}, signal)
  }

  /**
   * The newest link of an anchor's chain that the ledger recorded by `notAfter`, and when. Steps are
   * only ever added, and rise in time, so a link that was in time cannot be hidden by later ones.
   */
  async reveal(
    anchor: Anchor,
    notAfter: Timestamp,
    signal?: AbortSignal,
  ): Promise<Proven<RevealStep>> {
    const { value: head, header } = await this.entry('reveal', { anchor }, signal)
    let found: RevealStep | undefined
    let [low, high] = [0, head?.steps ?? 0]
    while (low < high) {
      const middle = (low + high) >>> 1
      const { value: step } = await this.entry('revealStep', { anchor, step: middle }, signal)
      if (step === undefined) {
        throw malformedAnswer(`anchor ${anchor} has ${head?.steps} steps, but no step ${middle}`)
      }
      if (step.time <= notAfter) {
        found = step
        low = middle + 1
      } else high = middle
    }
    return { value: found, header }
  }

  /**
   * The coins under a lock, each proven by itself; those spent meanwhile are left out. That none is
   * missing cannot be proven: a node can hide a coin, never invent one. The first 10,000.
   */
  async coinsOf(
    lock: LockRoot,
    signal?: AbortSignal,
  ): Promise<{ readonly outpoint: Outpoint; readonly coin: Coin }[]> {
    const outpoints = await listCoins(this.#http, lock, signal)
    const found = await inParallel(outpoints, PARALLEL_REQUESTS, async (outpoint) => {
      const { value: coin } = await this.coin(outpoint, signal)
      if (coin === undefined) return []
      if (coin.lock !== lock) throw malformedAnswer(`a coin listed under ${lock} has another lock`)
      return [{ outpoint, coin }]
    })
    return found.flat()
  }

  /** The channels that a key is a side of, each proven; like `coinsOf`, as far as the node tells. */
  async channelsOf(key: PublicKey, signal?: AbortSignal): Promise<Channel[]> {
    const numbers = await listChannels(this.#http, key, signal)
    const found = await inParallel(numbers, PARALLEL_REQUESTS, async (number) => {
      const { value: channel } = await this.channel(number, signal)
      if (channel === undefined) return []
      if (channel.client.key !== key && channel.hub.key !== key) {
        throw malformedAnswer(`channel ${number}, listed under ${key}, is of other keys`)
      }
      return [channel]
    })
    return found.flat()
  }

  /** Hands a transaction in; again is fine. Throws with the ledger's code when it is refused. */
  async submit(transaction: Transaction, signal?: AbortSignal): Promise<TxId> {
    const id = transactionId(this.chainId, transaction.body)
    const answered = await postTransaction(this.#http, transaction, signal)
    if (answered !== id) throw malformedAnswer(`transaction ${id} was taken for ${answered}`)
    return id
  }

  /** Where a transaction stands; `included` only after the block that holds it was verified. */
  async transactionStatus(id: TxId, signal?: AbortSignal): Promise<TransactionStatus> {
    const status = await fetchTransactionStatus(this.#http, id, signal)
    if (status.kind !== 'included') return status
    const { height, position } = status
    const { ids } = await this.block(height, signal)
    if (ids[position] !== id) {
      throw malformedAnswer(`block ${height} does not hold transaction ${id} at ${position}`)
    }
    return { kind: 'included', height }
  }

  /** The block of a height, verified. Throws `pruned` where the node keeps it no more. */
  async block(height: number, signal?: AbortSignal): Promise<VerifiedBlock> {
    const block = await fetchBlock(this.#http, height, signal)
    await this.#learnParameters(block.header.revision, signal)
    const accepted = acceptBlock({ ...this.#light, tip: undefined }, block)
    if (isRejection(accepted)) throw refusedEvidence(accepted)
    if (block.header.height !== height) {
      throw malformedAnswer(`block ${block.header.height} was sent for block ${height}`)
    }
    await this.#noteHeader(block.header, block.certificate, signal)
    return readBlock(block)
  }

  /**
   * Where the transactions are that opened, changed or closed a channel, oldest first: the node's word,
   * which can hide one. Throws `pruned` where the node does not keep them all any more.
   */
  channelPlaces(number: ChannelNumber, signal?: AbortSignal): Promise<readonly BlockPlace[]> {
    return listChannelTransactions(this.#http, number, signal)
  }

  /**
   * Resolves with the height once a verified block holds the transaction. Throws the ledger's code
   * when it was rejected, `no_longer_valid` when a verified header is past `validUntil` and the node
   * still does not know of an inclusion. Waits out whatever may pass.
   */
  async confirmed(
    id: TxId,
    options: { readonly validUntil?: Timestamp; readonly signal?: AbortSignal } = {},
  ): Promise<{ readonly height: number }> {
    const { validUntil, signal } = options
    for (let attempt = 0; ; attempt++) {
      try {
        // Time before status: what is not included by then never will be.
        const time = validUntil === undefined ? undefined : (await this.refresh(signal)).time
        const status = await this.transactionStatus(id, signal)
        if (status.kind === 'included') return { height: status.height }
        if (status.kind === 'rejected') throw new LedgerError({ ...status, retryable: false })
        if (time !== undefined && validUntil !== undefined && time > validUntil) {
          const detail = `ledger time is ${time}, transaction ${id} was valid until ${validUntil}`
          throw new LedgerError({ code: 'no_longer_valid', detail, retryable: false })
        }
      } catch (error) {
        if (!(error instanceof LedgerError && error.retryable)) throw error
      }
      await pause(backOffMs(Math.min(attempt, CONFIRM_ATTEMPT_MAX), Math.random()), signal)
    }
  }

  /** Hands over every verified block from `options.from` on; see `followBlocks`. */
  follow(options: FollowOptions): Promise<void> {
    const source = {
      base: this.#http.base.replace(/^http/, 'ws'),
      openSocket: this.#openSocket,
      eras: () => this.#light,
      learnParameters: (revision: number) => this.#learnParameters(revision, options.signal),
      onVerified: ({ header, block }: VerifiedBlock) =>
        this.#noteHeader(header, block.certificate, options.signal),
    }
    return followBlocks(source, options)
  }

  /** Any entry of the state, or that there is none, proven. */
  entry<Kind extends EntryKind>(
    kind: Kind,
    key: StateEntries[Kind]['key'],
    signal?: AbortSignal,
  ): Promise<Proven<StateEntries[Kind]['value']>> {
    return patiently(signal, () => this.#entryOnce(kind, key, signal))
  }

  async #entryOnce<Kind extends EntryKind>(
    kind: Kind,
    key: StateEntries[Kind]['key'],
    signal: AbortSignal | undefined,
  ): Promise<Proven<StateEntries[Kind]['value']>> {
    const before = this.#light
    const answer = await fetchEntry(this.#http, kind, key, signal)
    await this.#believe(before, answer.header, answer.certificate, signal)
    const entry = provenEntry(answer.header.stateRoot, kind, key, answer.value, answer.proof)
    if (isRejection(entry)) throw refusedEvidence(entry)
    return { value: entry.value, header: answer.header }
  }

  /**
   * Accepts a header that is no older than what was known when the question was asked: answers to
   * questions asked side by side may arrive in any order.
   */
  async #believe(
    asked: LightClient,
    header: BlockHeader,
    certificate: Certificate | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    await this.#learnParameters(header.revision, signal)
    const overtaken = header.height < (this.#light.tip?.height ?? 0)
    const base = overtaken ? { ...this.#light, tip: asked.tip } : this.#light
    const accepted = acceptHeader(base, header, certificate)
    if (isRejection(accepted)) throw refusedEvidence(accepted)
    if (!overtaken) this.#light = accepted
  }

  /** Takes note of a block that may lie in the past, verified by itself. */
  async #noteHeader(
    header: BlockHeader,
    certificate: Certificate,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (header.height < (this.tip?.height ?? 0)) return
    await this.#believe(this.#light, header, certificate, signal)
  }

  /**
   * Follows the handovers until `revision` is known, which a header of the server names (INV-40).
   * Each must be certified by the validators before it; a server that has none to show is refused.
   */
  async #learnParameters(revision: number, signal: AbortSignal | undefined): Promise<void> {
    while (this.parameters.revision < revision) {
      const known = newestEra(this.#light)
      const page = await fetchHandovers(this.#http, known.from + 1, signal)
      if (page.length === 0) {
        throw malformedAnswer(`a header names parameters ${revision}, no handover leads to them`)
      }
      for (const handover of page) {
        // Another question that was asked side by side may have taken it meanwhile.
        if (handover.change.parameters.revision <= this.parameters.revision) continue
        const accepted = acceptHandover(this.#light, handover)
        if (isRejection(accepted)) throw refusedEvidence(accepted)
        this.#light = accepted
      }
      if (newestEra(this.#light) === known) {
        throw malformedAnswer(
          `the handovers behind parameters ${known.parameters.revision} are old`,
        )
      }
    }
  }
}
