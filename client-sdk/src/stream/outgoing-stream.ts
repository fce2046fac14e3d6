import {
  type Amount,
  amount,
  encodeTickFrame,
  type ItemId,
  isRejection,
  type PublicKey,
  parseTickFrame,
  type Tick,
  type TickFrame,
  type Timestamp,
  timestamp,
} from '@tallystick/protocol'
import { errorOf } from '../wallet/error-of.js'
import type { Caller } from '../wallet/wallet-core.js'
import type { TicksGiven } from '../wallet/wallet-event.js'
import { WalletError } from '../wallet-error.js'
import {
  doubtGivenUp,
  giveTicks,
  legsUsedUp,
  mustRollOver,
  type PayingLeg,
  type PayingStream,
  sentInAll,
  streamPositioned,
  ticksReserved,
  ticksServed,
} from './paying-stream.js'
import { TAKEN_SECONDS_BEFORE_EXPIRY } from './stream-desk.js'
import type { PaidStreamRecord } from './stream-records.js'
import type { TickChain } from './tick-chain.js'

/** Ticks that are reserved on disk at a time (STREAM-4). */
const BLOCK = 64
/** Seconds before the payee takes no more ticks of a chain at which none is given away any more. */
const GIVEN_SECONDS_BEFORE = 30
/** Seconds before that at which the next chain is opened (STREAM-6). */
const ROLL_OVER_SECONDS = 240

type Leg = { readonly record: PaidStreamRecord; readonly chain: TickChain }

export type OutgoingStreamParts = {
  readonly name: ItemId
  readonly legs: readonly (Leg & { readonly isFresh: boolean })[]
  readonly now: () => Timestamp
  readonly rollOver: (last: PaidStreamRecord) => Promise<Leg>
  readonly reserve: (given: TicksGiven) => Promise<void>
  readonly end: (given: TicksGiven) => Promise<void>
  readonly until: (holds: () => boolean, caller: Caller) => Promise<void>
  readonly isOver: (id: ItemId) => boolean
}

/** Ticks that were given away, as the payee takes them. */
export type StreamPayment = {
  /** One word of base64url: a frame of ticks (STREAM-1). */
  readonly token: string
  readonly ticks: number
  /** What the payee gets, base units. */
  readonly amount: Amount
  /** To be called once the payee has served them: until then they count as exposed (INV-32). */
  served(): void
}

/** A stream that this wallet pays. */
export class OutgoingStream {
  /** Under which `resume` finds it again after a restart. */
  readonly name: ItemId
  readonly #parts: OutgoingStreamParts
  readonly #legs = new Map<ItemId, Leg>()
  #stream: PayingStream
  #turn: Promise<unknown> = Promise.resolve()
  #rolling: Promise<void> | undefined
  #isClosed = false
  #endedBy = ''

  constructor(parts: OutgoingStreamParts) {
    this.name = parts.name
    this.#parts = parts
    const legs = parts.legs.map((leg) => {
      this.#legs.set(leg.record.id, leg)
      return payingLeg(leg.record, leg.isFresh)
    })
    const { exposure = 1, budget } = parts.legs[0]?.record ?? {}
    this.#stream = { legs, limits: { exposure, block: BLOCK, budget }, unserved: 0 }
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Why it ended before its time, as a code (protocol §18): who refused it, or gave it back. Empty otherwise. */
  get endedBy(): string {
    return this.#endedBy
  }

  /** Ticks that were given away and not served, as far as is known. */
  get unserved(): number {
    return this.#stream.unserved
  }

  /** Ticks that were given away in all. */
  get sent(): number {
    return sentInAll(this.#stream)
  }

  /** Identity key of who is paid. */
  get payee(): PublicKey {
    return this.#newest().record.payee
  }

  /** Ticks that its chains have. */
  get ticksMax(): number {
    return [...this.#legs.values()].reduce((sum, { record }) => sum + record.ticks, 0)
  }

  /** Ticks that were redeemed, by what is stored: all of them once it has `ended`. */
  get redeemed(): number {
    return [...this.#legs.values()].reduce((sum, { record }) => sum + record.paid, 0)
  }

  /** Whether a channel went on from a resume without one of its chains: what that cost is not known. */
  get isUnresolved(): boolean {
    return [...this.#legs.values()].some(({ record }) => record.status === 'unresolved')
  }

  /** Ticks that are given away and not served at most. */
  get exposure(): number {
    return this.#stream.limits.exposure
  }

  /** What the payee gets for a tick, base units. */
  get unit(): Amount {
    return this.#newest().record.unit
  }

  /** What a tick costs with the hub's fee, base units. */
  get cost(): Amount {
    const { unit, fee } = this.#newest().record
    return amount(unit + fee)
  }

  /**
   * Gives the next ticks away: what it answers is for the payee. One at a time, in order. Errors:
   * `ticks_invalid`, `stream_ended`; `exposure_reached` (retryable) until the payee has served what it holds;
   * `position_unknown` after a crash, until `positioned` or `skip`; `budget_spent`; why no next chain could
   * be opened.
   */
  pay(ticks = 1): Promise<StreamPayment> {
    const paid = this.#turn.then(() => this.#pay(ticks))
    this.#turn = paid.catch(() => undefined)
    return paid
  }

  /**
   * A frame with which a payee can be asked which tick it holds, of the first chain of which that is not known. It
   * gives nothing new away, but for the first tick of a chain of which none is known to be served: an anchor proves
   * nothing (STREAM-4).
   */
  get knownToken(): string {
    const { legs } = this.#stream
    const leg = legs.find(({ doubtedFrom }) => doubtedFrom !== undefined) ?? legs[0]
    if (leg === undefined) throw new WalletError('stream_ended', 'the stream has no chain')
    const { id, sent, doubtedFrom } = leg
    const index = doubtedFrom === undefined ? sent : Math.max(1, doubtedFrom)
    return encodeTickFrame({ ticks: [this.#tick(id, index)], closes: false })
  }

  /** Whether it is not known, after a crash, which ticks were given away. */
  get isInDoubt(): boolean {
    return this.#stream.legs.some(({ doubtedFrom }) => doubtedFrom !== undefined)
  }

  /**
   * After a crash: the payee has shown, by a frame, which ticks it holds. What it could not know without
   * having been given it is believed, and nothing else. It may have to be asked again, about the next chain
   * (`isInDoubt`). Errors: `tick_malformed`, `tick_forged`.
   */
  positioned(token: string): void {
    const frame = parseTickFrame(token)
    if (isRejection(frame)) throw errorOf(frame)
    const held = new Map<ItemId, number>()
    for (const { anchor, index, link } of frame.ticks) {
      const leg = [...this.#legs.values()].find(({ record }) => record.anchor === anchor)
      if (
        leg === undefined ||
        index > leg.chain.ticks ||
        !leg.chain.tick(index).link.equals(link)
      ) {
        throw new WalletError('tick_forged', 'the frame shows no link of this stream')
      }
      held.set(leg.record.id, index)
    }
    this.#stream = streamPositioned(this.#stream, held, this.#parts.now())
  }

  /** After a crash: gives up all ticks that may have been given away, at most a block and the exposure. */
  skip(): void {
    this.#stream = doubtGivenUp(this.#stream)
  }

  /**
   * Ends the stream: no tick is given away any more. The frame that it answers tells the payee to give the
   * rest back at once; a payee that never sees it keeps it locked until the expiry at most.
   */
  close(): Promise<string> {
    const closed = this.#turn.then(async () => {
      this.#isClosed = true
      await this.#rolling?.catch(() => undefined)
      const ticks: Tick[] = []
      for (const leg of this.#stream.legs) {
        // Of a chain that is used up nothing is left to give back.
        const isLast = leg === this.#stream.legs.at(-1)
        if (leg.sent < leg.ticks || isLast)
          // A tick that was not served is not shown again: it would be paid.
          ticks.push(this.#tick(leg.id, this.#servedOf(leg)))
        await this.#parts.end({ id: leg.id, reserved: leg.reserved, served: this.#servedOf(leg) })
      }
      const frame: TickFrame = { ticks, closes: true }
      return encodeTickFrame(frame)
    })
    this.#turn = closed.catch(() => undefined)
    return closed
  }

  /** Kept once every chain is over: redeemed, given back or expired. */
  ended(caller: Caller = {}): Promise<void> {
    return this.#parts.until(() => [...this.#legs.keys()].every(this.#parts.isOver), caller)
  }

  /** What was stored of one of its chains. */
  changed(record: PaidStreamRecord): void {
    const leg = this.#legs.get(record.id)
    if (leg !== undefined) this.#legs.set(record.id, { ...leg, record })
    if (record.status === 'open') return
    const legs = this.#stream.legs.filter(
      ({ id, sent, ticks }) => id !== record.id || sent === ticks,
    )
    // What is over gives no ticks away; its last ones may still be on their way.
    if (legs.length > 0) this.#stream = { ...this.#stream, legs }
    else if (record.code !== '') {
      this.#isClosed = true
      this.#endedBy = record.code
    }
  }

  async #pay(count: number): Promise<StreamPayment> {
    for (;;) {
      if (this.#isClosed) {
        const why = this.#endedBy === '' ? '' : ` (${this.#endedBy})`
        throw new WalletError('stream_ended', `the stream is over${why}: open another one`)
      }
      const given = giveTicks(this.#stream, count, this.#parts.now())
      switch (given.kind) {
        case 'given': {
          this.#stream = given.stream
          const ticks = given.ticks.map(({ id, index }) => this.#tick(id, index))
          this.#rollOverSoon()
          return this.#payment(encodeTickFrame({ ticks, closes: false }), count)
        }
        case 'reserve':
          await this.#reserve(given.id, given.upTo)
          continue
        case 'rejection':
          if (given.code !== 'stream_rolling_over') {
            const retryable = given.code === 'exposure_reached'
            throw new WalletError(given.code, given.detail, { retryable })
          }
          await this.#rollOver()
      }
    }
  }

  #payment(token: string, ticks: number): StreamPayment {
    let isServed = false
    return {
      token,
      ticks,
      amount: amount(this.unit * BigInt(ticks)),
      served: () => {
        if (!isServed) this.#stream = ticksServed(this.#stream, ticks)
        isServed = true
      },
    }
  }

  async #reserve(id: ItemId, reserved: number): Promise<void> {
    const leg = this.#stream.legs.find((other) => other.id === id)
    const served = leg === undefined ? 0 : this.#servedOf(leg)
    await this.#parts.reserve({ id, reserved, served })
    this.#stream = ticksReserved(this.#stream, id, reserved)
  }

  #servedOf(leg: PayingLeg): number {
    return leg.doubtedFrom ?? Math.max(0, leg.sent - this.#stream.unserved)
  }

  #rollOverSoon(): void {
    if (this.#isClosed || this.#rolling !== undefined) return
    if (!mustRollOver(this.#stream, this.#parts.now(), ROLL_OVER_SECONDS)) return
    // Whoever runs out of ticks tries again, and is told why it fails.
    this.#rollOver().catch(() => undefined)
  }

  #rollOver(): Promise<void> {
    this.#rolling ??= this.#openNext().finally(() => {
      this.#rolling = undefined
    })
    return this.#rolling
  }

  async #openNext(): Promise<void> {
    const { chain, record } = await this.#parts.rollOver(this.#newest().record)
    this.#legs.set(record.id, { chain, record })
    const used = new Set(legsUsedUp(this.#stream, this.#parts.now()).map(({ id }) => id))
    const [first] = this.#stream.legs
    const spent = this.#stream.legs.filter(({ id }) => used.has(id))
    const before = (first?.before ?? 0) + spent.reduce((sum, { sent }) => sum + sent, 0)
    const left = this.#stream.legs.filter(({ id }) => !used.has(id))
    const legs = [...left, payingLeg(record, true)]
    this.#stream = {
      ...this.#stream,
      legs: legs.map((leg, i) => (i === 0 ? { ...leg, before } : leg)),
    }
  }

  #tick(id: ItemId, index: number): Tick {
    const leg = this.#legs.get(id)
    if (leg === undefined) throw new WalletError('stream_ended', 'the chain is over')
    return leg.chain.tick(index)
  }

  #newest(): Leg {
    const leg = [...this.#legs.values()].at(-1)
    if (leg === undefined) throw new WalletError('stream_ended', 'the stream has no chain')
    return leg
  }
}

function payingLeg(record: PaidStreamRecord, isFresh: boolean): PayingLeg {
  const { id, ticks, before, expiry, reserved, served } = record
  const margin = TAKEN_SECONDS_BEFORE_EXPIRY + GIVEN_SECONDS_BEFORE
  return {
    ...{ id, ticks, before, reserved, sent: reserved },
    givenUntil: timestamp(Math.max(0, expiry - margin)),
    doubtedFrom: isFresh || reserved === served ? undefined : served,
  }
}
