import {
  type BlockSummary,
  type Clock,
  closingItems,
  finalizeTransaction,
  inTime,
  type LedgerAccess,
  LedgerError,
  revealLookupFor,
} from '@tallystick/client-sdk'
import {
  type Channel,
  isRejection,
  TIMESTAMP_MAX,
  type Timestamp,
  type TxId,
  timestamp,
} from '@tallystick/protocol'
import type { AppointmentRecord, RecordName } from '../core/appointment-record.js'
import { batchChallenges, type DueChallenge } from '../core/batch-challenges.js'
import { type Dispute, penalizingChallenge, weighDispute } from '../core/weigh-dispute.js'
import {
  BATCH_BYTES_MAX,
  BATCH_CHALLENGES_MAX,
  BATCH_COST_MAX,
  GATHER_MS,
  LOOK_MS_MAX,
  LOOKS_PARALLEL,
  RESEND_BLOCKS,
  SUBMIT_MS_MAX,
  SUBMITS_PARALLEL,
  SWEEP_BLOCKS,
} from '../limits.js'
import type { TowerStore } from '../store/tower-store.js'
import { Lanes } from './lanes.js'
import type { RecordIndex } from './record-index.js'
import type { TowerCoins } from './tower-coins.js'

/** What a tower did on the ledger, for its operator's log. */
export type WatchAct = {
  readonly act: 'challenge' | 'finalize' | 'over' | 'look' | 'coins'
  readonly channels: readonly number[]
  /** `done`, or the code of what was in the way. */
  readonly outcome: string
}

export type WatchParts = {
  readonly ledger: LedgerAccess
  readonly store: TowerStore
  readonly index: RecordIndex
  readonly coins: TowerCoins
  readonly clock: Clock
  readonly onAct: (act: WatchAct) => void
  /** The store has failed: the process must end. */
  readonly onFault: (fault: unknown) => void
}

/** When a record is looked at again though no block changes its channel. */
type Next = { readonly height: number; readonly time: Timestamp }
/** A channel that is closing, or whose state is to be looked at. */
type Concern = {
  readonly deadline: Timestamp
  readonly next: Next
  /** A transaction that it was part of was refused: it goes alone from now on. */
  readonly isRefused: boolean
  /** The transaction that challenges; absent: none is on its way. */
  readonly sent: TxId | undefined
}

const BOUNDS = { count: BATCH_CHALLENGES_MAX, cost: BATCH_COST_MAX, bytes: BATCH_BYTES_MAX }
const NEVER = Number.MAX_SAFE_INTEGER

/**
 * Looks at the channels that blocks change, and does what is owed (DSP-12). It keeps nothing but what
 * the store was told: which channels may be closing. Blocks are never kept waiting: looks and
 * transactions run beside them, bounded, each by itself and for a limited time.
 */
export class Watch {
  readonly #parts: WatchParts
  readonly #concerns = new Map<RecordName, Concern>()
  readonly #looking = new Set<RecordName>()
  /** Touched while they were looked at: looked at again. */
  readonly #again = new Set<RecordName>()
  /** The last block that changed the channel. */
  readonly #touched = new Map<RecordName, number>()
  /** What is about to be handed in. */
  readonly #underWay = new Set<RecordName>()
  readonly #looks = new Lanes(LOOKS_PARALLEL)
  readonly #submits = new Lanes(SUBMITS_PARALLEL)
  #ready: DueChallenge<RecordName>[] = []
  #cancelGathering: (() => void) | undefined
  #firstLooks: Set<RecordName>
  #height: number
  #time: Timestamp
  #caring = false
  #stopped = false

  /** `watched`: what may be closing, by the store; `height` and `time`: of the ledger now. */
  constructor(
    parts: WatchParts,
    start: {
      readonly watched: Iterable<RecordName>
      readonly height: number
      readonly time: Timestamp
    },
  ) {
    this.#parts = parts
    this.#height = start.height
    this.#time = start.time
    this.#firstLooks = new Set(start.watched)
    for (const name of this.#firstLooks) this.look(name)
  }

  /** Ledger time of the newest block. */
  get time(): Timestamp {
    return this.#time
  }

  get height(): number {
    return this.#height
  }

  /** Whether everything that may have happened before the start was looked at. */
  get isCaughtUp(): boolean {
    return this.#firstLooks.size === 0
  }

  /** Whether the channel of a record is closing, or may be. */
  concerns(name: RecordName): boolean {
    return this.#concerns.has(name)
  }

  /** Channels that are closing, or may be. */
  get disputes(): number {
    return this.#concerns.size
  }

  stop(): void {
    this.#stopped = true
    this.#cancelGathering?.()
  }

  /** Takes in a block: durable before the promise is kept, done beside it. */
  async meetBlock({ height, time, touched, closed, ids }: BlockSummary): Promise<void> {
    const { index, store, coins } = this.#parts
    // While old blocks are read again, proofs are of the newest state all the same.
    this.#height = Math.max(height, this.#height)
    if (time > this.#time) this.#time = time
    const names = index.of([...touched, ...closed])
    const isSweep = height % SWEEP_BLOCKS === 0
    for (const name of names) this.#touched.set(name, height)
    if (names.length > 0 || isSweep) {
      // What the store says was seen up to this height must not be forgotten by a crash.
      await store.watch(names, this.isCaughtUp ? height : undefined)
    }
    for (const name of names) this.look(name)
    if (isSweep) for (const name of index.expired(time)) this.look(name)
    for (const [name, { next }] of this.#concerns) {
      if (height >= next.height || time > next.time) this.look(name)
    }
    coins.noteIncluded(height, ids)
    if (!this.#caring) void this.#care(isSweep)
  }

  /** Looks at a record's channel as soon as there is a place for it. */
  look(name: RecordName): void {
    if (this.#stopped) return
    if (this.#looking.has(name)) {
      this.#again.add(name)
      return
    }
    this.#looking.add(name)
    this.#looks.add(this.#concerns.get(name)?.deadline ?? 0, async () => {
      try {
        await this.#lookAt(name)
        this.#firstLooks.delete(name)
      } catch (error) {
        this.#lookFailed(name, error)
      } finally {
        this.#looking.delete(name)
        if (this.#again.delete(name)) this.look(name)
        // Nobody comes to share a transaction any more.
        if (this.#looking.size === 0) this.#flush()
      }
    })
  }

  /** Money is seen to beside the blocks, one round at a time. */
  async #care(isSweep: boolean): Promise<void> {
    const { coins } = this.#parts
    this.#caring = true
    try {
      await coins.checkPending()
      if (isSweep && this.#submits.size === 0) {
        await coins.refresh()
        await coins.split()
      }
    } catch (error) {
      this.#report('coins', [], codeOf(error))
    }
    this.#caring = false
  }

  #lookFailed(name: RecordName, error: unknown): void {
    // What is under way when the tower stops finds its store closed; the next start looks again.
    if (this.#stopped) return
    if (isStoreFault(error)) return this.#parts.onFault(error)
    const number = this.#parts.index.get(name)?.number
    this.#report('look', number === undefined ? [] : [number], codeOf(error))
    this.#expect(name, { next: { height: this.#height + 1, time: NEVER_TIME } })
  }

  async #lookAt(name: RecordName): Promise<void> {
    const { ledger, store, index, clock } = this.#parts
    const record = (await store.records([name])).get(name)
    if (record === undefined) return void this.#concerns.delete(name)
    const { number } = record.channel
    const seen = await inTime(clock, LOOK_MS_MAX, async (signal) => {
      const { value, header } = await ledger.channel(number, signal)
      const seenAt = header.height
      return seenAt < (this.#touched.get(name) ?? 0)
        ? undefined
        : { seenAt, dispute: await this.#weigh(record, value, signal) }
    })
    if (seen === undefined) return void this.#again.add(name)
    const { seenAt, dispute } = seen
    switch (dispute.kind) {
      case 'over':
        await store.write({ put: [], remove: [name] })
        index.remove(name)
        this.#concerns.delete(name)
        this.#touched.delete(name)
        return this.#report('over', [number], 'done')
      case 'quiet':
        this.#concerns.delete(name)
        if ((this.#touched.get(name) ?? 0) > seenAt) return
        this.#touched.delete(name)
        return store.unwatch(name)
      case 'waiting': {
        // Past its end it waits for an expiry, which no block has to touch it for.
        const isPast = this.#time > dispute.deadline
        const time = isPast ? timestamp(this.#time + PENDING_SECONDS) : dispute.deadline
        const { deadline } = dispute
        return this.#expect(name, { deadline, next: { height: NEVER, time }, sent: undefined })
      }
      case 'challenge': {
        const { deadline, operation } = dispute
        const { sent, isRefused = false } = this.#concerns.get(name) ?? {}
        this.#expectSoon(name, deadline)
        const isOnItsWay = sent !== undefined && this.#parts.coins.isPending(sent)
        if (isOnItsWay || this.#underWay.has(name)) return
        this.#underWay.add(name)
        this.#ready.push({ name, deadline, operation, isRepeated: isRefused })
        return this.#gather()
      }
      case 'finalize': {
        this.#expectSoon(name, undefined)
        if (this.#underWay.has(name)) return
        this.#underWay.add(name)
        const transaction = finalizeTransaction(number, dispute.part)
        // It can wait for ever: no challenge waits for it.
        return this.#submits.add(NEVER, () =>
          this.#attempt('finalize', [name], [number], () =>
            inTime(clock, SUBMIT_MS_MAX, (signal) => ledger.submit(transaction, signal)),
          ),
        )
      }
    }
  }

  /** Old states are answered without asking what is revealed; the rest needs to know. */
  async #weigh(
    record: AppointmentRecord,
    channel: Channel | undefined,
    signal: AbortSignal,
  ): Promise<Dispute> {
    const { ledger } = this.#parts
    const [chainId, now] = [ledger.chainId, this.#time]
    const penalizing =
      channel === undefined ? undefined : penalizingChallenge(record, channel, { chainId, now })
    if (penalizing !== undefined) return penalizing
    const { proof, own } = record.entrusted
    const held = [...(proof?.lane.items ?? []), ...(own?.lane.items ?? [])]
    const items = channel === undefined ? [] : closingItems({ ledger: channel })
    const isClosing = channel?.status.kind === 'closing'
    const revealedBy = await revealLookupFor(ledger, isClosing ? [...items, ...held] : [], signal)
    return weighDispute(record, channel, { chainId, now, revealedBy })
  }

  /** Until the ledger shows it, it is done again: silence is looked into in a few blocks. */
  #expectSoon(name: RecordName, deadline: Timestamp | undefined): void {
    const next = { height: this.#height + RESEND_BLOCKS, time: NEVER_TIME }
    this.#expect(name, deadline === undefined ? { next } : { next, deadline })
  }

  #expect(name: RecordName, change: Partial<Concern> & Pick<Concern, 'next'>): void {
    const before = this.#concerns.get(name) ?? {
      ...{ deadline: timestamp(0), isRefused: false, sent: undefined },
    }
    this.#concerns.set(name, { ...before, ...change })
  }

  #gather(): void {
    if (this.#ready.length >= BATCH_CHALLENGES_MAX) return this.#flush()
    this.#cancelGathering ??= this.#parts.clock.after(GATHER_MS, () => this.#flush())
  }

  #flush(): void {
    this.#cancelGathering?.()
    this.#cancelGathering = undefined
    const due = this.#ready
    this.#ready = []
    for (const batch of batchChallenges(due, BOUNDS)) {
      const names = batch.map(({ name }) => name)
      const operations = batch.map(({ operation }) => operation)
      const numbers = operations.map(({ channel }) => channel)
      const [first] = batch
      this.#submits.add(first?.deadline ?? 0, () =>
        this.#attempt('challenge', names, numbers, async () => {
          const spent = await this.#parts.coins.spend(operations)
          if (isRejection(spent)) throw new LedgerError({ ...spent, retryable: true })
          return spent.id
        }),
      )
    }
  }

  async #attempt(
    act: 'challenge' | 'finalize',
    names: readonly RecordName[],
    numbers: readonly number[],
    submit: () => Promise<TxId>,
  ): Promise<void> {
    try {
      const sent = await submit()
      for (const name of names) {
        this.#underWay.delete(name)
        this.#noteSent(name, sent)
      }
      this.#report(act, numbers, 'done')
    } catch (error) {
      this.#report(act, numbers, codeOf(error))
      const isRefused = error instanceof LedgerError && !error.retryable && !isOfMoney(error)
      // One of many has spoilt it for all: each goes alone, and now. Alone, the next block may help.
      const isSpoilt = isRefused && names.length > 1
      const next = { height: this.#height + 1, time: NEVER_TIME }
      for (const name of names) {
        this.#underWay.delete(name)
        this.#expect(name, isRefused ? { next, isRefused } : { next })
        if (isSpoilt) this.look(name)
      }
    }
  }

  #noteSent(name: RecordName, sent: TxId): void {
    const concern = this.#concerns.get(name)
    if (concern !== undefined) this.#concerns.set(name, { ...concern, sent })
  }

  #report(act: WatchAct['act'], channels: readonly number[], outcome: string): void {
    this.#parts.onAct({ act, channels, outcome })
  }
}

/** Between two looks at a dispute that is past its window and waits for an expiry, seconds. */
const PENDING_SECONDS = 30
/** Later than any block. */
const NEVER_TIME = TIMESTAMP_MAX

function codeOf(error: unknown): string {
  return error instanceof LedgerError ? error.code : 'ledger_unreachable'
}

/** Whether our own coins were in the way, rather than what is to be done. */
function isOfMoney({ code }: LedgerError): boolean {
  return code === 'coin_missing'
}

function isStoreFault(error: unknown): boolean {
  return error instanceof Error && error.name === 'StoreFault'
}
