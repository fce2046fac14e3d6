import { LedgerError } from './ledger-error.js'

/**
 * The answer of `work`, or `ledger_unreachable` when it takes longer than `limitMs`: a node may take a
 * connection and never answer, and somebody else's deadline may be next. `work` is told by the
 * signal; what does not listen goes on unheard.
 */
export async function inTime<T>(
  limitMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const detail = `the ledger did not answer within ${limitMs} ms`
      const error = new LedgerError({ code: 'ledger_unreachable', detail, retryable: true })
      limit.abort(error)
      reject(error)
    }, limitMs)
  })
  try {
    return await Promise.race([work(limit.signal), late])
  } finally {
    clearTimeout(timer)
  }
}
