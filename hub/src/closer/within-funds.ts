import { type LiquidityRequest, wantedBy } from './liquidity-request.js'

/** What funds mean for a batch: what is tried now, what waits, and what they can never cover. */
export type Share = {
  readonly now: readonly LiquidityRequest[]
  readonly later: readonly LiquidityRequest[]
  readonly never: readonly LiquidityRequest[]
}

/**
 * Shares `available` base units among requests of which all together need `needed`, fee included:
 * first come, first served, and whatever is above the funds by itself stands in nobody's way. `now`
 * is empty only if nothing is within them, and has fewer requests than were asked for otherwise,
 * so trying again comes to an end.
 */
export function withinFunds(
  asked: readonly LiquidityRequest[],
  { available, needed }: { readonly available: bigint; readonly needed: bigint },
): Share {
  const whole = asked.reduce((sum, request) => sum + wantedBy(request), 0n)
  // What the fee of all of them was is enough for some of them.
  const fee = needed > whole ? needed - whole : 0n
  const never = asked.filter((request) => wantedBy(request) > available)
  const now: LiquidityRequest[] = []
  let sum = fee
  for (const request of asked) {
    if (sum + wantedBy(request) > available) continue
    sum += wantedBy(request)
    now.push(request)
  }
  const covered = asked.filter((request) => !never.includes(request))
  const [least] = covered.toSorted(byValue)
  // Alone, its own fee is lower: whether that is covered, only trying tells.
  if (now.length === 0 && least !== undefined && asked.length > 1) now.push(least)
  return { now, later: covered.filter((request) => !now.includes(request)), never }
}

function byValue(a: LiquidityRequest, b: LiquidityRequest): number {
  return wantedBy(a) < wantedBy(b) ? -1 : wantedBy(a) > wantedBy(b) ? 1 : 0
}
