import { isRejection, type Message, parseFrame, type Rejection } from '@tallystick/protocol'

/**
 * What a client has said and was not heard yet: whole frames, and the rest of the one that is being heard.
 * A frame is parsed when its first message is taken, and all of it (WIRE-7).
 */
export class Inbox {
  readonly #hold: (bytes: number) => void
  /** At most what one read of the socket has brought. */
  #frames: Uint8Array[] = []
  #messages: readonly Message[] = []
  #next = 0
  #messageBytes = 0

  /** `hold` is told how many bytes of parsed frames wait more, or fewer, than before. */
  constructor(hold: (bytes: number) => void) {
    this.#hold = hold
  }

  get isEmpty(): boolean {
    return !this.isBegun && this.#frames.length === 0
  }

  /** Whether a frame has been parsed and is not heard to its end. */
  get isBegun(): boolean {
    return this.#next < this.#messages.length
  }

  /** What each message of the frame that is being heard counts for. */
  get messageBytes(): number {
    return this.#messageBytes
  }

  push(frame: Uint8Array): void {
    this.#frames.push(frame)
  }

  /** The next message; `undefined`: nothing waits. A malformed frame is refused before any of it is heard. */
  take(): Message | Rejection | undefined {
    const refused = this.isBegun ? undefined : this.#begin()
    if (refused !== undefined) return refused
    const message = this.#messages[this.#next]
    if (message === undefined) return undefined
    this.#next++
    this.#hold(-this.#messageBytes)
    return message
  }

  clear(): void {
    this.#hold((this.#next - this.#messages.length) * this.#messageBytes)
    this.#frames = []
    this.#messages = []
    this.#next = 0
  }

  #begin(): Rejection | undefined {
    const frame = this.#frames.shift()
    if (frame === undefined) return undefined
    const messages = parseFrame(frame)
    if (isRejection(messages)) return messages
    this.#messages = messages
    this.#next = 0
    this.#messageBytes = Math.ceil(frame.length / messages.length)
    this.#hold(messages.length * this.#messageBytes)
    return undefined
  }
}
