import {
  type Anchor,
  type ChainId,
  type EvidenceCheck,
  type HubPolicy,
  type PublicKey,
  RESUME_NONCE_BYTES,
  type Signer,
  signEvidence,
  type Timestamp,
  verifyEvidence,
} from '@tallystick/protocol'
import { booksBalance } from '../core/balance-books.js'
import type { HubEffect } from '../core/hub-effect.js'
import { channelOfEvent, type LedgerEvent, type PeerEvent } from '../core/hub-event.js'
import { closeOffers, type HubContext } from '../core/hub-step.js'
import { HubOverlay } from '../core/hub-view.js'
import { stepLedger } from '../core/ledger-step.js'
import type { Payment } from '../core/payment.js'
import { type DraftedChannels, draftedChannels, sealBatch } from '../core/seal-batch.js'
import { stepBatch } from '../core/step-batch.js'
import type { Journal } from '../store/journal.js'
import { type BatchLookups, lookupsOfBlock, lookupsOfPeers } from './batch-lookups.js'
import { FairQueue } from './fair-queue.js'
import { ProofChecks, type VerifySignatures } from './proof-checks.js'

/** Events that one journal transaction takes at most; the next batch gathers meanwhile. */
const BATCH_EVENTS_MAX = 1_024
/** So few proofs are checked at once where they are: to ask a worker takes as long. */
const CHECKS_HERE_MAX = 2
/** A batch of fewer would grow while the one before is stored, and cost less by the event. */
const AHEAD_EVENTS_MIN = 384

/** What a verified block means for the hub, in one piece. */
export type LedgerBatch = {
  /** Absent: not a block, but what the guard makes of one. */
  readonly height: number | undefined
  readonly time: Timestamp
  readonly events: readonly LedgerEvent[]
}

type Waiting<Said> = { readonly said: Said; readonly done: () => void }

/** What the pipeline is built from; all of it is handed in. */
export type PipelineParts = {
  readonly chainId: ChainId
  readonly policy: HubPolicy
  readonly signer: Signer
  readonly journal: Pick<Journal, 'stored' | 'payments' | 'reveals' | 'commit'>
  /** Checks the signatures of a batch beside the main thread. */
  readonly verify: VerifySignatures
  /** Events from which on a batch is decided while the one before is stored; absent: 384. */
  readonly aheadEventsMin?: number | undefined
  /** Called with the effects of a batch, only after the batch is durable. */
  readonly perform: (effect: HubEffect) => void
  /** Called once when a commit failed: nothing may be signed any more, the process must end. */
  readonly onFault: (fault: unknown) => void
  /** Ledger time to start from. */
  readonly time: Timestamp
  /** Ledger time of the last time that the journal was a restored copy; absent: never. */
  readonly restoredTime: Timestamp | undefined
  /** Fresh secret bytes. */
  readonly randomBytes: (length: number) => Uint8Array
}

/** A batch as the core has decided it; nothing of it is signed yet. */
type Decided = {
  readonly overlay: HubOverlay
  readonly effects: HubEffect[]
  readonly drafted: DraftedChannels
}

/** What the journal was asked for a batch, as it stood then. */
type LookedUp = {
  readonly payments: readonly Payment[]
  readonly reveals: ReadonlySet<Anchor>
  /** Those of the payments that the journal has found. */
  readonly found: readonly Payment[]
}

/** Clients' events that share a batch, and what was looked up for it. */
type Gathered = {
  readonly waiting: readonly Waiting<PeerEvent>[]
  readonly lookedUp: Promise<LookedUp>
  /** The batch that they are decided on top of, and when it is durable; absent: none is under way. */
  readonly below: HubOverlay | undefined
  readonly belowDone: Promise<void> | undefined
}

/**
 * The only loop of the hub: gather, decide, verify, sign, store, act. While a batch is stored the next is
 * decided on top of it, if enough waits by then; it is signed only when the one below is durable. Peers'
 * events and ledger blocks never share a batch, because a block may stop a channel from signing; blocks go
 * before whatever is not gathered yet.
 */
export class Pipeline {
  readonly #parts: PipelineParts
  readonly #peers = new FairQueue<unknown, Waiting<PeerEvent>>()
  readonly #blocks: Waiting<LedgerBatch>[] = []
  #now: Timestamp
  /** What runs; absent: nothing does. */
  #running: Promise<void> | undefined
  #stopped = false

  constructor(parts: PipelineParts) {
    this.#parts = parts
    this.#now = parts.time
  }

  /** Ledger time of the newest block that was committed. */
  get now(): Timestamp {
    return this.#now
  }

  /** Events of clients and blocks that wait for their batch. */
  get queued(): number {
    return this.#peers.size + this.#blocks.length
  }

  /**
   * Takes a client's event; the promise is kept once its batch is durable or was refused. Clients take
   * turns: `client` tells them apart.
   */
  peer(event: PeerEvent, client: unknown = channelOfEvent(event)): Promise<void> {
    return new Promise((done) => {
      if (this.#stopped) return
      this.#peers.push(client, { said: event, done })
      this.#start()
    })
  }

  /** Takes a block; the promise is kept once its batch is durable. */
  ledger(batch: LedgerBatch): Promise<void> {
    return new Promise((done) => {
      if (this.#stopped) return
      this.#blocks.push({ said: batch, done })
      this.#start()
    })
  }

  /** Takes nothing more; what runs comes to its end, and what waits is never answered. */
  stop(): void {
    this.#stopped = true
    this.#peers.clear()
    this.#blocks.length = 0
  }

  /** Kept once nothing runs any more. */
  async ended(): Promise<void> {
    await this.#running
  }

  #start(): void {
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    // What one frame says shares a batch.
    await Promise.resolve()
    let next: Gathered | undefined
    try {
      while ((next !== undefined || this.queued > 0) && !this.#stopped) {
        const block = next === undefined ? this.#blocks.shift() : undefined
        if (block !== undefined) await this.#runBlock(block)
        else next = await this.#runPeers(next ?? this.#gather())
      }
      // Not waited for otherwise: what came meanwhile would start nothing.
      if (next !== undefined) await next.belowDone
    } catch (fault) {
      this.stop()
      this.#parts.onFault(fault)
    } finally {
      this.#running = undefined
    }
  }

  async #runBlock({ said, done }: Waiting<LedgerBatch>): Promise<void> {
    const { state } = this.#parts.journal.stored
    this.#layOut(await this.#lookUp(lookupsOfBlock(said.events, state)))
    const context = this.#context(said.time, verifyEvidence)
    const overlay = new HubOverlay(state)
    const effects = said.events.flatMap((event) => stepLedger(overlay, event, context))
    const drafted = draftedChannels(overlay, context.chainId)
    await this.#conclude({ overlay, effects, drafted }, context, said.height)
    this.#now = said.time
    this.#act(effects, [done])
  }

  /** `below`: a batch that is about to be stored, with everything before it stored. */
  #gather(below?: HubOverlay, belowDone?: Promise<void>): Gathered {
    const waiting = this.#peers.take(BATCH_EVENTS_MAX)
    const events = waiting.map(({ said }) => said)
    const { state } = this.#parts.journal.stored
    const lookedUp = this.#lookUp(lookupsOfPeers(events, state, below))
    // A fault is met where it is waited for.
    lookedUp.catch(() => undefined)
    return { waiting, lookedUp, below, belowDone }
  }

  /** Kept once the batch is durable; or earlier, with the next one, which goes on meanwhile. */
  async #runPeers({
    waiting,
    lookedUp,
    below,
    belowDone,
  }: Gathered): Promise<Gathered | undefined> {
    this.#layOut(await lookedUp)
    const context = this.#context(this.#now, verifyEvidence)
    const events = waiting.map(({ said }) => said)
    const decided = await this.#decide(events, context, below)
    // Nothing is signed on top of what may still fail.
    await belowDone
    // Asked before this batch is stored: the journal does one thing after the other.
    const next = this.#isWorthDeciding() ? this.#gather(decided.overlay) : undefined
    const done = this.#conclude(decided, context, undefined).then(() =>
      this.#act(
        decided.effects,
        waiting.map((one) => one.done),
      ),
    )
    if (next === undefined) {
      await done
      return undefined
    }
    done.catch(() => undefined)
    return { ...next, belowDone: done }
  }

  /** Whether the next batch is decided while this one is stored. */
  #isWorthDeciding(): boolean {
    const { aheadEventsMin = AHEAD_EVENTS_MIN } = this.#parts
    return !this.#stopped && this.#blocks.length === 0 && this.#peers.size >= aheadEventsMin
  }

  async #decide(
    events: readonly PeerEvent[],
    context: HubContext,
    below: HubOverlay | undefined,
  ): Promise<Decided> {
    const { state } = this.#parts.journal.stored
    const decideWith = (verify: EvidenceCheck, isEach: (client: PublicKey) => boolean) => {
      const overlay = new HubOverlay(state, below)
      return { overlay, ...stepBatch(overlay, events, { ...context, verify }, isEach) }
    }
    const withDrafts = (stepped: Omit<Decided, 'drafted'>): Decided => {
      return { ...stepped, drafted: draftedChannels(stepped.overlay, context.chainId) }
    }
    const all = () => true
    const proofs = events.reduce((count, { kind }) => count + (kind === 'update' ? 1 : 0), 0)
    if (proofs <= CHECKS_HERE_MAX) return withDrafts(decideWith(verifyEvidence, all))
    const checks = new ProofChecks(this.#parts.verify)
    const stepped = decideWith(checks.assumed, () => false)
    const failed = checks.failed()
    // While the workers are still at the clients' signatures.
    const decided = withDrafts(stepped)
    const liars = new Set([...stepped.unsigned, ...(await failed)])
    if (liars.size === 0) return decided
    // Each of their proofs, by the workers as well: what they say costs nobody else the main thread.
    const isLiar = (client: PublicKey) => liars.has(client)
    decideWith(checks.assumed, isLiar)
    await checks.failed()
    const heard = decideWith(checks.heard, isLiar)
    if (heard.unsigned.size === 0) return withDrafts(heard)
    // What one of them did not pay may have been spent by another, whose last proof is another one now.
    decideWith(checks.assumed, all)
    await checks.failed()
    return withDrafts(decideWith(checks.heard, all))
  }

  /** Signs what is drafted and stores the batch: all of it or nothing. */
  async #conclude(
    { overlay, effects, drafted: { channels, digests } }: Decided,
    context: HubContext,
    height: number | undefined,
  ): Promise<void> {
    const { journal, signer, chainId } = this.#parts
    const signed = digests.length === 0 ? [] : signEvidence(chainId, signer, digests)
    effects.push(...sealBatch(overlay, channels, signed))
    booksBalance(journal.stored.state, overlay)
    const writes = overlay.writes()
    effects.push(...closeOffers(writes.channels.values(), context))
    if (writes.channels.size > 0 || writes.payments.size > 0 || height !== undefined) {
      await journal.commit(writes, height)
    }
  }

  #act(effects: readonly HubEffect[], done: readonly (() => void)[]): void {
    for (const effect of effects) this.#parts.perform(effect)
    for (const tell of done) tell()
  }

  #context(now: Timestamp, verify: EvidenceCheck): HubContext {
    const { chainId, policy, signer, restoredTime, randomBytes } = this.#parts
    const nonce = randomBytes(RESUME_NONCE_BYTES)
    return { chainId, policy, signer, nonce, restoredTime, now, verify }
  }

  async #lookUp({ ended, payments, reveals }: BatchLookups): Promise<LookedUp> {
    const { journal } = this.#parts
    const [found, shown] = await Promise.all([
      payments.length === 0 ? [] : journal.payments(payments),
      reveals.length === 0 ? [] : journal.reveals(reveals),
    ])
    return { payments: [...ended, ...found], reveals: new Set(shown), found }
  }

  /** Lays out what the batch may ask about that is decided now. */
  #layOut({ payments, reveals, found }: LookedUp): void {
    const { state } = this.#parts.journal.stored
    state.keep(found)
    state.preload(payments, reveals)
  }
}
