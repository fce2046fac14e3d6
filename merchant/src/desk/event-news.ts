/** Tells whoever waits that there are new events; what they are, the store knows. */
export class EventNews {
  readonly #waiting = new Set<() => void>()
  readonly #listeners = new Set<() => void>()

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Calls `act` at all news from now on. */
  listen(act: () => void): void {
    this.#listeners.add(act)
  }

  /** Kept at the next news, or when the signal is aborted. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      if (signal.aborted) return resolve()
      this.#waiting.add(done)
      signal.addEventListener('abort', done)
    })
  }

  tell(): void {
    for (const done of [...this.#waiting]) done()
    for (const act of this.#listeners) act()
  }
}
