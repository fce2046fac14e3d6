import type { Clock } from '@tallystick/client-sdk'

export type HandClock = Clock & {
  /** Lets so many milliseconds pass, and what is due in them happen in its order. */
  pass(ms: number): void
  /** Acts that are due some time. */
  readonly waiting: number
}

/** A clock that is moved by hand. */
export function handClock(): HandClock {
  let now = 0
  const timers = new Set<{ readonly at: number; readonly act: () => void }>()
  return {
    nowMs: () => now,
    after: (ms, act) => {
      const timer = { at: now + ms, act }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    pass: (ms) => {
      const until = now + ms
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)
        if (next === undefined) break
        timers.delete(next)
        now = next.at
        next.act()
      }
      now = until
    },
    get waiting() {
      return timers.size
    },
  }
}
