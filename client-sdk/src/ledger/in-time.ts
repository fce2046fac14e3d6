import type { Clock } from '../clock.js'
import { LedgerError } from './ledger-error.js'

/**
 * The answer of `work`, or `ledger_unreachable` when it takes longer than `limitMs`: a node may take a
 * connection and never answer, and somebody else's deadline may be next. `work` is told by the
 * signal; what does not listen goes on unheard.
 */
export async function inTime<T>(
  clock: Clock,
  limitMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController()
  let cancel = () => {}
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(limitMs, () => {
      const detail = `the ledger did not answer within ${limitMs} ms`
      const error = new LedgerError({ code: 'ledger_unreachable', detail, retryable: true })
      limit.abort(error)
      reject(error)
    })
  })
  try {
    return await Promise.race([work(limit.signal), late])
  } finally {
    cancel()
  }
}
