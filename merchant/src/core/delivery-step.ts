/** How one attempt to deliver an event has ended. */
export type DeliveryOutcome =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'failed'; readonly reason: string }

/** What becomes of a delivery: `seconds` until the next attempt. */
export type DeliveryStep =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly seconds: number }
  | { readonly kind: 'gaveUp' }
  /** The receiver wants nothing more, of no event (410). */
  | { readonly kind: 'endpointGone' }

/** Seconds to wait after each failed attempt; after the last of them it is given up: three days and a bit. */
const WAITS = [5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] as const
/** How much longer a wait may be, of itself. */
const JITTER = 0.2

/** Attempts that are made before a delivery is given up. */
export const ATTEMPTS_MAX = WAITS.length + 1

/**
 * What follows from an attempt (HOOK-2). `attempts`: those that were made, this one among them; `random`: 0 up to 1, so
 * that receivers that come back are not met by everybody at once.
 */
export function stepDelivery(
  attempts: number,
  outcome: DeliveryOutcome,
  random: number,
): DeliveryStep {
  if (outcome.kind === 'answered') {
    if (outcome.status >= 200 && outcome.status < 300) return { kind: 'delivered' }
    if (outcome.status === 410) return { kind: 'endpointGone' }
  }
  const wait = WAITS[attempts - 1]
  if (wait === undefined) return { kind: 'gaveUp' }
  return { kind: 'retry', seconds: Math.ceil(wait * (1 + JITTER * random)) }
}
