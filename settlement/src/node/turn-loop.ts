/** Takes one turn after the other until it is stopped. Lives as long as its node. */
export class TurnLoop {
  readonly #stop = new AbortController()
  readonly #running: Promise<void>

  /** `take` takes one turn; the first begins at once. */
  constructor(take: (signal: AbortSignal) => Promise<void>) {
    this.#running = this.#run(take)
  }

  /** Ends when the loop does: after `stop`, or with what `take` failed with. */
  get ended(): Promise<void> {
    return this.#running
  }

  stop(): void {
    this.#stop.abort()
  }

  async #run(take: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) await take(signal)
  }
}
