import {
  type Amount,
  checkTick,
  type ItemId,
  isRejection,
  type Rejection,
  reject,
  type SeenChain,
  type Tick,
  type TickRejection,
  type Timestamp,
} from '@tallystick/protocol'

/**
 * A stream as its payee counts it, without a disk: what has been seen of the chain, and how much of it
 * was served. `served` is unknown from a start until the first request, because it is nowhere stored.
 */
export type ReceivedStream = SeenChain & {
  readonly id: ItemId
  readonly unit: Amount
  /** Ledger time from which on ticks are not taken: what comes later might not be redeemed in time. */
  readonly takenUntil: Timestamp
  /** Ticks that were served; absent: those before the next that is taken, whatever they are. */
  readonly served: number | undefined
  /** Ticks whose redemption is durable, or under way. */
  readonly redeemed: number
  /** As many may be at risk before they are redeemed (STREAM-5). */
  readonly atRiskMax: number
  /** Whether the rest was given up: no tick is taken any more. */
  readonly isClosing: boolean
}

/** When a payee redeems the newest tick of a stream, in the background (STREAM-5). */
export type RedeemPolicy = {
  /** Ticks that were not redeemed. */
  readonly ticks: number
  /** Base units that were not redeemed. */
  readonly amount: bigint
}

export type TakeRejection = TickRejection | Rejection<'stream_ended'>

/** How far the stream is seen once a tick was shown, or why that is not taken (STREAM-2, STREAM-3). */
export function takeTick(stream: ReceivedStream, tick: Tick, now: Timestamp): Tick | TakeRejection {
  const found = checkTick(stream, tick)
  if (found === 'known') return stream.tip
  if (isRejection(found)) return found
  if (stream.isClosing || now >= stream.takenUntil) {
    return reject('stream_ended', 'the stream takes no ticks any more: open another one')
  }
  return tick
}

/**
 * Ticks that are paid and not served yet (INV-32). Of a stream that was just read from disk nobody
 * knows: what a request with a new tick asks for, and no more, because the rest may have been served.
 */
export function creditOf({ tip, served, redeemed }: ReceivedStream, asked: number): number {
  if (served !== undefined) return tip.index - served
  return Math.min(asked, tip.index - redeemed)
}

/** What counts as served of the stream with `ticks` more of its credit. */
export function servedAfter(
  stream: ReceivedStream,
  ticks: number,
): number | Rejection<'tick_used'> {
  const { tip, served } = stream
  const credit = creditOf(stream, ticks)
  if (ticks > credit) {
    return reject('tick_used', `${ticks} ticks are due, ${credit} are paid and not used yet`)
  }
  return (served ?? tip.index - ticks) + ticks
}

/** The stream after what was paid with `ticks` was not served after all: they count as not used. */
export function returnTicks(stream: ReceivedStream, ticks: number): ReceivedStream {
  const served = Math.max(0, (stream.served ?? 0) - ticks)
  return stream.served === undefined ? stream : { ...stream, served }
}

/** Ticks worth `unit` each that may be at risk. */
export function atRiskMax(unit: Amount, { ticks, amount }: RedeemPolicy): number {
  return Number(unit * BigInt(ticks) <= amount ? BigInt(ticks) : amount / unit) || 1
}

/** Whether enough is at risk for the newest tick to be redeemed now. */
export function mustRedeem({ ticks, tip, redeemed, atRiskMax }: ReceivedStream): boolean {
  const open = tip.index - redeemed
  return open >= atRiskMax || (open > 0 && tip.index === ticks)
}
