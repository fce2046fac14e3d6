import type { Clock } from '@tallystick/client-sdk'
import type { ChannelId, PublicKey } from '@tallystick/protocol'
import { ATTACH_RATE, CONNECT_RATE, FORGERY_RATE, REFUSAL_RATE, REQUEST_RATE } from '../limits.js'
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
  readonly #forgeries: TokenBuckets<ChannelId>

  constructor(clock: Clock) {
    this.#connections = new TokenBuckets(clock, CONNECT_RATE)
    this.#attaches = new TokenBuckets(clock, ATTACH_RATE)
    this.#refusals = new TokenBuckets(clock, REFUSAL_RATE)
    this.#requests = new TokenBuckets(clock, REQUEST_RATE)
    this.#forgeries = new TokenBuckets(clock, FORGERY_RATE)
  }

  /** One more connection from this address. */
  mayConnect(address: string): boolean {
    return this.#connections.takes(address)
  }

  /** One more attach, or answer to a resume, by this client: either costs signature checks. */
  mayAttach(client: PublicKey, channel: ChannelId): boolean {
    return this.#forgeries.has(channel) && this.#attaches.takes(client)
  }

  /** One more thing said by this client that leads to nothing. */
  mayBeRefused(client: PublicKey): boolean {
    return this.#refusals.takes(client)
  }

  /** One more request for liquidity by this client. */
  mayRequest(client: PublicKey): boolean {
    return this.#requests.takes(client)
  }

  /** A proof of the channel was not signed by its client: for each, a whole batch is decided anew. */
  forged(channel: ChannelId): void {
    this.#forgeries.takes(channel)
  }
}
