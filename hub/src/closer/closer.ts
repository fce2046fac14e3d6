import {
  type BuildRejection,
  type BuiltTransaction,
  type Clock,
  type KeyCoins,
  LedgerError,
} from '@tallystick/client-sdk'
import {
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
  type Operation,
  type OperationOf,
  type Rejection,
  reject,
  type Signer,
  type Timestamp,
  type TxId,
  timestamp,
  transactionCodec,
} from '@tallystick/protocol'
import type { HubState } from '../core/hub-state.js'
import type { Journal, LedgerJob } from '../store/journal.js'
import type { LedgerPort } from './ledger-port.js'
import { LiquidityQueue } from './liquidity-queue.js'
import { type LiquidityRequest, unfitRequest } from './liquidity-request.js'
import { nextWork, type Work } from './next-work.js'
import { pendingWithdrawals, withdrawOperations } from './pending-withdrawals.js'
import { withinFunds } from './within-funds.js'

/** Bounds of one batch transaction; together they stay below its size limit. */
const CLOSES_PER_BATCH = 2_500
const REQUESTS_PER_BATCH = 400
/** Blocks after which a batch that is nowhere is sent again. */
const RESEND_BLOCKS = 3
/** Blocks for which a channel is left out after its close was refused. */
const SUSPECT_BLOCKS = 10
/** An agreement that ends sooner than this is left alone: the batch might come too late. */
const AGREEMENT_SECONDS_LEFT = 10

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
  readonly clock: Clock
  readonly now: () => Timestamp
  readonly onFault: (fault: unknown) => void
  readonly onBatch: (batch: BatchReport) => void
}

/** What the closer did, for logs and metrics. */
export type BatchReport = {
  readonly txId: TxId
  readonly closes: number
  readonly withdrawals: number
  readonly opens: number
  readonly deposits: number
  readonly bytes: number
  readonly outcome: 'submitted' | 'included' | Rejection
}

type Flight = {
  readonly job: LedgerJob
  readonly sentAt: number
  readonly closing: ReadonlySet<ChannelId>
  /** Who is answered once the ledger has it. */
  readonly asked: readonly LiquidityRequest[]
}

/**
 * Gathers cooperative closes, openings and deposits into batches: one transaction at a time, in the
 * journal before it is sent, followed until the ledger has decided about it.
 */
export class Closer {
  readonly #parts: CloserParts
  readonly #requests = new LiquidityQueue()
  #flight: Flight | undefined
  #cancelGathering: (() => void) | undefined
  #height = 0
  /** Channels whose close the ledger refused when it stood alone, and the height to try again at. */
  readonly #suspects = new Map<ChannelId, number>()
  #closesMax = CLOSES_PER_BATCH
  #requestsMax = REQUESTS_PER_BATCH
  /** What the batch before was made of: the others come first now. */
  #last: Work = 'liquidity'
  #building = false
  /** Whether the ledger is being asked what became of the batch. */
  #asking = false
  #stopped = false

  constructor(parts: CloserParts, jobs: readonly LedgerJob[]) {
    this.#parts = parts
    const [job] = jobs
    if (job !== undefined) this.#resume(job)
  }

  /** Takes a request into the next batch; refused at once when it can never be granted. */
  request(request: LiquidityRequest): void {
    const refused =
      this.#requests.refusal(request.client) ?? this.#unfit(request, this.#requests.open)
    if (refused !== undefined) return request.answer(refused)
    this.#requests.add(request)
    this.gather()
  }

  /** Something is ready: a batch is built when the gathering time is over. */
  gather(): void {
    if (this.#stopped) return
    const { clock, gatherMs } = this.#parts
    this.#cancelGathering ??= clock.after(gatherMs, () => {
      this.#cancelGathering = undefined
      void this.#build()
    })
  }

  /**
   * A block was committed: what it holds of ours is done. May be called again before the promise is kept:
   * a ledger that does not answer about one batch holds up nobody.
   */
  async meetBlock(height: number, ids: ReadonlySet<TxId>): Promise<void> {
    this.#height = height
    const flight = this.#flight
    if (flight === undefined) {
      if (this.#hasWork()) this.gather()
    } else if (ids.has(flight.job.id)) {
      await this.#land(flight, 'included')
    } else if (!this.#asking && height - flight.sentAt >= RESEND_BLOCKS) {
      this.#asking = true
      try {
        await this.#lookAfter(flight)
      } catch (fault) {
        // The ledger is away: a later block asks again.
        if (!isAway(fault)) throw fault
      } finally {
        this.#asking = false
      }
    }
  }

  stop(): void {
    this.#stopped = true
    this.#cancelGathering?.()
  }

  #unfit(request: LiquidityRequest, others: readonly LiquidityRequest[]): Rejection | undefined {
    const { policy, state, signer } = this.#parts
    return unfitRequest(request, others, { policy, state, key: signer.publicKey })
  }

  #hasWork(): boolean {
    return this.#requests.isWaiting || this.#ready().length > 0 || this.#withdrawing().length > 0
  }

  #withdrawing(): Channel[] {
    const latest = timestamp(this.#parts.now() + AGREEMENT_SECONDS_LEFT)
    return this.#inOrder(pendingWithdrawals(this.#parts.state, latest))
  }

  /** Channels whose agreement may still be used. */
  #ready(): Channel[] {
    const latest = this.#parts.now() + AGREEMENT_SECONDS_LEFT
    const ready: Channel[] = []
    for (const { party } of this.#parts.state.busyChannels()) {
      const { phase, ledger } = party
      if (phase.kind !== 'agreed' || isClosing(ledger)) continue
      if (phase.validUntil >= latest) ready.push(ledger)
    }
    return this.#inOrder(ready)
  }

  #inOrder(ready: readonly Channel[]): Channel[] {
    return ready
      .filter(({ id }) => !this.#isSuspect(id))
      .sort((a, b) => a.number - b.number)
      .slice(0, this.#closesMax)
  }

  /** Kinds of work never share a transaction: what is wrong with one must not stop the others. */
  async #build(): Promise<void> {
    if (this.#flight !== undefined || this.#building || this.#stopped) return
    this.#building = true
    try {
      const [closing, withdrawing] = [this.#ready(), this.#withdrawing()]
      this.#last = nextWork(this.#last, {
        closes: closing.length > 0,
        withdrawals: withdrawing.length > 0,
        liquidity: this.#requests.isWaiting,
      })
      if (this.#last === 'closes') await this.#sendAgreed(closing, this.#closeOperations(closing))
      else if (this.#last === 'withdrawals') {
        const operations = withdrawOperations(this.#parts.state, withdrawing)
        await this.#sendAgreed(withdrawing, operations)
      } else await this.#sendLiquidity(this.#takeFit())
    } catch (fault) {
      // The ledger is away, and nothing was begun: the next block, or the next request, tries again.
      if (!isAway(fault)) this.#parts.onFault(fault)
    } finally {
      this.#building = false
    }
    if (this.#flight === undefined && this.#requests.isWaiting) this.gather()
  }

  /** The next requests. What has become unfit while it waited is refused by itself. */
  #takeFit(): readonly LiquidityRequest[] {
    const fit: LiquidityRequest[] = []
    for (const request of this.#requests.take(this.#requestsMax)) {
      const refused = this.#unfit(request, fit)
      if (refused === undefined) fit.push(request)
      else this.#requests.answer([request], refused)
    }
    return fit
  }

  /** What clients have agreed to: the hub's key signs all of it at once. */
  async #sendAgreed(closing: readonly Channel[], operations: readonly Operation[]): Promise<void> {
    const { coins, signer } = this.#parts
    const built = await coins.build({ operations, channels: closing, signers: [signer] })
    if (!isRejection(built)) return this.#send(built, { closing, asked: [] })
    // Too large, or it releases less than its fee: a smaller one, or one of others, may do.
    this.#closesMax = Math.max(1, Math.floor(closing.length / 2))
    if (closing.length === 1) this.#suspect(new Set(closing.map(({ id }) => id)))
  }

  /** What the funds do not cover is refused or waits by itself; the rest is served. */
  async #sendLiquidity(asked: readonly LiquidityRequest[]): Promise<void> {
    let batch = asked
    try {
      while (batch.length > 0) {
        const built = await this.#parts.coins.build({
          operations: this.#liquidityOperations(batch),
          channels: this.#depositedChannels(batch),
        })
        if (!isRejection(built)) {
          await this.#send(built, { closing: [], asked: batch })
          return
        }
        const { now, later, never } = shareOf(batch, built)
        const refused = reject('hub_out_of_funds', 'the hub has no coins for this; ask again later')
        this.#requests.answer(never, refused)
        this.#requests.putBack(later)
        batch = now
      }
    } catch (fault) {
      this.#requests.putBack(this.#flight === undefined ? batch : [])
      throw fault
    }
  }

  #depositedChannels(asked: readonly LiquidityRequest[]): Channel[] {
    return asked.flatMap((request) =>
      request.kind === 'deposit'
        ? (this.#parts.state.channel(request.channel)?.party.ledger ?? [])
        : [],
    )
  }

  async #send(
    built: BuiltTransaction,
    { closing, asked }: { closing: readonly Channel[]; asked: readonly LiquidityRequest[] },
  ): Promise<void> {
    const job = { id: built.id, transaction: encode(transactionCodec, built.transaction) }
    await this.#parts.journal.addJob(job)
    const ids = new Set(closing.map(({ id }) => id))
    this.#flight = { job, sentAt: this.#height, closing: ids, asked }
    this.#report(this.#flight, 'submitted')
    await this.#submit(this.#flight)
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
    this.#flight = { job, sentAt: -RESEND_BLOCKS, closing: new Set(), asked: [] }
  }

  async #submit(flight: Flight): Promise<void> {
    const refused = await this.#parts.ledger.submit(flight.job.transaction)
    if (refused !== undefined) await this.#land(flight, refused)
  }

  /** Not in a block for long: the ledger may have lost it, refused it, or had it before we looked. */
  async #lookAfter(flight: Flight): Promise<void> {
    const status = await this.#parts.ledger.status(flight.job.id)
    if (status === 'included') await this.#land(flight, 'included')
    else if (status === 'unknown') {
      if (this.#flight?.job.id !== flight.job.id) return
      this.#flight = { ...flight, sentAt: this.#height }
      await this.#submit(this.#flight)
    } else if (isRejection(status)) await this.#land(flight, status)
  }

  async #land(flight: Flight, outcome: 'included' | Rejection): Promise<void> {
    // A block may have brought it while the ledger was asked.
    if (this.#flight?.job.id !== flight.job.id) return
    this.#flight = undefined
    await this.#parts.journal.removeJob(flight.job.id)
    this.#report(flight, outcome)
    if (isRejection(outcome)) this.#meetRefusal(flight, outcome)
    else {
      this.#requests.answer(flight.asked, flight.job.id)
      this.#closesMax = Math.min(CLOSES_PER_BATCH, 2 * this.#closesMax)
      this.#requestsMax = Math.min(REQUESTS_PER_BATCH, 2 * this.#requestsMax)
    }
    if (this.#hasWork()) this.gather()
  }

  /** One of them stands in the way: smaller batches find out which, and it alone is left behind. */
  #meetRefusal({ job, closing, asked }: Flight, refusal: Rejection): void {
    this.#parts.coins.release({ transaction: decodeTrusted(transactionCodec, job.transaction) })
    if (closing.size === 1) this.#suspect(closing)
    if (closing.size > 0) this.#closesMax = Math.max(1, Math.floor(closing.size / 2))
    if (asked.length > 0) this.#requestsMax = Math.max(1, Math.floor(asked.length / 2))
    if (asked.length === 1) this.#requests.answer(asked, refusal)
    else this.#requests.putBack(asked)
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
    let [closes, withdrawals] = [0, 0]
    for (const operation of body.operations) {
      if (operation.kind === 'close') closes += operation.closes.length
      if (operation.kind === 'withdraw') withdrawals += operation.withdrawals.length
    }
    const bytes = job.transaction.length
    this.#parts.onBatch({
      txId: job.id,
      closes,
      withdrawals,
      opens: count('open'),
      deposits: count('deposit'),
      bytes,
      outcome,
    })
  }
}

function isAway(fault: unknown): boolean {
  return fault instanceof LedgerError && fault.retryable
}

/** What of a batch that could not be built is tried now; a single one that cannot never is. */
function shareOf(batch: readonly LiquidityRequest[], refused: BuildRejection) {
  if (batch.length === 1) return { now: [], later: [], never: batch }
  if (refused.code === 'insufficient_funds') return withinFunds(batch, refused)
  const half = Math.floor(batch.length / 2)
  return { now: batch.slice(0, half), later: batch.slice(half), never: [] }
}
