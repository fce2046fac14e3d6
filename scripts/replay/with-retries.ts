import { LedgerError, WalletError } from '@tallystick/client-sdk'

/** Milliseconds between tries, and how long something that may pass is waited out. */
const PAUSE_MS = 200
const PATIENCE_MS = 120_000

/** Repeats what failed for a reason that passes by itself: a process of ours was restarting. */
export async function withRetries<T>(work: () => Promise<T>): Promise<T> {
  const until = Date.now() + PATIENCE_MS
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!mayPass(error) || Date.now() > until) throw error
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }
}

function mayPass(error: unknown): boolean {
  return (error instanceof WalletError || error instanceof LedgerError) && error.retryable
}
