/** When blocks are due, milliseconds. */
export type BlockTiming = {
  /** Between two blocks at least. */
  readonly blockIntervalMs: number
  /** Without transactions, a block is made after so long. */
  readonly heartbeatMs: number
}

/** Makes blocks one after the other until it is stopped. Lives as long as its node. */
export class BlockLoop {
  readonly #stop = new AbortController()
  readonly #running: Promise<void>

  /**
   * `isWaiting`: whether there is anything for a block. `make` makes one, and tells whether it
   * could; the first is due at once.
   */
  constructor(timing: BlockTiming, isWaiting: () => boolean, make: () => Promise<boolean>) {
    this.#running = this.#run(timing, isWaiting, make)
  }

  /** Ends when the loop does: after `stop`, or with what `make` failed with. */
  get ended(): Promise<void> {
    return this.#running
  }

  stop(): void {
    this.#stop.abort()
  }

  async #run(
    { blockIntervalMs, heartbeatMs }: BlockTiming,
    isWaiting: () => boolean,
    make: () => Promise<boolean>,
  ): Promise<void> {
    const { signal } = this.#stop
    let heartbeatDue = performance.now()
    while (!signal.aborted) {
      const started = performance.now()
      if ((isWaiting() || started >= heartbeatDue) && (await make())) {
        heartbeatDue = started + heartbeatMs
      }
      await pause(started + blockIntervalMs - performance.now(), signal)
    }
  }
}

/** Waits so long, at least for one turn of the event loop, or until the signal is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
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
