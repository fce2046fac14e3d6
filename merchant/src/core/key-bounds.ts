import type { SpendingLimits } from './spending-limits.js'

/** Within what a key may act. */
export type KeyBounds = {
  readonly limits: SpendingLimits
  /** Unix seconds at which it ends; absent: never. */
  readonly expires: number | undefined
}

/** Keys between a key and the first of its line: each payment is counted against all of them. */
export const KEY_ANCESTORS_MAX = 8

/**
 * The bounds of a key that the holder of another makes (ACCOUNT-1): what is left open is as in the maker's, and wider
 * than the maker's is no bound. `refused` says, in a sentence, which would be.
 */
export function boundsWithin(
  maker: KeyBounds,
  asked: KeyBounds,
): { readonly bounds: KeyBounds } | { readonly refused: string } {
  const names = { perPayment: 'per_payment', perDay: 'per_day', total: 'total' } as const
  for (const limit of ['perPayment', 'perDay', 'total'] as const) {
    const [most, wanted] = [maker.limits[limit], asked.limits[limit]]
    if (most !== undefined && wanted !== undefined && wanted > most) {
      return { refused: `${names[limit]} may be ${most} at most, as of your own key` }
    }
  }
  const [last, ends] = [maker.expires, asked.expires]
  if (last !== undefined && ends !== undefined && ends > last) {
    return { refused: `your own key ends at ${last} (Unix seconds), and this one would after it` }
  }
  const limits = {
    perPayment: asked.limits.perPayment ?? maker.limits.perPayment,
    perDay: asked.limits.perDay ?? maker.limits.perDay,
    total: asked.limits.total ?? maker.limits.total,
  }
  return { bounds: { limits, expires: ends ?? last } }
}
