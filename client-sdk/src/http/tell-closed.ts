import type { Fetch } from '../ledger/ledger-http.js'
import { backOffMs, pause } from '../ledger/pause.js'
import { TICKS } from './headers.js'

/** A seller is given so long to hear that a stream is over, milliseconds. */
const TELL_MS = 10_000

/**
 * Tells the seller behind `url` by `token`, a closing frame, that its streams are over, so that it gives the rest back
 * (STREAM-7); again and again until it has heard, or ten seconds are over. A seller that never hears of it keeps the
 * rest locked until the expiry, and no longer.
 */
export async function tellClosed(fetch: Fetch, url: URL, token: string): Promise<void> {
  const signal = AbortSignal.timeout(TELL_MS)
  for (let attempt = 0; ; attempt++) {
    try {
      const headers = { [TICKS]: token }
      const asked = {
        method: 'HEAD',
        headers,
        redirect: 'manual',
        keepalive: true,
        signal,
      } as const
      const { status } = await fetch(url, asked)
      // It may not know the stream yet (402), or be about to start (5xx).
      if (status !== 402 && status < 500) return
    } catch {
      if (signal.aborted) return
    }
    try {
      await pause(backOffMs(attempt, Math.random()), signal)
    } catch {
      return
    }
  }
}
