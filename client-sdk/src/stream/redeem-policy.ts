/** When a payee redeems, unless told otherwise (STREAM-5, STREAM-7): it has no more than this to lose. */
export const REDEEM_POLICY = {
  ticks: 256,
  /** Base units. */
  amount: 1_000_000n,
  afterMs: 10_000,
  idleMs: 600_000,
} as const
