import { type Clock, PROCESS_CLOCK } from '../clock.js'

/** Waits `ms`; rejects with the signal's reason as soon as it is aborted. */
export function pause(
  ms: number,
  signal: AbortSignal | undefined,
  clock: Clock = PROCESS_CLOCK,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', stop)
      resolve()
    })
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted) stop()
  })
}

/**
 * Milliseconds to wait before attempt `attempt` (0: the first repetition): doubling from a quarter
 * of a second to ten, of which a random half is taken off, so that many clients that lost one
 * server do not come back in step. `random` lies in 0..1.
 */
export function backOffMs(attempt: number, random: number): number {
  const whole = Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS_MIN * 2 ** Math.min(attempt, 16))
  return Math.round(whole * (1 - random / 2))
}

const BACK_OFF_MS_MIN = 250
const BACK_OFF_MS_MAX = 10_000
