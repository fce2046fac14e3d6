import type { Clock } from '@tallystick/client-sdk'
import { BACKUP_BURST, BACKUP_REFILL_MS } from '../limits.js'

/** A token bucket per client. */
export class RequestRate<Client> {
  readonly #clock: Clock
  /** When the bucket of a client is full again, milliseconds; who is not here has a full one. */
  readonly #fullAt = new Map<Client, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes a token, if there is one. */
  takes(client: Client): boolean {
    const now = this.#clock.nowMs()
    const fullAt = Math.max(this.#fullAt.get(client) ?? now, now) + BACKUP_REFILL_MS
    if (fullAt - now > BACKUP_BURST * BACKUP_REFILL_MS) return false
    this.#fullAt.delete(client)
    this.#fullAt.set(client, fullAt)
    // The longest unheard come first: what is full again of them need not be remembered.
    for (const [other, otherFullAt] of this.#fullAt) {
      if (otherFullAt > now) break
      this.#fullAt.delete(other)
    }
    return true
  }
}
