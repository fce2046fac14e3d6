import type { Clock } from '@tallystick/client-sdk'
import { CLOSE_MS, HANDSHAKE_MS, PING_MS } from '../limits.js'

/** A connection whose other end has to show that it is there. */
export type Beating = {
  /** Once in every round of `PING_MS`. */
  beat(): void
  /** It has not proved in `HANDSHAKE_MS` who it is. */
  timeOut(): void
  /** It was told to hang up, and has not in `CLOSE_MS`. */
  cutOff(): void
}

/** Of all connections so many parts are asked one after the other: never all at once. */
const PARTS = 20

/** One timer for the pings, handshakes and farewells of all connections; it rests while there are none. */
export class Heartbeat<Connection extends Beating> {
  readonly #clock: Clock
  readonly #parts = Array.from({ length: PARTS }, () => new Set<Connection>())
  /** Who has not proved anything yet, the oldest first, and until when it may. */
  readonly #challenged = new Map<Connection, number>()
  /** Who was told to hang up. */
  readonly #leaving = new Map<Connection, number>()
  #turn = 0
  #size = 0
  #cancel: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(connection: Connection): void {
    // The part whose turn was last: it is asked for the first time after a whole round.
    this.#parts[this.#turn]?.add(connection)
    this.#size++
    this.#challenged.set(connection, this.#clock.nowMs() + HANDSHAKE_MS)
    this.#cancel ??= this.#clock.after(PING_MS / PARTS, () => this.#tick())
  }

  proven(connection: Connection): void {
    this.#challenged.delete(connection)
  }

  /** Nothing more is asked of it but to hang up. */
  leaving(connection: Connection): void {
    this.#challenged.delete(connection)
    if (!this.#parts.some((part) => part.delete(connection))) return
    this.#leaving.set(connection, this.#clock.nowMs() + CLOSE_MS)
  }

  /** It is gone. */
  remove(connection: Connection): void {
    this.leaving(connection)
    if (this.#leaving.delete(connection)) this.#size--
    if (this.#size > 0) return
    this.#cancel?.()
    this.#cancel = undefined
  }

  #tick(): void {
    this.#cancel = this.#clock.after(PING_MS / PARTS, () => this.#tick())
    for (const connection of this.#due(this.#challenged)) {
      this.#challenged.delete(connection)
      connection.timeOut()
    }
    for (const connection of this.#due(this.#leaving)) {
      this.remove(connection)
      connection.cutOff()
    }
    this.#turn = (this.#turn + 1) % PARTS
    for (const connection of this.#parts[this.#turn] ?? []) connection.beat()
  }

  /** Those whose time is over; all have the same time, so the first to begin come first. */
  #due(until: ReadonlyMap<Connection, number>): Connection[] {
    const now = this.#clock.nowMs()
    const due: Connection[] = []
    for (const [connection, end] of until) {
      if (end > now) break
      due.push(connection)
    }
    return due
  }
}
