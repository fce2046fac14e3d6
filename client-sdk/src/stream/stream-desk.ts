import {
  type Anchor,
  chainStart,
  type KnownLink,
  Link,
  type Rejection,
  reject,
  TICK_GAP_MAX,
  type Tick,
  type TickFrame,
  type Timestamp,
  timestamp,
} from '@tallystick/protocol'
import type { Clock } from '../clock.js'
import {
  atRiskMax,
  creditOf,
  mustRedeem,
  type ReceivedStream,
  type RedeemPolicy,
  returnTicks,
  servedAfter,
  type TakeRejection,
  takeTick,
} from './received-stream.js'
import type { ReceivedStreamRecord } from './stream-records.js'

/** Seconds before the expiry from which on no tick is taken (STREAM-2): two margins of a reveal. */
export const TAKEN_SECONDS_BEFORE_EXPIRY = 120
/** Streams that are not there of which it is known that they have ended, or are closed; of each. */
const ENDED_MAX = 4_096

/** What a payee stores in the background: the newest link of a stream, and whether it is the last. */
export type Redemption = {
  readonly anchor: Anchor
  /** Absent: no tick has come. */
  readonly known: KnownLink | undefined
  readonly closes: boolean
}

export type StreamDeskParts = {
  readonly clock: Clock
  /** Ledger time. */
  readonly now: () => Timestamp
  /** Kept once all of it is durable; what fails is tried again with the next. */
  readonly redeem: (redemptions: readonly Redemption[]) => Promise<void>
  readonly policy: RedeemPolicy & {
    /** Until a tick is redeemed whatever it is worth, milliseconds. */
    readonly afterMs: number
    /** Until a stream of which no tick comes is given back, milliseconds. */
    readonly idleMs: number
  }
}

/** Why a frame was not taken (STREAM-2). */
export type FrameRejection = TakeRejection | Rejection<'stream_unknown'>

/** Ticks that a request was served for. */
export type ServedTicks = { readonly anchor: Anchor; readonly ticks: number }

type Counted = { -readonly [Name in keyof ReceivedStream]: ReceivedStream[Name] } & {
  readonly anchor: Anchor
  /** Whether its item is gone. */
  isOver: boolean
  /** Whether it waits to be redeemed. */
  isDirty: boolean
  /** When ticks of it were last redeemed, or it came, milliseconds. */
  seenAt: number
}

/** Why a tick is not looked at in its frame, of which it takes `hashes` to check all up to this one. */
function refusedOf(
  { index }: Tick,
  { closes }: TickFrame,
  hashes: number,
): FrameRejection | undefined {
  // Whoever carried the stream knows its anchor: that says that it was never used, and no more.
  if (index === 0 && !closes) {
    return reject('tick_out_of_range', 'tick 0 is the anchor, which pays nothing: show a later one')
  }
  if (hashes > TICK_GAP_MAX) {
    const detail = `its frame is further than ${TICK_GAP_MAX} from the newest ticks of its streams`
    return reject('tick_gap', detail)
  }
  return undefined
}

/** A payee's streams in memory: takes ticks without a disk, and has them redeemed behind it. */
export class StreamDesk {
  readonly #parts: StreamDeskParts
  /** Changed in place: at half a million ticks a second, copies are a third of the work. */
  readonly #streams = new Map<Anchor, Counted>()
  readonly #ended = new Map<Anchor, string>()
  /** Streams that were closed before they arrived. */
  readonly #closedEarly = new Set<Anchor>()
  /** What waits to be redeemed, and whether that is due now. */
  readonly #dirty = new Set<Counted>()
  #isUrgent = false
  #flushing: Promise<void> | undefined
  #unschedule: (() => void) | undefined
  #unscheduleIdle: (() => void) | undefined

  constructor(parts: StreamDeskParts) {
    this.#parts = parts
  }

  /** A stream as it is stored: new, read again, redeemed or over. */
  learn(record: ReceivedStreamRecord): void {
    const { anchor, status, known } = record
    const held = this.#streams.get(anchor)
    if (status === 'closed' && held === undefined) return this.#end(anchor, 'closed')
    this.#ended.delete(anchor)
    const redeemed = known?.index ?? 0
    if (held !== undefined) {
      held.redeemed = Math.max(held.redeemed, redeemed)
      held.isClosing ||= status !== 'open'
      // What is paid and not served yet can still be: it is forgotten with the idle ones.
      held.isOver ||= status === 'closed'
      return
    }
    const { id, unit, expiry } = record
    this.#streams.set(anchor, {
      ...{ id, anchor, unit, redeemed },
      takenUntil: timestamp(Math.max(0, expiry - TAKEN_SECONDS_BEFORE_EXPIRY)),
      ticks: record.ticks,
      tip:
        known === undefined
          ? chainStart(anchor)
          : { anchor, index: known.index, link: new Link(known.link) },
      served: known === undefined ? 0 : undefined,
      atRiskMax: atRiskMax(unit, this.#parts.policy),
      isClosing: status === 'closing',
      isOver: false,
      isDirty: false,
      seenAt: this.#parts.clock.nowMs(),
    })
    this.#watchIdle()
    if (this.#closedEarly.delete(anchor)) this.close(anchor)
  }

  /** A stream that was refused when it came, and why: who asks is not told to wait for it. */
  refused(anchor: Anchor, code: string): void {
    this.#end(anchor, code)
  }

  /** The newest tick of each stream that a frame shows a link of. */
  newest(frame: TickFrame): TickFrame {
    const ticks = frame.ticks.map((shown) => this.#streams.get(shown.anchor)?.tip ?? shown)
    return { ticks, closes: false }
  }

  of(anchor: Anchor): ReceivedStream | undefined {
    return this.#streams.get(anchor)
  }

  /**
   * Takes all ticks of a frame, or none, and says why: one hash for each that is the next, and at most
   * `TICK_GAP_MAX` for all of them (STREAM-2).
   */
  take(frame: TickFrame): FrameRejection | undefined {
    const now = this.#parts.now()
    // All are checked before any is taken.
    const [streams, tips]: [Counted[], Tick[]] = [[], []]
    let hashes = 0
    for (const tick of frame.ticks) {
      const stream = this.#streams.get(tick.anchor)
      if (stream === undefined) {
        // Of what is over already there is nothing left to close; what is on its way is closed when it comes.
        if (frame.closes) continue
        return this.#unknown(tick.anchor)
      }
      if (tick.index <= stream.ticks) hashes += Math.abs(tick.index - stream.tip.index)
      const tip = refusedOf(tick, frame, hashes) ?? takeTick(stream, tick, now)
      if ('code' in tip) return tip
      streams.push(stream)
      tips.push(tip)
    }
    for (let i = 0; i < tips.length; i++) this.#seen(streams[i] as Counted, tips[i] as Tick)
    if (frame.closes) for (const { anchor } of frame.ticks) this.#closeOrExpect(anchor)
    return undefined
  }

  /**
   * Serves `price` base units out of the frame's streams, in its order, or nothing (STREAM-3). Answers
   * what was used, to be returned if it could not be served after all.
   */
  serve(frame: TickFrame, price: bigint): readonly ServedTicks[] | Rejection<'tick_used'> {
    const used: ServedTicks[] = []
    let rest = price
    for (const { anchor } of frame.ticks) {
      const stream = this.#streams.get(anchor)
      if (stream === undefined || rest <= 0n) continue
      const due = Number((rest + stream.unit - 1n) / stream.unit)
      const ticks = Math.min(due, creditOf(stream, due))
      used.push({ anchor, ticks })
      rest -= stream.unit * BigInt(ticks)
    }
    if (rest > 0n) {
      return reject('tick_used', `${rest} of ${price} base units are not paid, or used already`)
    }
    for (const { anchor, ticks } of used) {
      const stream = this.#streams.get(anchor)
      const served = stream && servedAfter(stream, ticks)
      if (stream !== undefined && typeof served === 'number') stream.served = served
    }
    return used
  }

  /** What was used could not be served: it may be used again. */
  giveBack(used: readonly ServedTicks[]): void {
    for (const { anchor, ticks } of used) {
      const stream = this.#streams.get(anchor)
      if (stream !== undefined) stream.served = returnTicks(stream, ticks).served
    }
  }

  /** No tick is taken any more: what is known is redeemed, and the rest given back (STREAM-7). */
  close(anchor: Anchor): void {
    const stream = this.#streams.get(anchor)
    if (stream === undefined || stream.isClosing) return
    stream.isClosing = true
    this.#mark(stream, true)
  }

  #closeOrExpect(anchor: Anchor): void {
    if (this.#streams.has(anchor)) return this.close(anchor)
    if (this.#ended.has(anchor)) return
    this.#closedEarly.add(anchor)
    for (const oldest of this.#closedEarly) {
      if (this.#closedEarly.size <= ENDED_MAX) break
      this.#closedEarly.delete(oldest)
    }
  }

  /** Redeems all that is known now; kept once it is durable. */
  async flush(): Promise<void> {
    for (;;) {
      await this.#flushing
      if (this.#dirty.size === 0) return
      this.#flushing = this.#redeem()
    }
  }

  stop(): void {
    this.#unschedule?.()
    this.#unscheduleIdle?.()
  }

  #seen(stream: Counted, tip: Tick): void {
    if (tip.index > stream.tip.index) stream.tip = tip
    if (stream.tip.index <= stream.redeemed) return
    const isUrgent = mustRedeem(stream)
    if (stream.isDirty && !isUrgent) return
    this.#mark(stream, isUrgent)
  }

  #unknown(anchor: Anchor): Rejection<'stream_unknown' | 'stream_ended'> {
    const ended = this.#ended.get(anchor)
    return ended === undefined
      ? reject('stream_unknown', 'no such stream has arrived: it may be on its way')
      : reject('stream_ended', `the stream is over: ${ended}`)
  }

  #end(anchor: Anchor, code: string): void {
    const stream = this.#streams.get(anchor)
    if (stream !== undefined) this.#dirty.delete(stream)
    this.#streams.delete(anchor)
    this.#ended.set(anchor, code)
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= ENDED_MAX) break
      this.#ended.delete(oldest)
    }
  }

  #mark(stream: Counted, isUrgent: boolean): void {
    stream.isDirty = true
    this.#dirty.add(stream)
    if (isUrgent && !this.#isUrgent) {
      this.#isUrgent = true
      this.#schedule(0)
    } else if (this.#unschedule === undefined) {
      this.#schedule(this.#parts.policy.afterMs)
    }
  }

  #schedule(ms: number): void {
    this.#unschedule?.()
    this.#unschedule = this.#parts.clock.after(ms, () => {
      this.#unschedule = undefined
      // What fails stays as it is, and is told of by the store.
      this.flush().catch(() => undefined)
    })
  }

  async #redeem(): Promise<void> {
    const due = [...this.#dirty]
    this.#dirty.clear()
    this.#isUrgent = false
    const nowMs = this.#parts.clock.nowMs()
    const redemptions = due.map((stream): Redemption => {
      const { anchor, tip, isClosing: closes } = stream
      const { index, link } = tip
      if (index > stream.redeemed) stream.seenAt = nowMs
      stream.isDirty = false
      stream.redeemed = index
      return { anchor, known: index > 0 ? { index, link: link.toBytes() } : undefined, closes }
    })
    try {
      await this.#parts.redeem(redemptions)
    } catch (fault) {
      for (const stream of due) this.#mark(stream, false)
      throw fault
    } finally {
      this.#flushing = undefined
    }
  }

  #watchIdle(): void {
    if (this.#unscheduleIdle !== undefined) return
    this.#unscheduleIdle = this.#parts.clock.after(this.#parts.policy.idleMs / 2, () => {
      this.#unscheduleIdle = undefined
      const until = this.#parts.clock.nowMs() - this.#parts.policy.idleMs
      for (const { anchor, seenAt, isDirty, isOver } of [...this.#streams.values()]) {
        if (seenAt > until || isDirty) continue
        if (isOver) this.#end(anchor, 'closed')
        else this.close(anchor)
      }
      if (this.#streams.size > 0) this.#watchIdle()
    })
  }
}
