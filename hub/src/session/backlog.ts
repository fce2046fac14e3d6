import { EVENTS_BYTES_MAX, EVENTS_MAX } from '../limits.js'

/** A session with frames that it could not hear yet. */
export type Hearer = {
  /** Hears one of them, and queues again if there are more. */
  hearNext(): void
}

/**
 * Bounds what waits for a batch, of all sessions together (INV-45). While there is no room sockets are
 * not read; as room comes sessions are heard in turns, a frame each, so that none is passed over.
 */
export class Backlog<Session extends Hearer> {
  readonly #queue = new Set<Session>()
  #events = 0
  #bytes = 0
  #isServing = false

  /** Whether another frame may be heard. */
  get hasRoom(): boolean {
    return this.#events < EVENTS_MAX && this.#bytes < EVENTS_BYTES_MAX
  }

  /** An event of so many bytes begins to wait. */
  enter(bytes: number): void {
    this.#events++
    this.#bytes += bytes
  }

  /** It is done. */
  leave(bytes: number): void {
    this.#events--
    this.#bytes -= bytes
    this.#serve()
  }

  /** Lets the session hear a frame when its turn has come and there is room. */
  queue(session: Session): void {
    this.#queue.add(session)
    this.#serve()
  }

  forget(session: Session): void {
    this.#queue.delete(session)
  }

  /** Whoever queues again meanwhile has its turn behind the others. */
  #serve(): void {
    if (this.#isServing) return
    this.#isServing = true
    for (const session of this.#queue) {
      if (!this.hasRoom) break
      this.#queue.delete(session)
      session.hearNext()
    }
    this.#isServing = false
  }
}
