/**
 * Lets at most `max` requests be under way at a time; the others wait in the order in which they
 * came. With as many at a time the connections of a process are used again and again, and a node
 * that takes so many of one address (API-12) refuses none.
 */
export class RequestTurns {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(max: number) {
    this.#free = max
  }

  /** What `request` gives, begun once it is its turn. Rejects with the signal's reason while it waits. */
  async take<T>(signal: AbortSignal | undefined, request: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted()
    // What need not wait is asked at once, in the order in which it is called.
    if (this.#free > 0) this.#free--
    else await this.#turn(signal)
    try {
      return await request()
    } finally {
      this.#pass()
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const begin = () => {
        signal?.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = () => {
        this.#waiting.delete(begin)
        reject(signal?.reason)
      }
      this.#waiting.add(begin)
      signal?.addEventListener('abort', giveUp, { once: true })
    })
  }

  #pass(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#free++
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
