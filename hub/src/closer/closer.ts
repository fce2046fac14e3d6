import { type KeyCoins, LedgerError } from '@tallystick/client-sdk'
import {
  type Amount,
  agreementOf,
  amount,
  type ChainId,
  type Channel,
  type ChannelId,
  decodeTrusted,
  encode,
  type HubPolicy,
  isClosing,
  isRejection,
  type LockRoot,
  type Operation,
  type OperationOf,
  type PublicKey,
  type Rejection,
  reject,
  type Signer,
  type Timestamp,
  type TxId,
  transactionCodec,
} from '@tallystick/protocol'
import type { HubState } from '../core/hub-state.js'
import { REQUESTS_MAX } from '../limits.js'
import type { Journal, LedgerJob } from '../store/journal.js'
import type { LedgerPort } from './ledger-port.js'

/** Bounds of one batch transaction; together they stay below its size limit. */
const CLOSES_PER_BATCH = 2_500
const OPENS_PER_BATCH = 200
const DEPOSITS_PER_BATCH = 400
/** Blocks after which a batch that is nowhere is sent again. */
const RESEND_BLOCKS = 3
/** Blocks for which a channel is left out after its close was refused. */
const SUSPECT_BLOCKS = 10
/** An agreement that ends sooner than this is left alone: the batch might come too late. */
const AGREEMENT_SECONDS_LEFT = 10

/** Somebody waits for a channel or a deposit of the hub. */
export type LiquidityRequest =
  | {
      readonly kind: 'open'
      readonly key: PublicKey
      readonly payoutLock: LockRoot
      readonly inbound: Amount
      readonly answer: (outcome: TxId | Rejection) => void
    }
  | {
      readonly kind: 'deposit'
      readonly channel: ChannelId
      readonly amount: Amount
      readonly answer: (outcome: TxId | Rejection) => void
    }

export type CloserParts = {
  readonly chainId: ChainId
  readonly policy: HubPolicy
  readonly signer: Signer
  readonly state: HubState
  readonly journal: Journal
  readonly coins: KeyCoins
  readonly ledger: LedgerPort
  /** Milliseconds that a batch gathers after the first one asks. */
  readonly gatherMs: number
  readonly now: () => Timestamp
  readonly onFault: (fault: unknown) => void
  readonly onBatch: (batch: BatchReport) => void
}

/** What the closer did, for logs and metrics. */
export type BatchReport = {
  readonly txId: TxId
  readonly closes: number
  readonly opens: number
  readonly deposits: number
  readonly bytes: number
  readonly outcome: 'submitted' | 'included' | Rejection
}

type Flight = {
  readonly job: LedgerJob
  readonly sentAt: number
  readonly closing: ReadonlySet<ChannelId>
}

/**
 * Gathers cooperative closes, openings and deposits into batches: one transaction at a time, in the
 * journal before it is sent, followed until the ledger has decided about it.
 */
export class Closer {
  readonly #parts: CloserParts
  readonly #requests: LiquidityRequest[] = []
  #flight: Flight | undefined
  #timer: NodeJS.Timeout | undefined
  #height = 0
  /** Channels whose close the ledger refused when it stood alone, and the height to try again at. */
  readonly #suspects = new Map<ChannelId, number>()
  #closesMax = CLOSES_PER_BATCH
  #closedLast = false
  #building = false
  #stopped = false

  constructor(parts: CloserParts, jobs: readonly LedgerJob[]) {
    this.#parts = parts
    const [job] = jobs
    if (job !== undefined) this.#resume(job)
  }

  /** Takes a request into the next batch; refused at once when it can never be granted. */
  request(request: LiquidityRequest): void {
    const refused = this.#checkRequest(request)
    if (refused !== undefined) return request.answer(refused)
    this.#requests.push(request)
    this.gather()
  }

  /** Something is ready: a batch is built when the gathering time is over. */
  gather(): void {
    if (this.#stopped) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#build()
    }, this.#parts.gatherMs)
  }

  /** A block was committed: what it holds of ours is done. */
  async meetBlock(height: number, ids: ReadonlySet<TxId>): Promise<void> {
    this.#height = height
    const flight = this.#flight
    if (flight === undefined) {
      if (this.#hasWork()) this.gather()
      return
    }
    if (ids.has(flight.job.id)) {
      await this.#land(flight, 'included')
      this.#closesMax = Math.min(CLOSES_PER_BATCH, 2 * this.#closesMax)
    } else if (height - flight.sentAt >= RESEND_BLOCKS) {
      await this.#lookAfter(flight)
    }
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #checkRequest(request: LiquidityRequest): Rejection | undefined {
    const { policy, state } = this.#parts
    if (this.#requests.length >= REQUESTS_MAX) {
      return reject('hub_busy', 'too many wait for the ledger already; ask again later')
    }
    if (request.kind === 'open') {
      const again = this.#requests.some(
        (other) => other.kind === 'open' && other.key === request.key,
      )
      if (again) return reject('already_asked', 'a channel for this key is being opened')
      return request.inbound > policy.inboundMax || request.inbound < policy.terms.exitReserve
        ? reject(
            'inbound_out_of_bounds',
            `${policy.terms.exitReserve} to ${policy.inboundMax} base units are deposited here`,
          )
        : undefined
    }
    const party = state.channel(request.channel)?.party
    if (party === undefined || party.phase.kind !== 'open') {
      return reject('channel_not_usable', `channel ${request.channel} takes no deposit`)
    }
    const queued = this.#requests.reduce(
      (sum, other) =>
        other.kind === 'deposit' && other !== request && other.channel === request.channel
          ? sum + other.amount
          : sum,
      0n,
    )
    const { deposited: put, withdrawn } = party.ledger.hub
    const deposited = put - withdrawn + queued + request.amount
    return request.amount === 0n || deposited > policy.inboundMax
      ? reject('inbound_out_of_bounds', `the hub keeps at most ${policy.inboundMax} in one channel`)
      : undefined
  }

  #hasWork(): boolean {
    return this.#requests.length > 0 || this.#ready().length > 0
  }

  /** Channels whose agreement may still be used. */
  #ready(): Channel[] {
    const latest = this.#parts.now() + AGREEMENT_SECONDS_LEFT
    const ready: Channel[] = []
    for (const { party } of this.#parts.state.busyChannels()) {
      const { phase, ledger } = party
      if (phase.kind !== 'agreed' || isClosing(ledger) || this.#isSuspect(ledger.id)) continue
      if (phase.validUntil >= latest) ready.push(ledger)
    }
    return ready.sort((a, b) => a.number - b.number).slice(0, this.#closesMax)
  }

  /** Closes and liquidity never share a transaction: what is wrong with one must not stop the other. */
  async #build(): Promise<void> {
    if (this.#flight !== undefined || this.#building || this.#stopped) return
    this.#building = true
    let asked: readonly LiquidityRequest[] = []
    try {
      const closing = this.#ready()
      if (closing.length > 0 && (this.#requests.length === 0 || !this.#closedLast)) {
        this.#closedLast = true
        await this.#send(closing, [])
      } else {
        this.#closedLast = false
        const opens = this.#take('open', OPENS_PER_BATCH)
        const deposits = this.#take('deposit', DEPOSITS_PER_BATCH)
        asked = [...opens, ...deposits.filter((request) => this.#isStillFit(request))]
        if (asked.length > 0) await this.#send([], asked)
      }
    } catch (fault) {
      const isAway = fault instanceof LedgerError && fault.retryable
      if (!isAway) this.#parts.onFault(fault)
      // The ledger is away, and nothing was begun: the next block, or the next request, tries again.
      else this.#requests.unshift(...asked)
    } finally {
      this.#building = false
    }
    if (this.#flight === undefined && this.#requests.length > 0) this.gather()
  }

  /** A channel may have begun to close since the request was taken. */
  #isStillFit(request: LiquidityRequest): boolean {
    const refused = this.#checkRequest(request)
    if (refused !== undefined) request.answer(refused)
    return refused === undefined
  }

  #take(kind: LiquidityRequest['kind'], most: number): LiquidityRequest[] {
    const taken = this.#requests.filter((request) => request.kind === kind).slice(0, most)
    const left = this.#requests.filter((request) => !taken.includes(request))
    this.#requests.splice(0, this.#requests.length, ...left)
    return taken
  }

  async #send(closing: readonly Channel[], asked: readonly LiquidityRequest[]): Promise<void> {
    const { coins, signer, journal } = this.#parts
    const deposited = asked.flatMap((request) =>
      request.kind === 'deposit'
        ? (this.#parts.state.channel(request.channel)?.party.ledger ?? [])
        : [],
    )
    const built = await coins.build({
      operations: [...this.#closeOperations(closing), ...this.#liquidityOperations(asked)],
      channels: [...closing, ...deposited],
      signers: closing.length > 0 ? [signer] : [],
    })
    if (isRejection(built)) {
      for (const { answer } of asked) answer(reject('hub_out_of_funds', built.detail))
      return
    }
    const transaction = encode(transactionCodec, built.transaction)
    const job = { id: built.id, transaction }
    await journal.addJob(job)
    const ids = new Set(closing.map(({ id }) => id))
    this.#flight = { job, sentAt: this.#height, closing: ids }
    this.#report(this.#flight, 'submitted')
    const refused = await this.#submit(this.#flight)
    for (const { answer } of asked) answer(refused ?? built.id)
  }

  /** One operation per end of agreement; offers are rounded, so that few differ. */
  #closeOperations(closing: readonly Channel[]): Operation[] {
    const byEnd = new Map<Timestamp, OperationOf<'close'>['closes'][number][]>()
    for (const { id, number } of closing) {
      const party = this.#parts.state.channel(id)?.party
      const signed = party && agreementOf(party)
      if (signed === undefined) continue
      const { clientPayout, validUntil } = signed.agreement
      const close = { channel: number, clientPayout, signature: signed.signature }
      byEnd.set(validUntil, [...(byEnd.get(validUntil) ?? []), close])
    }
    return [...byEnd].map(([validUntil, closes]) => ({ kind: 'close', validUntil, closes }))
  }

  #liquidityOperations(asked: readonly LiquidityRequest[]): Operation[] {
    const { policy, signer, state } = this.#parts
    return asked.flatMap((request): Operation[] => {
      if (request.kind === 'open') {
        const { key, payoutLock, inbound } = request
        const client = { key, deposit: amount(0n), payoutLock }
        const hub = { key: signer.publicKey, deposit: inbound, payoutLock: policy.payoutLock }
        return [{ kind: 'open', asset: policy.asset, client, hub, terms: policy.terms }]
      }
      const channel = state.channel(request.channel)?.party.ledger.number
      return channel === undefined
        ? []
        : [{ kind: 'deposit', channel, role: 'hub', amount: request.amount }]
    })
  }

  /** A batch from before a restart: its coins stay promised until the ledger has decided. */
  #resume(job: LedgerJob): void {
    this.#parts.coins.reserve(decodeTrusted(transactionCodec, job.transaction))
    this.#flight = { job, sentAt: -RESEND_BLOCKS, closing: new Set() }
  }

  async #submit(flight: Flight): Promise<Rejection | undefined> {
    const refused = await this.#parts.ledger.submit(flight.job.transaction)
    if (refused !== undefined) await this.#land(flight, refused)
    return refused
  }

  /** Not in a block for long: the ledger may have lost it, refused it, or had it before we looked. */
  async #lookAfter(flight: Flight): Promise<void> {
    const status = await this.#parts.ledger.status(flight.job.id)
    if (status === 'included') await this.#land(flight, 'included')
    else if (status === 'unknown') {
      this.#flight = { ...flight, sentAt: this.#height }
      await this.#submit(this.#flight)
    } else if (isRejection(status)) await this.#land(flight, status)
  }

  async #land(flight: Flight, outcome: 'included' | Rejection): Promise<void> {
    await this.#parts.journal.removeJob(flight.job.id)
    this.#flight = undefined
    this.#report(flight, outcome)
    if (outcome !== 'included') {
      this.#parts.coins.release({
        transaction: decodeTrusted(transactionCodec, flight.job.transaction),
      })
      // One of them stands in the way: smaller batches find out which, and it is left behind.
      if (flight.closing.size === 1) this.#suspect(flight.closing)
      this.#closesMax = Math.max(1, Math.floor(Math.min(this.#closesMax, flight.closing.size) / 2))
    }
    if (this.#hasWork()) this.gather()
  }

  #suspect(channels: ReadonlySet<ChannelId>): void {
    for (const id of channels) this.#suspects.set(id, this.#height + SUSPECT_BLOCKS)
  }

  #isSuspect(channel: ChannelId): boolean {
    return (this.#suspects.get(channel) ?? 0) > this.#height
  }

  #report({ job }: Flight, outcome: BatchReport['outcome']): void {
    const { body } = decodeTrusted(transactionCodec, job.transaction)
    const count = (kind: Operation['kind']) =>
      body.operations.filter((op) => op.kind === kind).length
    const closes = body.operations.reduce(
      (sum, operation) => sum + (operation.kind === 'close' ? operation.closes.length : 0),
      0,
    )
    const bytes = job.transaction.length
    this.#parts.onBatch({
      txId: job.id,
      closes,
      opens: count('open'),
      deposits: count('deposit'),
      bytes,
      outcome,
    })
  }
}
