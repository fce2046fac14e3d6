import { type Clock, pause } from '@tallystick/client-sdk'

/** Times as long as a page of history took, nothing more of it is read. */
const RESTS = 19

/**
 * What comes after each page of history that is read behind the payments (JRN-3): a rest, so that reading takes a
 * twentieth of the time, and less of the machine where others want it too. A start is when a hub has most to do,
 * and how long that lasts must not depend on what was paid before (INV-48): with 50 ms after each 512 rows a fifth
 * of a core went into it, for half a minute with 200,000 payments. Resolves early once `signal` is aborted.
 */
export function historyPace(clock: Clock, signal: AbortSignal): () => Promise<void> {
  let from = clock.nowMs()
  return async () => {
    const ended = pause(RESTS * (clock.nowMs() - from), signal, clock)
    await ended.catch(() => undefined)
    from = clock.nowMs()
  }
}
