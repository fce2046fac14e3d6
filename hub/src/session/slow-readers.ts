import { SESSION_BUFFER_BYTES_MAX, SLOW_BUFFER_BYTES_MIN, SLOW_READERS_MAX } from '../limits.js'

/** A connection on which bytes wait that its other end has not read. */
export type Reader = {
  readonly unreadBytes: number
  /** Hangs up without a word: none would be read. */
  cutOff(): void
}

/**
 * Bounds what waits to be read, of one connection and of all together (INV-45): few may leave much
 * unread at a time, and the one that has for the longest has to go. It syncs when it is back.
 */
export class SlowReaders<Connection extends Reader> {
  /** Who left much unread when it was last looked at, the longest first. */
  readonly #slow = new Set<Connection>()

  /**
   * What a connection is to be sent as `frame`: one that has to wait is copied, because it shares memory with
   * what others are told, and 37 bytes that nobody reads would keep 16 KiB.
   */
  frameFor({ unreadBytes }: Connection, frame: Uint8Array): Uint8Array {
    return unreadBytes === 0 ? frame : new Uint8Array(frame)
  }

  /** Looks at a connection that was just written to. */
  note(connection: Connection): void {
    const { unreadBytes } = connection
    if (unreadBytes < SLOW_BUFFER_BYTES_MIN) return this.forget(connection)
    if (unreadBytes > SESSION_BUFFER_BYTES_MAX) return this.#cutOff(connection)
    this.#slow.add(connection)
    if (this.#slow.size > SLOW_READERS_MAX) this.#makeRoom()
  }

  forget(connection: Connection): void {
    this.#slow.delete(connection)
  }

  #makeRoom(): void {
    for (const connection of this.#slow) {
      if (connection.unreadBytes < SLOW_BUFFER_BYTES_MIN) this.#slow.delete(connection)
    }
    const [longest] = this.#slow
    if (this.#slow.size > SLOW_READERS_MAX && longest !== undefined) this.#cutOff(longest)
  }

  #cutOff(connection: Connection): void {
    this.#slow.delete(connection)
    connection.cutOff()
  }
}
