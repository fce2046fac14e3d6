import { EVENTS_BYTES_MAX, EVENTS_MAX } from '../limits.js'

/** A session that has said more than could be heard yet. */
export type Hearer = {
  /** Whether it is in the middle of a frame, whose bytes are counted already. */
  readonly isBegun: boolean
  /** Hears what it has room for, and queues again if more is left. */
  hearNext(): void
}

/**
 * Bounds what waits for a batch, of all sessions together (INV-45, INV-46), and shares it: a session may have
 * as many events waiting as there is room left (Choudhury and Hahne's dynamic threshold). So however many
 * flood, there is some left for who comes next; what does not fit waits for its turn, and sockets are not
 * read meanwhile.
 */
export class Backlog<Session extends Hearer> {
  /** Whose turn comes, in this order. */
  readonly #queue = new Set<Session>()
  /** Whose turn came when there was no memory for another frame. */
  readonly #overdue = new Set<Session>()
  #events = 0
  #bytes = 0
  #isServing = false

  /** Whether a session of which so many events wait may be heard further. */
  hasRoomBeside(events: number): boolean {
    return events < EVENTS_MAX - this.#events
  }

  /** Whether another frame may be begun; one that is begun may always be heard to its end. */
  get hasRoomForFrame(): boolean {
    return this.#bytes < EVENTS_BYTES_MAX
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

  /** So many bytes more, or fewer, were read and are not yet heard. */
  hold(bytes: number): void {
    this.#bytes += bytes
  }

  /** Lets the session be heard when its turn has come and there is room. */
  queue(session: Session): void {
    this.#queue.add(session)
    this.#serve()
  }

  forget(session: Session): void {
    this.#queue.delete(session)
    this.#overdue.delete(session)
  }

  /** Whoever queues again meanwhile has its turn behind the others. */
  #serve(): void {
    if (this.#isServing) return
    this.#isServing = true
    while (this.hasRoomBeside(0)) {
      const session = this.#next()
      if (session === undefined) break
      session.hearNext()
    }
    this.#isServing = false
  }

  #next(): Session | undefined {
    for (const session of this.hasRoomForFrame ? this.#overdue : []) {
      this.#overdue.delete(session)
      return session
    }
    for (const session of this.#queue) {
      this.#queue.delete(session)
      if (session.isBegun || this.hasRoomForFrame) return session
      this.#overdue.add(session)
    }
    return undefined
  }
}
