import type { Clock } from '@tallystick/client-sdk'
import { RATE_KEYS_MAX } from '../limits.js'

/** How many may come at once, and milliseconds until the next one more. */
export type Rate = { readonly burst: number; readonly refillMs: number }

/** A token bucket per key. A bucket that is full costs nothing, and there are at most `RATE_KEYS_MAX` others. */
export class TokenBuckets<Key> {
  readonly #clock: Clock
  readonly #rate: Rate
  /** When the bucket of a key is full again, milliseconds; what is not here has a full one. */
  readonly #fullAt = new Map<Key, number>()

  constructor(clock: Clock, rate: Rate) {
    this.#clock = clock
    this.#rate = rate
  }

  /** Buckets that are remembered. */
  get size(): number {
    return this.#fullAt.size
  }

  /** Takes a token, if there is one. */
  takes(key: Key): boolean {
    const now = this.#clock.nowMs()
    const fullAt = this.#afterNext(key, now)
    if (fullAt === undefined) return false
    this.#remember(key, fullAt, now)
    return true
  }

  /** Takes so many, as far as there are any. */
  drain(key: Key, count: number): void {
    const { burst, refillMs } = this.#rate
    const now = this.#clock.nowMs()
    const fullAt = Math.max(this.#fullAt.get(key) ?? now, now) + count * refillMs
    this.#remember(key, Math.min(fullAt, now + burst * refillMs), now)
  }

  /** Whether there is a token to take. */
  has(key: Key): boolean {
    return this.#afterNext(key, this.#clock.nowMs()) !== undefined
  }

  /** When the bucket would be full again after one more is taken; absent: there is none to take. */
  #afterNext(key: Key, now: number): number | undefined {
    const { burst, refillMs } = this.#rate
    const missingMs = Math.max((this.#fullAt.get(key) ?? now) - now, 0)
    return missingMs > (burst - 1) * refillMs ? undefined : now + missingMs + refillMs
  }

  /**
   * The longest unheard come first: what is full again of them need not be remembered. Where too many
   * strangers came for that, the longest unheard is given its tokens back.
   */
  #remember(key: Key, fullAt: number, now: number): void {
    this.#fullAt.delete(key)
    this.#fullAt.set(key, fullAt)
    for (const [other, otherFullAt] of this.#fullAt) {
      if (otherFullAt > now && this.#fullAt.size <= RATE_KEYS_MAX) break
      this.#fullAt.delete(other)
    }
  }
}
