/**
 * Time for patience: when to try again, when to give up. No rule looks at it; ledger time, which
 * they go by, comes from headers.
 */
export type Clock = {
  /** Milliseconds since some moment; never falls. */
  nowMs(): number
  /** Calls `act` once, `ms` later; call the answer, and it is not called any more. */
  after(ms: number, act: () => void): () => void
}

/** The clock of the process. */
export const PROCESS_CLOCK: Clock = {
  nowMs: () => performance.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms)
    return () => clearTimeout(timer)
  },
}
