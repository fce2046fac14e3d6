import type { OutgoingStream } from '../stream/outgoing-stream.js'
import type { Caller } from '../wallet/wallet-core.js'
import { WalletError } from '../wallet-error.js'

/** What this `fetch` has given away so far, and what it costs with the hub's fee, base units. */
export type PaidSoFar = { readonly ticks: number; readonly cost: bigint }

/** How a paying `fetch` ended. */
export type PaidInAll = PaidSoFar & {
  /** `pending`: a rest has not come back yet; `unknown`: a channel went on without one of the streams. */
  readonly status: 'closed' | 'pending' | 'unknown'
}

/** A stream, the ticks that it has at most, and how many of them were given away before it was taken up. */
type PaidStream = { readonly stream: OutgoingStream; readonly ticks: number; before: number }

/** All streams that a paying `fetch` has opened or taken up. */
export class PaidStreams {
  readonly #all: PaidStream[] = []

  add(stream: OutgoingStream, before: number): void {
    this.#all.push({ stream, ticks: stream.ticksMax, before })
  }

  /** After a crash: the seller has shown which ticks it holds; see `OutgoingStream.positioned`. */
  positioned(stream: OutgoingStream, token: string): void {
    stream.positioned(token)
    const paid = this.#all.find((other) => other.stream === stream)
    if (paid !== undefined) paid.before = Math.min(paid.before, stream.sent)
  }

  soFar(): PaidSoFar {
    return this.#sum(({ sent }) => sent)
  }

  /** The most that they may cost, base units: of a stream that is open, all ticks count. */
  costMax(): bigint {
    return this.#all.reduce((sum, { stream, ticks }) => {
      return sum + stream.cost * BigInt(stream.isClosed ? stream.sent : ticks)
    }, 0n)
  }

  /** What was paid once all are over, or that the wait for it was given up. */
  async ended(caller: Caller): Promise<PaidInAll> {
    const streams = this.#all.map(({ stream }) => stream)
    try {
      await Promise.all(streams.map((stream) => stream.ended(caller)))
    } catch (error) {
      if (!(error instanceof WalletError) || error.code !== 'aborted') throw error
      return { ...this.soFar(), status: 'pending' }
    }
    const status = streams.some(({ isUnresolved }) => isUnresolved) ? 'unknown' : 'closed'
    return { ...this.#sum(({ redeemed }) => redeemed), status }
  }

  #sum(ticksOf: (stream: OutgoingStream) => number): PaidSoFar {
    const own = this.#all.map(({ stream, before }) => ({
      ticks: Math.max(0, ticksOf(stream) - before),
      cost: stream.cost,
    }))
    return {
      ticks: own.reduce((sum, { ticks }) => sum + ticks, 0),
      cost: own.reduce((sum, { ticks, cost }) => sum + cost * BigInt(ticks), 0n),
    }
  }
}
