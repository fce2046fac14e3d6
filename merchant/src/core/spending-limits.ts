/** What may be spent, base units of the hub's asset, fees included; absent: no such limit (ACCOUNT-2). */
export type SpendingLimits = {
  readonly perPayment: bigint | undefined
  /** In any 24 hours. */
  readonly perDay: bigint | undefined
  /** Ever. */
  readonly total: bigint | undefined
}

/** What has been spent, or is promised, base units. */
export type Spent = { readonly day: bigint; readonly ever: bigint }

/** Seconds over which `perDay` counts. */
export const DAY_SECONDS = 86_400

/**
 * Why so much more may not be spent under the limits of `who`, in a sentence; `undefined`: it may be. A payment counts
 * with the most that it may cost from before it is begun, and with what it did cost once that is known.
 */
export function overSpent(
  who: string,
  limits: SpendingLimits,
  spent: Spent,
  more: bigint,
): string | undefined {
  const { perPayment, perDay, total } = limits
  if (perPayment !== undefined && more > perPayment) {
    return `${who} may spend ${perPayment} base units in one payment, and this may cost ${more}`
  }
  if (perDay !== undefined && spent.day + more > perDay) {
    return `${who} may spend ${perDay} base units in 24 hours; ${spent.day} are spent or promised, and this may cost ${more}`
  }
  if (total !== undefined && spent.ever + more > total) {
    return `${who} may spend ${total} base units in all; ${spent.ever} are spent or promised, and this may cost ${more}`
  }
  return undefined
}
