import { type PublicKey, type Rejection, reject } from '@tallystick/protocol'
import { REQUESTS_MAX, REQUESTS_PER_CLIENT_MAX } from '../limits.js'
import type { LiquidityRequest } from './liquidity-request.js'

/** Requests in the order in which they came, from the first word to the answer. */
export class LiquidityQueue {
  #waiting: readonly LiquidityRequest[] = []
  /** Requests of the batch that is being built or decided about. */
  #taken: readonly LiquidityRequest[] = []

  /** Whether requests wait for a batch. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** All that have not been answered, those first that came first. */
  get open(): readonly LiquidityRequest[] {
    return [...this.#taken, ...this.#waiting]
  }

  /** Why no more is taken from this client now; one client must not fill the queue for others. */
  refusal(client: PublicKey): Rejection<'hub_busy' | 'too_many_requests'> | undefined {
    const { open } = this
    if (open.length >= REQUESTS_MAX) {
      return reject('hub_busy', 'too many wait for the ledger already; ask again later')
    }
    return open.filter((request) => request.client === client).length >= REQUESTS_PER_CLIENT_MAX
      ? reject(
          'too_many_requests',
          `${REQUESTS_PER_CLIENT_MAX} requests of this client wait already; ask again later`,
        )
      : undefined
  }

  add(request: LiquidityRequest): void {
    this.#waiting = [...this.#waiting, request]
  }

  /** The first requests, at most `most`, for a batch. */
  take(most: number): readonly LiquidityRequest[] {
    this.#taken = this.#waiting.slice(0, most)
    this.#waiting = this.#waiting.slice(most)
    return this.#taken
  }

  /** Some that were taken wait again, before all others: they came first. */
  putBack(requests: readonly LiquidityRequest[]): void {
    this.#taken = this.#taken.filter((request) => !requests.includes(request))
    this.#waiting = [...requests, ...this.#waiting]
  }

  /** These are over; the answer is told last, when the queue does not know them any more. */
  answer(
    requests: readonly LiquidityRequest[],
    outcome: Parameters<LiquidityRequest['answer']>[0],
  ): void {
    const over = new Set(requests)
    this.#taken = this.#taken.filter((request) => !over.has(request))
    this.#waiting = this.#waiting.filter((request) => !over.has(request))
    for (const { answer } of requests) answer(outcome)
  }
}
