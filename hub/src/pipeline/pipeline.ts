import {
  type Anchor,
  type ChainId,
  type ChannelId,
  type HubPolicy,
  RESUME_NONCE_BYTES,
  type Signer,
  signEvidence,
  type Timestamp,
} from '@tallystick/protocol'
import { booksBalance } from '../core/balance-books.js'
import type { HubEffect } from '../core/hub-effect.js'
import { channelOfEvent, type LedgerEvent, type PeerEvent } from '../core/hub-event.js'
import type { HubState } from '../core/hub-state.js'
import { closeOffers, type HubContext, stepPeer } from '../core/hub-step.js'
import { HubOverlay } from '../core/hub-view.js'
import { stepLedger } from '../core/ledger-step.js'
import { anchorsIn } from '../core/resume-step.js'
import { draftedChannels, sealBatch } from '../core/seal-batch.js'
import type { Journal } from '../store/journal.js'

/** Events that one journal transaction takes at most; the next batch gathers meanwhile. */
const BATCH_EVENTS_MAX = 512

/** What a verified block means for the hub, in one piece. */
export type LedgerBatch = {
  /** Absent: not a block, but what the guard makes of one. */
  readonly height: number | undefined
  readonly time: Timestamp
  readonly events: readonly LedgerEvent[]
}

type Work =
  | { readonly kind: 'peer'; readonly event: PeerEvent; readonly done: () => void }
  | { readonly kind: 'ledger'; readonly batch: LedgerBatch; readonly done: () => void }

/** What the pipeline is built from; all of it is handed in. */
export type PipelineParts = {
  readonly chainId: ChainId
  readonly policy: HubPolicy
  readonly signer: Signer
  readonly journal: Pick<Journal, 'stored' | 'payments' | 'reveals' | 'commit'>
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

/**
 * The only loop of the hub: gather, decide, sign, store, act. Peers' events and ledger blocks never
 * share a batch, because a block may stop a channel from signing.
 */
export class Pipeline {
  readonly #parts: PipelineParts
  readonly #queue: Work[] = []
  #now: Timestamp
  #running = false
  #stopped = false

  constructor(parts: PipelineParts) {
    this.#parts = parts
    this.#now = parts.time
  }

  /** Ledger time of the newest block that was committed. */
  get now(): Timestamp {
    return this.#now
  }

  get queued(): number {
    return this.#queue.length
  }

  /** Takes a client's event; the promise is kept once its batch is durable or was refused. */
  peer(event: PeerEvent): Promise<void> {
    return new Promise((done) => this.#enqueue({ kind: 'peer', event, done }))
  }

  /** Takes a block; the promise is kept once its batch is durable. */
  ledger(batch: LedgerBatch): Promise<void> {
    return new Promise((done) => this.#enqueue({ kind: 'ledger', batch, done }))
  }

  /** Takes nothing more; what runs comes to its end, and what waits is never answered. */
  stop(): void {
    this.#stopped = true
    this.#queue.length = 0
  }

  #enqueue(work: Work): void {
    if (this.#stopped) return
    this.#queue.push(work)
    if (!this.#running) void this.#run()
  }

  async #run(): Promise<void> {
    this.#running = true
    try {
      while (this.#queue.length > 0 && !this.#stopped) await this.#runBatch(this.#takeBatch())
    } catch (fault) {
      this.stop()
      this.#parts.onFault(fault)
    } finally {
      this.#running = false
    }
  }

  #takeBatch(): readonly Work[] {
    const [first] = this.#queue
    if (first === undefined || first.kind === 'ledger') return this.#queue.splice(0, 1)
    const end = this.#queue.findIndex(({ kind }) => kind === 'ledger')
    const peers = end === -1 ? this.#queue.length : end
    return this.#queue.splice(0, Math.min(peers, BATCH_EVENTS_MAX))
  }

  async #runBatch(batch: readonly Work[]): Promise<void> {
    const { chainId, policy, signer, journal, perform, restoredTime, randomBytes } = this.#parts
    const { state } = journal.stored
    const anchors = [...anchorsOf(batch, state)]
    state.preload(await journal.payments(anchors), new Set(await journal.reveals(anchors)))
    const overlay = new HubOverlay(state)
    const effects: HubEffect[] = []
    const nonce = randomBytes(RESUME_NONCE_BYTES)
    const contextNow = (): HubContext => {
      return { chainId, policy, signer, nonce, restoredTime, now: this.#now }
    }
    let height: number | undefined
    for (const work of batch) {
      if (work.kind === 'ledger') {
        height = work.batch.height ?? height
        this.#now = work.batch.time
      }
      effects.push(...stepWork(overlay, work, contextNow()))
    }
    const { channels, digests } = draftedChannels(overlay, chainId)
    const signed = digests.length === 0 ? [] : signEvidence(chainId, signer, digests)
    effects.push(...sealBatch(overlay, channels, signed))
    booksBalance(state, overlay)
    const writes = overlay.writes()
    effects.push(...closeOffers(writes.channels.values(), contextNow()))
    if (writes.channels.size > 0 || writes.payments.size > 0 || height !== undefined) {
      await journal.commit(writes, height)
    }
    for (const effect of effects) perform(effect)
    for (const work of batch) work.done()
  }
}

function stepWork(state: HubOverlay, work: Work, context: HubContext): HubEffect[] {
  switch (work.kind) {
    case 'peer':
      return stepPeer(state, work.event, context)
    case 'ledger':
      return work.batch.events.flatMap((event) => stepLedger(state, event, context))
  }
}

/** The anchors whose payments the batch may look up. */
function anchorsOf(batch: readonly Work[], state: HubState): Set<Anchor> {
  const anchors = new Set<Anchor>()
  const addPending = (id: ChannelId) => {
    const party = state.channel(id)?.party
    for (const { anchor } of party?.own.items ?? []) anchors.add(anchor)
    for (const { anchor } of party?.peer.items ?? []) anchors.add(anchor)
    // An item that the hub has cancelled is named by the payer's, which is given back with it.
    if (party === undefined || party.cancelling.length === 0) return
    for (const { channel: payer, otherId } of state.channel(id)?.origin ?? []) {
      const { items } = state.channel(payer)?.party.peer ?? { items: [] }
      const item = items.find((other) => other.id === otherId)
      if (item !== undefined) anchors.add(item.anchor)
    }
  }
  for (const work of batch) {
    if (work.kind === 'ledger') {
      for (const event of work.batch.events) {
        if (event.kind === 'revealSeen') anchors.add(event.anchor)
      }
      for (const { party } of state.busyChannels()) addPending(party.ledger.id)
      continue
    }
    addPending(channelOfEvent(work.event))
    if (work.event.kind === 'resumeAnswered') {
      for (const anchor of anchorsIn(work.event.answer)) anchors.add(anchor)
    }
    if (work.event.kind !== 'update') continue
    for (const change of work.event.update.changes) {
      if (change.kind === 'add') anchors.add(change.anchor)
    }
  }
  return anchors
}
