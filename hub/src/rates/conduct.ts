import type { Clock } from '@tallystick/client-sdk'
import type { ChannelId, PublicKey } from '@tallystick/protocol'
import {
  ATTACH_RATE,
  COMPLAINT_RATE,
  CONNECT_RATE,
  ENDED_SESSION_CONNECTS,
  LETTER_RATE,
  MISUSE_RATE,
  REFUSAL_RATE,
  REQUEST_RATE,
} from '../limits.js'
import { TokenBuckets } from './token-buckets.js'

/**
 * How often clients may do what costs the hub and brings nobody anything (WIRE-9). Payments are not
 * among it: whoever pays much takes turns with the others (INV-46), and is not counted.
 */
export class Conduct {
  readonly #connections: TokenBuckets<string>
  readonly #attaches: TokenBuckets<PublicKey>
  readonly #refusals: TokenBuckets<PublicKey>
  readonly #requests: TokenBuckets<PublicKey>
  readonly #letters: TokenBuckets<PublicKey>
  readonly #misuses: TokenBuckets<ChannelId>
  readonly #complaints: TokenBuckets<'all'>

  constructor(clock: Clock) {
    this.#connections = new TokenBuckets(clock, CONNECT_RATE)
    this.#attaches = new TokenBuckets(clock, ATTACH_RATE)
    this.#refusals = new TokenBuckets(clock, REFUSAL_RATE)
    this.#requests = new TokenBuckets(clock, REQUEST_RATE)
    this.#letters = new TokenBuckets(clock, LETTER_RATE)
    this.#misuses = new TokenBuckets(clock, MISUSE_RATE)
    this.#complaints = new TokenBuckets(clock, COMPLAINT_RATE)
  }

  /** One more connection from this address. */
  mayConnect(address: string): boolean {
    return this.#connections.takes(address)
  }

  /** A session from this address had to be ended for what it said: whoever does that again waits longer. */
  wasEnded(address: string): void {
    this.#connections.drain(address, ENDED_SESSION_CONNECTS)
  }

  /** One more attach, or answer to a resume, by this client: either costs signature checks. */
  mayAttach(client: PublicKey, channel: ChannelId): boolean {
    return this.#misuses.has(channel) && this.#attaches.takes(client)
  }

  /** One more thing said by this client that leads to nothing. */
  mayBeRefused(client: PublicKey): boolean {
    return this.#refusals.takes(client)
  }

  /** One more complaint of anybody that the operator is told: identities are free, and a log is not. */
  mayComplain(): boolean {
    return this.#complaints.takes('all')
  }

  /** One more request for liquidity by this client. */
  mayRequest(client: PublicKey): boolean {
    return this.#requests.takes(client)
  }

  /** One more letter of this client. */
  mayPut(client: PublicKey): boolean {
    return this.#letters.takes(client)
  }

  /**
   * The client of the channel sent a proof with a wrong signature, for which a whole batch is decided anew,
   * or too much that led to nothing.
   */
  misused(channel: ChannelId): void {
    this.#misuses.takes(channel)
  }
}
