import { CONTROL_FRAMES_MAX } from '../limits.js'

/** Whether the other end of a connection is there, and how much it makes of that. */
export class Pulse {
  /** Whether the last ping was answered. */
  #isAlive = true
  #controlFrames = 0

  /** A ping or pong came; whether it was one too many since the hub's last ping. */
  hear(kind: 'ping' | 'pong'): boolean {
    if (kind === 'pong') this.#isAlive = true
    this.#controlFrames++
    return this.#controlFrames > CONTROL_FRAMES_MAX
  }

  /**
   * A ping is due. The answer is false where the last one was not answered: the connection is dead. While it
   * `isPaused` an answer is not read, and says nothing about who sent it.
   */
  beat(isPaused: boolean): boolean {
    if (!this.#isAlive && !isPaused) return false
    this.#isAlive = isPaused
    this.#controlFrames = 0
    return true
  }
}
