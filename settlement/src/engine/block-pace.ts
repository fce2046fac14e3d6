/** When blocks are due, milliseconds. */
export type BlockTiming = {
  /** Between two blocks at least. */
  readonly blockIntervalMs: number
  /** Without transactions, a block is made after so long. */
  readonly heartbeatMs: number
}

/** When the next block of a node that needs nobody's leave is due; the first is due at once. */
export class BlockPace {
  readonly #timing: BlockTiming
  #lookedAt = -Infinity
  #heartbeatDue = -Infinity

  constructor(timing: BlockTiming) {
    this.#timing = timing
  }

  /**
   * Waits until a block is due: `isWaiting` tells whether there is anything for one. Tells whether
   * one is; none is once the signal is aborted.
   */
  async due(isWaiting: () => boolean, signal: AbortSignal): Promise<boolean> {
    const { blockIntervalMs } = this.#timing
    while (!signal.aborted) {
      await pause(this.#lookedAt + blockIntervalMs - performance.now(), signal)
      if (signal.aborted) break
      this.#lookedAt = performance.now()
      if (isWaiting() || this.#lookedAt >= this.#heartbeatDue) return true
    }
    return false
  }

  /** The block that was due was made. */
  made(): void {
    this.#heartbeatDue = this.#lookedAt + this.#timing.heartbeatMs
  }
}

/** Waits so long, at least for one turn of the event loop, or until the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, Math.max(0, ms))
    signal.addEventListener('abort', done)
    return undefined
  })
}
