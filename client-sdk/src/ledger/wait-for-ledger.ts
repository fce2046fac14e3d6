import type { Clock } from '../clock.js'
import { LedgerError } from './ledger-error.js'
import { pause } from './pause.js'

/** Milliseconds between tries while the ledger is away. */
const RETRY_MS = 250
/** Tries between two words to the operator: the first at once, then one every 10 s. */
const TRIES_PER_REPORT = 40

/**
 * Repeats `work` while the ledger is out of reach: a server outlives the restarts of its ledger. Errors
 * that do not pass by themselves are thrown, and so is the abortion of `signal`. `onTrouble` is told
 * of the first failure and then of one every 10 s.
 */
export async function waitForLedger<T>(
  work: () => Promise<T>,
  {
    clock,
    signal,
    onTrouble,
  }: {
    readonly clock: Clock
    readonly signal: AbortSignal | undefined
    readonly onTrouble: (error: unknown) => void
  },
): Promise<T> {
  for (let tries = 0; ; tries++) {
    signal?.throwIfAborted()
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof LedgerError && error.retryable)) throw error
      if (tries % TRIES_PER_REPORT === 0) onTrouble(error)
    }
    await pause(RETRY_MS, signal, clock)
  }
}
