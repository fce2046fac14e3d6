import type { PaidInAll, PaidStreamRecord, StreamRecord } from '@tallystick/client-sdk'
import type { AssetId } from '@tallystick/protocol'
import type { AssetAmounts } from './asset-amount.js'
import { type Money, timeText } from './ledger-words.js'

/** What became of a run of requests. */
export type Streamed = PaidInAll & {
  readonly url: URL
  readonly requests: number
  /** Requests that were answered well. */
  readonly answers: number
  /** Of all answers. */
  readonly bytes: number
  /** Why it ended before its time. */
  readonly failure: (Error & { readonly code: string }) | undefined
  readonly budget: bigint
}

/**
 * `pending` and `unknown` are about the money, and no failure: a rest that has not come back, a channel that
 * went on without the stream, a payment that the seller has not heard of.
 */
export function streamStatus({
  status,
  failure,
}: Pick<Streamed, 'status' | 'failure'>): 'closed' | 'failed' | 'pending' | 'unknown' {
  if (status !== 'closed') return status
  if (failure === undefined) return 'closed'
  return failure.code === 'payment_pending' ? 'pending' : 'failed'
}

/** For programs: amounts are decimal strings of base units. */
export function streamFacts(streamed: Streamed, asset: AssetId): object {
  const { url, requests, answers, bytes, ticks, cost, failure, budget } = streamed
  return {
    ...{ status: streamStatus(streamed), url: url.href, requests, answers, bytes, asset },
    ...{ ticks, total: `${cost}`, budget: `${budget}`, failure: failure?.code ?? null },
  }
}

/** The same for people. */
export function streamLines(streamed: Streamed, money: AssetAmounts): string[] {
  const { requests, answers, bytes, ticks, cost, failure } = streamed
  const lines = [
    `answered    ${answers} of ${requests} requests, ${bytes} bytes`,
    `paid        ${money.show(cost)}, fee included, for ${ticks} ticks`,
    ...(failure === undefined ? [] : [`ended by    ${failure.code}: ${failure.message}`]),
  ]
  switch (streamed.status) {
    case 'closed':
      return [...lines, 'closed      what was left of the stream is back']
    case 'pending':
      return [
        ...lines,
        'pending     what is left of the stream comes back by itself: "wallet history" shows until when',
      ]
    case 'unknown':
      return [
        ...lines,
        'unknown     a channel went on without the stream: what it paid is not known',
      ]
  }
}

/** A stream as `history` lists it. */
export function openStreamFacts(stream: StreamRecord, asset: AssetId): object {
  const { anchor, unit, ticks, expiry, paid, status, time } = stream
  const common = { anchor, status, asset, unit: `${unit}`, ticks, redeemed: paid, expiry, time }
  return stream.kind === 'paid'
    ? { kind: 'paid', payee: stream.payee, fee: `${stream.fee}`, ...common }
    : { kind: 'received', ...common }
}

/** The same for people, a line. */
export function openStreamLine(stream: StreamRecord, asset: AssetId, money: Money): string {
  const { unit, ticks, expiry, status } = stream
  const locked = (unit + feeOf(stream)) * BigInt(ticks - stream.paid)
  const way = stream.kind === 'paid' ? 'paying' : 'receiving'
  return `stream ${way}, ${status}: ${stream.paid} of ${ticks} ticks redeemed, ${money(asset, locked)} locked until ${timeText(expiry)} at most`
}

/** One that is over, for people: a line. */
export function endedStreamLine(stream: StreamRecord, asset: AssetId, money: Money): string {
  const { unit, ticks, paid, status, time } = stream
  const worth = money(asset, (unit + feeOf(stream)) * BigInt(paid))
  const way = stream.kind === 'paid' ? 'paid' : 'received'
  const end = status === 'unresolved' ? 'its channel went on without it' : 'over'
  return `stream ${way}, ${end} at ${timeText(time)}: ${paid} of ${ticks} ticks, ${worth}`
}

function feeOf(stream: StreamRecord): PaidStreamRecord['fee'] | 0n {
  return stream.kind === 'paid' ? stream.fee : 0n
}
