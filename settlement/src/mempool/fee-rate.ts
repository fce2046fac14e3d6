import { feeRateOf, type Parameters } from '@tallystick/protocol'
import type { AppliedTransaction } from '../core/apply-transaction.js'
import type { LedgerView } from '../core/ledger-view.js'

/**
 * What a transaction, or several together, pay for the room they take: `paid` in billionths of a
 * unit of cost that the least fee buys, over `weight` in units of cost. A rate of 1 is the least fee
 * (COST-2). Two rates are compared exactly; nothing but the conversion of an asset is rounded.
 */
export type FeeRate = { readonly paid: bigint; readonly weight: bigint }

const PAID_PER_COST = 1_000_000_000n
const PPM = 1_000_000n
/** Whoever takes another's place pays eleven tenths of its rate at least: bids grow, so they end. */
const OUTBID_NUMERATOR = 11n
const OUTBID_DENOMINATOR = 10n

export const LEAST_RATE: FeeRate = { paid: PAID_PER_COST, weight: 1n }

/**
 * The rate of a transaction of `bytes` that was applied on `view` under `parameters`: what it burnt, each asset by its
 * own least fee and rounded down, so that assets compare. Cost that was paid for in advance (COST-1)
 * counts as paid at the least fee, and a transaction weighs at least its bytes: a finalize is no
 * bargain that jumps the queue, and no burden that is thrown out first.
 */
export function paidRateOf(
  view: LedgerView,
  { writes, cost }: AppliedTransaction,
  bytes: number,
  parameters: Parameters,
): FeeRate {
  const weight = Math.max(cost, bytes)
  let paid = BigInt(weight - cost) * PAID_PER_COST
  for (const { kind, key, value } of writes) {
    if (kind !== 'asset' || value === undefined) continue
    const perKiloCost = feeRateOf(parameters, key.asset)
    const burnt = value.burnt - (view.read('asset', key)?.burnt ?? 0n)
    if (perKiloCost > 0) paid += (burnt * 1_000n * PAID_PER_COST) / BigInt(perKiloCost)
  }
  return { paid, weight: BigInt(weight) }
}

/** Negative when `a` is the lower rate. */
export function compareRates(a: FeeRate, b: FeeRate): number {
  const difference = a.paid * b.weight - b.paid * a.weight
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** Whether `bid` is enough above `rate` to take its place. */
export function outbids(bid: FeeRate, rate: FeeRate): boolean {
  return (
    bid.paid * rate.weight * OUTBID_DENOMINATOR >= rate.paid * bid.weight * OUTBID_NUMERATOR &&
    compareRates(bid, rate) > 0
  )
}

/** The rate that takes the place of `rate`. */
export function outbidding({ paid, weight }: FeeRate): FeeRate {
  return { paid: paid * OUTBID_NUMERATOR, weight: weight * OUTBID_DENOMINATOR }
}

export function higherRate(a: FeeRate, b: FeeRate): FeeRate {
  return compareRates(a, b) >= 0 ? a : b
}

/** The rate of two together. */
export function addRates(a: FeeRate, b: FeeRate): FeeRate {
  return { paid: a.paid + b.paid, weight: a.weight + b.weight }
}

/** What is left of `a` without `b`, which is part of it. */
export function subtractRates(a: FeeRate, b: FeeRate): FeeRate {
  return { paid: a.paid - b.paid, weight: a.weight - b.weight }
}

/** A rate in millionths of the least fee, rounded up: how it is told to people. */
export function ratePpm({ paid, weight }: FeeRate): bigint {
  const unit = weight * PAID_PER_COST
  return (paid * PPM + unit - 1n) / unit
}
