import { setTimeout as pause } from 'node:timers/promises'
import { LedgerError } from '@tallystick/client-sdk'

/** Milliseconds between tries while the ledger is away. */
const RETRY_MS = 250

/**
 * Repeats `work` while the ledger is out of reach: a hub outlives the restarts of its ledger. Errors
 * that do not pass by themselves are thrown, and so is the abortion of `signal`.
 */
export async function waitForLedger<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  onTrouble: (error: unknown) => void,
): Promise<T> {
  for (;;) {
    signal.throwIfAborted()
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof LedgerError && error.retryable)) throw error
      onTrouble(error)
    }
    await pause(RETRY_MS, undefined, { signal })
  }
}
