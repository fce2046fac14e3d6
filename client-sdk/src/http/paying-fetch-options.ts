import type { Fetch } from '../ledger/ledger-http.js'
import type { Offer } from './offer.js'
import type { Budget } from './spending.js'

export type PayingFetchOptions = {
  /** What may be spent: all hosts together, and each, in a day of ledger time, base units. */
  readonly budget: Budget & {
    /**
     * For one request, its redirects included, without the hub's fee; absent: whatever is asked. Ticks that a seller
     * says it has not taken count for the request that they pay in the end.
     */
    readonly perRequest?: bigint
    /** For all that this `fetch` pays, hub's fees included; absent: no end but the others. */
    readonly inAll?: bigint
  }
  /** Asked before an origin is paid, once for each offer that it makes: what it throws refuses. */
  readonly approve?: (asked: AskedPrice) => Promise<void>
  /** Ticks that are opened at a time for an offer of a host; absent: 256. */
  readonly ticks?: number
  /** Ticks of a stream that a host may owe service for (INV-32); absent: 16. */
  readonly exposure?: number
  /** Seconds that a request waits while the host owes as much service as it may; absent: 30. */
  readonly waitSeconds?: number
  /** Pays over plain http as well, where others may read along; absent: to this machine only. */
  readonly allowHttp?: boolean
  /** Absent: the platform's. */
  readonly fetch?: Fetch
}

/** What an origin asks before it is paid. */
export type AskedPrice = {
  readonly url: URL
  readonly offer: Offer
  /** Ticks of one request. */
  readonly ticks: number
  /** Of the stream that the budget has room for now, two at least; of them all its ticks are set aside. */
  readonly streamTicks: number
  /** What a tick of that stream costs with the hub's fee, base units: the more it has, the less. */
  readonly tickCost: bigint
}
