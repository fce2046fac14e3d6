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

/** Who is counted: a client by a channel of its own, which no new name makes another; a stranger by its name. */
export type Speaker = ChannelId | PublicKey

/**
 * How often clients may do what costs the hub and brings nobody anything (WIRE-9). Payments are not
 * among it: whoever pays much takes turns with the others (INV-46), and is not counted.
 */
export class Conduct {
  readonly #connections: TokenBuckets<string>
  readonly #attaches: TokenBuckets<PublicKey>
  readonly #attachesOf: TokenBuckets<ChannelId>
  readonly #refusals: TokenBuckets<Speaker>
  readonly #requests: TokenBuckets<Speaker>
  readonly #letters: TokenBuckets<ChannelId>
  readonly #misuses: TokenBuckets<ChannelId>
  readonly #complaints: TokenBuckets<'all'>

  constructor(clock: Clock) {
    this.#connections = new TokenBuckets(clock, CONNECT_RATE)
    this.#attaches = new TokenBuckets(clock, ATTACH_RATE)
    this.#attachesOf = new TokenBuckets(clock, ATTACH_RATE)
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

  /**
   * One more attach, or answer to a resume, by this client: either costs signature checks. Of the channel it
   * takes nothing yet: whose it is has not been proved.
   */
  mayAttach(client: PublicKey, channel: ChannelId): boolean {
    const isDue = this.#misuses.has(channel) && this.#attachesOf.has(channel)
    return isDue && this.#attaches.takes(client)
  }

  /** The client has proved that the channel is its own, under whatever name it came. */
  hasAttached(channel: ChannelId): void {
    this.#attachesOf.takes(channel)
  }

  /** One more thing said that leads to nothing. */
  mayBeRefused(speaker: Speaker): boolean {
    return this.#refusals.takes(speaker)
  }

  /** One more complaint of anybody that the operator is told: identities are free, and a log is not. */
  mayComplain(): boolean {
    return this.#complaints.takes('all')
  }

  /** One more request for liquidity. */
  mayRequest(speaker: Speaker): boolean {
    return this.#requests.takes(speaker)
  }

  /** One more letter of who speaks for this channel. */
  mayPut(channel: ChannelId): boolean {
    return this.#letters.takes(channel)
  }

  /**
   * The client of the channel sent a proof with a wrong signature, for which a whole batch is decided anew,
   * or too much that led to nothing.
   */
  misused(channel: ChannelId): void {
    this.#misuses.takes(channel)
  }
}
