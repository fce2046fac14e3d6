import { StoreFault } from '@tallystick/client-sdk'
import { type Incarnation, never } from './incarnation.js'
import type { Random } from './random.js'
import type { Schedule } from './schedule.js'

/** How the next write fails: nothing is written, or all of it, and nobody knows which. */
export type DiskFault = 'full' | 'ambiguous'

/**
 * A disk under a transactional store. A transaction is durable at one instant, some time after it was
 * handed in. A crash before leaves whole transactions only, in order: how many of those that were
 * under way is chance, as with a journal that is torn somewhere.
 */
export class VirtualDisk {
  readonly #schedule: Schedule
  readonly #random: Random
  #underway: { readonly write: () => void }[] = []
  #lastMs = 0
  /** What the next write meets. */
  fault: DiskFault | undefined

  constructor(schedule: Schedule, random: Random) {
    this.#schedule = schedule
    this.#random = random
  }

  /** Kept once `write` was done for good; rejects with `StoreFault` where the disk fails. */
  transact(life: Incarnation, write: () => void): Promise<void> {
    if (!life.passes()) return never()
    const { fault } = this
    this.fault = undefined
    if (fault === 'full') return Promise.reject(new StoreFault('store_failed', 'the disk is full'))
    const one = { write }
    this.#underway.push(one)
    this.#lastMs = Math.max(this.#lastMs, this.#schedule.nowMs + this.#random.int(1, 8))
    return new Promise((done, failed) => {
      this.#schedule.after(this.#lastMs - this.#schedule.nowMs, () => {
        if (!life.passes()) return
        this.#underway = this.#underway.filter((other) => other !== one)
        write()
        if (!life.passes()) return
        if (fault === 'ambiguous') failed(new StoreFault('store_failed', 'the sync failed'))
        else done()
      })
    })
  }

  /** What `look` finds on the disk, in its turn: the disk does one thing after the other. */
  read<T>(life: Incarnation, look: () => T): Promise<T> {
    if (!life.passes()) return never()
    this.#lastMs = Math.max(this.#lastMs, this.#schedule.nowMs + this.#random.int(0, 4))
    return new Promise((done) => {
      this.#schedule.after(this.#lastMs - this.#schedule.nowMs, () => {
        if (life.passes()) done(look())
      })
    })
  }

  /** The process is gone: some of what was under way reached the disk. */
  crash(): void {
    const kept = this.#random.int(0, this.#underway.length)
    for (const { write } of this.#underway.slice(0, kept)) write()
    this.#underway = []
  }
}
