import {
  type ChannelParty,
  isRejection,
  type Rejection,
  type Reveal,
  type RevealLookup,
  type Signer,
  type Timestamp,
  type TxId,
} from '@tallystick/protocol'
import { type Clock, PROCESS_CLOCK } from '../clock.js'
import { finalizeTransaction } from '../ledger/finalize-transaction.js'
import { inTime } from '../ledger/in-time.js'
import type { LedgerAccess } from '../ledger/ledger-access.js'
import { LedgerError } from '../ledger/ledger-error.js'
import { type Duty, dutiesOf, forceCloseOperation } from './duties.js'
import { type Deed, GuardPayments, type GuardPaymentsParts } from './guard-payments.js'

/** Blocks after which a duty that is still due is sent again. */
const RESEND_BLOCKS = 3
/** Transactions that are handed in at a time: as many as a node takes of one address without queueing. */
const PARALLEL_TASKS = 16
/** Claims of open channels in one transaction: a small part of what one may have and cost. */
const CLAIMS_MAX = 32
/** Until a duty gives its place to the next, milliseconds: a node takes a transaction in a few. */
const TASK_MS_MAX = 5_000

/** A channel to be guarded. */
export type Guarded = {
  readonly party: ChannelParty
  /** The owner's channel key. */
  readonly signer: Signer
  /** Whether it may close the channel by itself. */
  readonly mayLeave: boolean
  /** Whether a force close of the owner's vouches for nothing: the hub says that data was lost, or others sign, too (CH-19). */
  readonly unsure: boolean
}

export type GuardParts = GuardPaymentsParts & {
  readonly ledger: LedgerAccess
  /** Called before a force close is sent: from here on the owner signs nothing on the channel. */
  readonly beforeForceClose: (party: ChannelParty) => Promise<ChannelParty>
  readonly onAct: (act: GuardAct) => void
  /** Absent: that of the process. */
  readonly clock?: Clock
}

/** What the guard did, for the owner's log. */
export type GuardAct = {
  readonly duty: Duty['kind'] | 'forceClose'
  readonly channel: number
  readonly outcome: TxId | Rejection
}

type DueDuty = {
  readonly name: string
  readonly duty: Duty
  readonly guarded: Guarded
  /** All links that have to be made public for the channel. */
  readonly reveals: readonly Reveal[]
}
/** What one transaction does: one duty, or claims of open channels together. */
type Task = readonly [DueDuty, ...DueDuty[]]

/**
 * Does what the ledger asks of an owner in time (DSP-8): each duty by itself, the nearest deadline
 * first, and one that fails or hangs holds up no other. It keeps nothing: whatever is still due at a
 * later block is done then, also after any downtime.
 */
export class GuardLoop {
  readonly #parts: GuardParts
  readonly #clock: Clock
  readonly #payments: GuardPayments
  /** Heights at which duties were sent. */
  readonly #sent = new Map<string, number>()
  /** What was not begun yet of the newest block's duties, the nearest deadline first. */
  #queue: Task[] = []
  #lanes = 0

  constructor(parts: GuardParts) {
    this.#parts = parts
    this.#clock = parts.clock ?? PROCESS_CLOCK
    this.#payments = new GuardPayments(parts)
  }

  /**
   * Acts on every duty of the channels at one block; kept once what it has begun is done. What is
   * left of an earlier block is weighed afresh, so a later call need not wait for this one.
   */
  async act(
    channels: Iterable<Guarded>,
    {
      height,
      now,
      revealedBy,
    }: { readonly height: number; readonly now: Timestamp; readonly revealedBy: RevealLookup },
  ): Promise<void> {
    for (const [name, sentAt] of this.#sent) {
      if (height - sentAt >= RESEND_BLOCKS) this.#sent.delete(name)
    }
    const due: DueDuty[] = []
    for (const guarded of channels) {
      const { party } = guarded
      const duties = dutiesOf(party, this.#parts.ledger.chainId, now, revealedBy)
      const reveals = revealsOf(duties)
      for (const duty of duties) due.push({ name: nameOf(party, duty), duty, guarded, reveals })
    }
    this.#payments.keep(new Set(due.map(({ name }) => name)))
    this.#queue = this.#tasks(due.sort((a, b) => a.duty.deadline - b.duty.deadline))
    const lanes = Math.min(PARALLEL_TASKS - this.#lanes, this.#queue.length)
    await Promise.all(Array.from({ length: lanes }, () => this.#work(height)))
  }

  /**
   * Claims of open channels are paid with coins, of which an owner may have one only: so they share
   * a transaction, unless the ledger refuses it. All else is done by itself.
   */
  #tasks(due: readonly DueDuty[]): Task[] {
    const tasks: [DueDuty, ...DueDuty[]][] = []
    const shared = new Map<TxId | undefined, [DueDuty, ...DueDuty[]]>()
    for (const one of due) {
      if (this.#sent.has(one.name)) continue
      const isClaim = one.duty.kind === 'reveal' && !one.duty.closing
      // What coins were promised for goes out again as it was.
      const funded = this.#payments.funded(one.name)
      const others = isClaim ? shared.get(funded) : undefined
      if (others !== undefined && others.length < CLAIMS_MAX) {
        others.push(one)
        continue
      }
      const task: [DueDuty, ...DueDuty[]] = [one]
      if (isClaim) shared.set(funded, task)
      tasks.push(task)
    }
    return tasks
  }

  /** Takes the task with the nearest deadline, until none is left. */
  async #work(height: number): Promise<void> {
    this.#lanes++
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (next.some(({ name }) => this.#sent.has(name))) continue
      for (const { name } of next) this.#sent.set(name, height)
      await this.#perform(next)
    }
    this.#lanes--
  }

  async #perform(task: Task): Promise<void> {
    let [outcome, isRefused]: [TxId | Rejection | undefined, boolean] = [undefined, true]
    try {
      outcome = await inTime(this.#clock, TASK_MS_MAX, (signal) => this.#carryOut(task, signal))
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'guard_failed'
      const detail = error instanceof Error ? error.message : 'the ledger did not answer'
      outcome = { kind: 'rejection', code, detail }
      isRefused = !(error instanceof LedgerError && error.retryable)
    }
    if (isRejection(outcome)) {
      // It stays due and is done at a later block; or now, without what it may have failed for.
      for (const { name } of task) this.#sent.delete(name)
      if (isRefused && task.length > 1) return void this.#queue.unshift(...apart(task))
    }
    for (const { duty, guarded } of task) {
      this.#parts.onAct({ duty: duty.kind, channel: guarded.party.ledger.number, outcome })
    }
  }

  #carryOut(task: Task, signal: AbortSignal): Promise<TxId | Rejection> {
    const [{ name, duty, guarded, reveals }] = task
    switch (duty.kind) {
      case 'finalize': {
        const transaction = finalizeTransaction(guarded.party.ledger.number, duty.part)
        return this.#parts.ledger.submit(transaction, signal)
      }
      case 'challenge': {
        const deed = { operations: [duty.operation], reveals: [] }
        return this.#correct(name, guarded, { deed, and: reveals }, signal)
      }
      case 'reveal': {
        if (!duty.closing) return this.#claim(task, signal)
        const deed = { operations: [], reveals: [duty.reveal] }
        return this.#correct(name, guarded, { deed, and: [] }, signal)
      }
    }
  }

  /**
   * On a closing channel the side's own share pays, so that it needs no coins; then coins do. Without
   * any, what is pending is made certain by `and` in the transaction that it has to pay for.
   */
  async #correct(
    name: string,
    guarded: Guarded,
    { deed, and }: { readonly deed: Deed; readonly and: readonly Reveal[] },
    signal: AbortSignal,
  ): Promise<TxId | Rejection> {
    const funded = await this.#payments.pay(name, guarded, deed, signal)
    if (!isRejection(funded) || and.length === 0) return funded
    return this.#payments.fromChannel(guarded, { ...deed, reveals: and }, signal)
  }

  /** Before items of open channels expire. */
  async #claim(task: Task, signal: AbortSignal): Promise<TxId | Rejection> {
    const names = task.map(({ name }) => name)
    const reveals = revealsOf(task.map(({ duty }) => duty))
    const deed = { operations: [], reveals, signers: [] }
    const funded = await this.#payments.withCoins(names, deed, signal)
    if (!isRejection(funded)) return funded
    const [{ guarded }, ...others] = task
    const { party, mayLeave, unsure } = guarded
    // Lost books must never close a channel by themselves: their owner decides (DSP-9).
    if (!mayLeave || others.some((other) => other.guarded !== guarded)) return funded
    // An owner without coins can only pay out of the channel, and so has to leave it.
    const leaving = await this.#parts.beforeForceClose(party)
    const operations = [{ ...forceCloseOperation(leaving), unsure }]
    return this.#payments.fromChannel(guarded, { operations, reveals }, signal)
  }
}

/** A task that failed, in parts: by channel, or of one channel by claim. */
function apart(task: Task): Task[] {
  const byChannel = new Map<Guarded, [DueDuty, ...DueDuty[]]>()
  for (const one of task) {
    const others = byChannel.get(one.guarded)
    if (others === undefined) byChannel.set(one.guarded, [one])
    else others.push(one)
  }
  return byChannel.size > 1 ? [...byChannel.values()] : task.map((one) => [one])
}

function revealsOf(duties: readonly Duty[]): Reveal[] {
  return duties.flatMap((duty) => (duty.kind === 'reveal' ? duty.reveal : []))
}

function nameOf({ ledger }: ChannelParty, duty: Duty): string {
  const detail =
    duty.kind === 'finalize'
      ? duty.part
      : duty.kind === 'reveal'
        ? `${duty.reveal.index}:${duty.deadline}:${duty.reveal.link.join('.')}`
        : `${duty.operation.proof?.lane.version}:${duty.operation.resume?.point.epoch}`
  return `${ledger.id}:${duty.kind}:${detail}`
}
