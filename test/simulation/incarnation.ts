import type { Clock } from '@tallystick/client-sdk'
import type { Schedule } from './schedule.js'

/** A promise that is never kept: what a process waits for that is gone. */
export function never<T>(): Promise<T> {
  return new Promise(() => undefined)
}

/**
 * One life of a process, from its start to its crash. Every effect that leaves it (a write, a sync, a
 * message, a timer, a transaction) asks `passes` first: a process that is gone does nothing any more,
 * and a crash can be put before any single one of them.
 */
export class Incarnation {
  readonly #schedule: Schedule
  readonly #onCrash: () => void
  #isAlive = true
  #effectsLeft = Infinity

  constructor(schedule: Schedule, onCrash: () => void) {
    this.#schedule = schedule
    this.#onCrash = onCrash
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** Whether the next effect happens; it does not if the process is gone, or goes just here. */
  passes(): boolean {
    if (!this.#isAlive) return false
    if (this.#effectsLeft === 0) {
      this.crash()
      return false
    }
    this.#effectsLeft--
    return true
  }

  /** The process goes after so many more effects. */
  crashAfter(effects: number): void {
    this.#effectsLeft = effects
  }

  crash(): void {
    if (!this.#isAlive) return
    this.#isAlive = false
    this.#onCrash()
  }

  /** The process ends by itself; nothing is told. */
  end(): void {
    this.#isAlive = false
  }

  /** Timers that die with the process. */
  get clock(): Clock {
    const schedule = this.#schedule
    return {
      nowMs: () => schedule.nowMs,
      after: (ms, act) =>
        schedule.after(ms, () => {
          if (this.passes()) act()
        }),
    }
  }
}
