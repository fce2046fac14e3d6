import type { Clock } from '@tallystick/client-sdk'

type Due = { readonly at: number; readonly order: number; readonly act: () => void }

/** Virtual time: what is due, in order; of two things at one moment the first that was asked for. */
export class Schedule {
  readonly #heap: Due[] = []
  #orders = 0
  #nowMs = 0
  /** Things done so far. */
  events = 0

  get nowMs(): number {
    return this.#nowMs
  }

  /** Does `act` after `ms`; call the answer, and it is not done. */
  after(ms: number, act: () => void): () => void {
    let isCancelled = false
    const due = {
      at: this.#nowMs + Math.max(0, Math.round(ms)),
      order: this.#orders++,
      act: () => {
        if (!isCancelled) act()
      },
    }
    this.#push(due)
    return () => {
      isCancelled = true
    }
  }

  /** Kept after `ms`. */
  pause(ms: number): Promise<void> {
    return new Promise((done) => {
      this.after(ms, done)
    })
  }

  /**
   * Does what is due next, and lets everybody react until nobody has anything to say: promises
   * settle in the order that they were made in, so this is the same every time.
   */
  async step(): Promise<boolean> {
    const due = this.#pop()
    if (due === undefined) return false
    this.#nowMs = due.at
    this.events++
    due.act()
    await new Promise((done) => {
      setImmediate(done)
    })
    return true
  }

  /** The clock as shells see it. */
  get clock(): Clock {
    return { nowMs: () => this.#nowMs, after: (ms, act) => this.after(ms, act) }
  }

  #push(due: Due): void {
    const heap = this.#heap
    let at = heap.push(due) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(due, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = due
  }

  #pop(): Due | undefined {
    const heap = this.#heap
    const [first] = heap
    const last = heap.pop()
    if (first === undefined || last === undefined || first === last) return first
    let at = 0
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]]
      const isRight = left !== undefined && right !== undefined && isBefore(right, left)
      const least = isRight ? right : left
      if (least === undefined || !isBefore(least, last)) break
      heap[at] = least
      at = 2 * at + (isRight ? 2 : 1)
    }
    heap[at] = last
    return first
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
