import {
  type Channel,
  type ChannelParty,
  isRejection,
  type Rejection,
  type Reveal,
  type RevealLookup,
  type Signer,
  TIMESTAMP_MAX,
  type Timestamp,
  type Transaction,
  type TxId,
  timestamp,
} from '@tallystick/protocol'
import { type Clock, PROCESS_CLOCK } from '../clock.js'
import { channelFeeTransaction } from '../ledger/channel-fee-transaction.js'
import { finalizeTransaction } from '../ledger/finalize-transaction.js'
import { inTime } from '../ledger/in-time.js'
import type { LedgerAccess } from '../ledger/ledger-access.js'
import { LedgerError } from '../ledger/ledger-error.js'
import type { BuiltTransaction } from '../ledger/transaction-draft.js'
import { type Duty, dutiesOf, forceCloseOperation } from './duties.js'

/** Blocks after which a duty that is still due is sent again. */
const RESEND_BLOCKS = 3
/** Duties that are done at a time: as many as a node takes of one address without queueing. */
const PARALLEL_DUTIES = 16
/** Until a duty gives its place to the next, milliseconds: a node takes a transaction in a few. */
const DUTY_MS_MAX = 5_000

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

export type GuardParts = {
  readonly ledger: LedgerAccess
  /** Base units due for 1,000 units of cost in the channel's asset. */
  readonly feePerKiloCost: (channel: Channel) => number
  /** A transaction that makes a link public and is paid for with the owner's coins, if it has any. */
  readonly revealWithCoins: (reveal: Reveal) => Promise<BuiltTransaction | Rejection>
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

type DueDuty = { readonly name: string; readonly duty: Duty; readonly guarded: Guarded }

/**
 * Does what the ledger asks of an owner in time (DSP-8): each duty is a transaction of its own, the
 * nearest deadline first, and one that fails or hangs holds up no other. It keeps nothing: whatever
 * is still due at a later block is done then, also after any downtime.
 */
export class GuardLoop {
  readonly #parts: GuardParts
  readonly #clock: Clock
  /** Heights at which duties were sent. */
  readonly #sent = new Map<string, number>()
  /** What was not begun yet of the newest block's duties, the nearest deadline first. */
  #queue: DueDuty[] = []
  #lanes = 0

  constructor(parts: GuardParts) {
    this.#parts = parts
    this.#clock = parts.clock ?? PROCESS_CLOCK
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
      for (const duty of dutiesOf(party, this.#parts.ledger.chainId, now, revealedBy)) {
        due.push({ name: nameOf(party, duty), duty, guarded })
      }
    }
    this.#queue = due.sort((a, b) => a.duty.deadline - b.duty.deadline)
    const lanes = Math.min(PARALLEL_DUTIES - this.#lanes, due.length)
    await Promise.all(Array.from({ length: lanes }, () => this.#work(height)))
  }

  /** Takes the duty with the nearest deadline, until none is left. */
  async #work(height: number): Promise<void> {
    this.#lanes++
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (this.#sent.has(next.name)) continue
      this.#sent.set(next.name, height)
      await this.#perform(next)
    }
    this.#lanes--
  }

  async #perform({ name, duty, guarded }: DueDuty): Promise<void> {
    const channel = guarded.party.ledger.number
    let outcome: TxId | Rejection
    try {
      outcome = await inTime(this.#clock, DUTY_MS_MAX, (signal) =>
        this.#carryOut(duty, guarded, signal),
      )
    } catch (error) {
      // The ledger is out of reach or refuses: the duty stays due and is done at a later block.
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'guard_failed'
      const detail = error instanceof Error ? error.message : 'the ledger did not answer'
      outcome = { kind: 'rejection', code, detail }
      if (error instanceof LedgerError && error.retryable) this.#sent.delete(name)
    }
    this.#parts.onAct({ duty: duty.kind, channel, outcome })
  }

  async #carryOut(duty: Duty, guarded: Guarded, signal: AbortSignal): Promise<TxId | Rejection> {
    const built = await this.#build(duty, guarded)
    return isRejection(built) ? built : this.#parts.ledger.submit(built, signal)
  }

  async #build(duty: Duty, guarded: Guarded): Promise<Transaction | Rejection> {
    const { party, unsure, mayLeave } = guarded
    const channel = party.ledger.number
    switch (duty.kind) {
      case 'finalize':
        return finalizeTransaction(channel, duty.part)
      case 'challenge':
        return this.#channelTransaction(guarded, [duty.operation], [])
      case 'reveal': {
        if (duty.closing) return this.#channelTransaction(guarded, [], [duty.reveal])
        const funded = await this.#parts.revealWithCoins(duty.reveal)
        if (!isRejection(funded)) return funded.transaction
        // Lost books must never close a channel by themselves: their owner decides (DSP-9).
        if (!mayLeave) return funded
        // An owner without coins can only pay out of the channel, and so has to leave it.
        const leaving = await this.#parts.beforeForceClose(party)
        const close = { ...forceCloseOperation(leaving), unsure }
        return this.#channelTransaction(guarded, [close], [duty.reveal])
      }
    }
  }

  #channelTransaction(
    { party, signer }: Guarded,
    operations: Parameters<typeof channelFeeTransaction>[0]['operations'],
    reveals: Parameters<typeof channelFeeTransaction>[0]['reveals'],
  ): Transaction | Rejection {
    const built = channelFeeTransaction({
      chainId: this.#parts.ledger.chainId,
      channel: party.ledger.number,
      role: party.role,
      signer,
      operations,
      reveals,
      feePerKiloCost: this.#parts.feePerKiloCost(party.ledger),
      validFrom: timestamp(0),
      validUntil: TIMESTAMP_MAX,
    })
    return isRejection(built) ? built : built.transaction
  }
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
