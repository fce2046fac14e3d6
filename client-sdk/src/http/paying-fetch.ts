import type { Fetch } from '../ledger/ledger-http.js'
import { pause } from '../ledger/pause.js'
import type { Caller } from '../wallet/wallet-core.js'
import { WalletError } from '../wallet-error.js'
import { POSITION, PRICE, RECEIPT, TICKS } from './headers.js'
import { KnownOffers } from './known-offers.js'
import { isSameOffer, type Offer, ticksFor } from './offer.js'
import { OpenedSellers, type PayingWallet } from './opened-sellers.js'
import { type PaidInAll, type PaidSoFar, PaidStreams } from './paid-streams.js'
import type { PayingFetchOptions } from './paying-fetch-options.js'
import { demandOf, type PaymentDemand } from './payment-demand.js'
import { redirectOf } from './redirect.js'
import { repeatable, requireReplayable } from './replayable-body.js'
import type { Payment, Seller } from './seller.js'

/** A `fetch` that pays by itself. */
export type PayingFetch = Fetch & {
  paid(): PaidSoFar
  /**
   * Ends what is paid to the origin of an address, also what an earlier process has opened: the seller is told there,
   * and gives the rest back. The next request that costs something begins anew. Kept once the seller was told or
   * cannot be: then it keeps the rest until the expiry, and no longer.
   */
  leave(url: string | URL): Promise<void>
  /**
   * Leaves all origins that it has paid, and waits until what is left of the streams is back; where the wait is
   * given up, it comes back by itself, at the expiry at the latest.
   */
  close(caller?: Caller): Promise<PaidInAll>
}

/** Attempts for one request: until a stream has arrived, and the turns of a stream that rolls over. */
const ATTEMPTS_MAX = 60
const REDIRECTS_MAX = 5
const PENDING_MS = 100
/** A request waits so long for the service that its seller owes. */
const WAIT_SECONDS = 30

/** What one request was given in all, at whatever hops, base units. */
type Spent = { sum: bigint }

/**
 * A `fetch` that pays by itself for what is answered with 402 and an offer (HTTP402-7), within a budget that is on
 * disk. Ticks go to the origin that asked for them and no other. A stream that an earlier process has opened for that
 * origin goes on where its seller says that it stands (HTTP402-5). Errors, beside those of `fetch`: `budget_spent`,
 * `stream_refused`, `price_above_cap`, `exposure_reached`, `redirect_refused`, `insecure_url`, `body_not_replayable`, `offer_unusable`, `payment_refused`, and why no
 * stream could be opened.
 */
export function payingFetch(wallet: PayingWallet, options: PayingFetchOptions): PayingFetch {
  const buyer = new Buyer(wallet, options)
  const pays: Fetch = (input, init) => buyer.fetch(input, init)
  return Object.assign(pays, {
    paid: () => buyer.paid(),
    leave: (url: string | URL) => buyer.leave(new URL(url)),
    close: (caller: Caller = {}) => buyer.close(caller),
  })
}

class Buyer {
  readonly #options: PayingFetchOptions
  readonly #fetch: Fetch
  readonly #sellers: OpenedSellers
  readonly #offers = new KnownOffers()
  readonly #streams = new PaidStreams()
  constructor(wallet: PayingWallet, options: PayingFetchOptions) {
    this.#options = options
    const plain = options.fetch ?? globalThis.fetch
    this.#fetch = (input, init) => plain(input, init)
    this.#sellers = new OpenedSellers(wallet, { ...options, fetch: this.#fetch }, this.#streams)
  }

  async fetch(input: Parameters<Fetch>[0], init: Parameters<Fetch>[1] = {}): Promise<Response> {
    if (typeof input !== 'string' && !(input instanceof URL)) {
      throw new WalletError('url_invalid', 'paying needs an address, and options beside it')
    }
    const spent: Spent = { sum: 0n }
    let hop = { url: new URL(input), init }
    for (let hops = 0; hops <= REDIRECTS_MAX; hops++) {
      const response = await this.#ask(hop.url, repeatable(hop.init), spent)
      const next = redirectOf(hop, response)
      if (next === undefined) return response
      if (next.init.body !== undefined) requireReplayable(next.init)
      await response.body?.cancel()
      hop = next
    }
    throw new WalletError('too_many_redirects', `more than ${REDIRECTS_MAX} redirects`)
  }

  paid(): PaidSoFar {
    return this.#streams.soFar()
  }

  leave(url: URL): Promise<void> {
    return this.#sellers.leave(url)
  }

  async close(caller: Caller): Promise<PaidInAll> {
    await this.#sellers.leaveAll()
    return this.#streams.ended(caller)
  }

  /** One request and, where it has to be paid for, as many as that takes. */
  async #ask(url: URL, init: RequestInit, spent: Spent): Promise<Response> {
    const { origin } = url
    const method = init.method?.toUpperCase() ?? 'GET'
    let payment: Payment | undefined
    const pay = async (to: Seller) => {
      this.#requireRoom(to.offer, origin, spent)
      const next = await this.#pay(to, init.signal)
      spent.sum += next.amount
      return next
    }
    const refuse = (why: string) => new WalletError('payment_refused', `${origin} ${why}`)
    let [hasGoneOn, hasRepriced] = [false, false]
    try {
      const known = this.#mayPay(url) ? this.#expected(method, url, spent) : undefined
      if (known !== undefined) payment = await pay(known)
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        const response = await this.#send(url, init, payment)
        if (response.status !== 402) {
          this.#settle(method, url, payment, response)
          return response
        }
        const demand = await demandOf(response)
        if (demand === undefined) return response
        this.#offers.learn(method, url, demand.offer)
        if (!this.#mayPay(url)) {
          throw new WalletError(
            'insecure_url',
            `${origin} is not https: others could read the ticks`,
          )
        }
        requireReplayable(init)
        switch (demand.payment) {
          case 'pending':
            requireArriving(payment?.seller, origin)
            await pause(PENDING_MS, init.signal ?? undefined)
            continue
          case 'required':
            if (payment !== undefined) {
              // It has not seen the ticks: they pay for the next request.
              payment.settle('unused')
              throw refuse('asks again for what was paid')
            }
            this.#requireRoom(demand.offer, origin, spent)
            payment = await pay(await this.#sellers.to(url, demand.offer))
            continue
          case 'refused': {
            if (payment === undefined) throw refuse(`refuses the payment: ${demand.code}`)
            const { seller, isUncertain } = payment
            if (seller.stream.isInDoubt && demand.position !== undefined) {
              this.#streams.positioned(seller.stream, demand.position)
              payment.settle('served')
              payment = await pay(seller)
              continue
            }
            if (demand.code === 'price_changed' && !isSameOffer(seller.offer, demand.offer)) {
              if (hasRepriced) throw refuse('changes its price again and again')
              // It has taken none of the ticks: they pay for another request.
              hasRepriced = true
              payment.settle('unused')
              spent.sum -= payment.amount
              this.#requireRoom(demand.offer, origin, spent)
              payment = await pay(await this.#sellers.to(url, demand.offer))
              continue
            }
            // Others that asked meanwhile have found out where the stream stands.
            const hasAsked = payment.ticks === 0 && !seller.stream.isInDoubt
            const wasUsed = (isUncertain || hasAsked) && demand.code === 'tick_used'
            if (!wasUsed && (hasGoneOn || !goesOn(seller, demand))) {
              throw refuse(`refuses the payment: ${demand.code}`)
            }
            // What it took was served, or the stream is over: another one goes on.
            payment.settle('served')
            hasGoneOn ||= !wasUsed
            if (!wasUsed) await this.#sellers.end(seller)
            this.#requireRoom(demand.offer, origin, spent)
            payment = await pay(await this.#sellers.to(url, demand.offer))
          }
        }
      }
      throw new WalletError('payment_pending', `${origin} has not heard of the payment in time`, {
        retryable: true,
      })
    } finally {
      payment?.settle('uncertain')
    }
  }

  async #send(url: URL, init: RequestInit, payment: Payment | undefined): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.delete(TICKS)
    headers.delete(PRICE)
    if (payment !== undefined) {
      headers.set(TICKS, payment.token)
      headers.set(PRICE, `${payment.seller.offer.price}`)
    }
    // A redirect is followed here: ticks are for the origin that asked for them.
    const asked = { ...init, headers, redirect: 'manual' } as const
    try {
      return await this.#fetch(url, asked)
    } catch (error) {
      if (payment === undefined || init.signal?.aborted) throw error
      // The same ticks for the same request get the same answer (HTTP402-3).
      return this.#fetch(url, asked)
    }
  }

  #settle(
    method: string,
    url: URL,
    payment: Payment | undefined,
    { status, headers, type }: Response,
  ): void {
    if (payment === undefined) return
    const isTaken = headers.has(RECEIPT)
    if (isTaken) {
      payment.seller.url = url
      this.#offers.learn(method, url, payment.seller.offer)
    }
    if (payment.ticks === 0 && isTaken) {
      const { stream } = payment.seller
      this.#streams.positioned(stream, headers.get(POSITION) ?? payment.token)
    }
    // What fails by the server's fault was not used (HTTP402-3), nor for what is free; of another
    // origin's answer a page may not see whether it was.
    payment.settle(status >= 500 || (!isTaken && type !== 'cors') ? 'unused' : 'served')
  }

  /** Ticks for one request, by the next stream where this one is used up. */
  async #pay(seller: Seller, signal: AbortSignal | null | undefined): Promise<Payment> {
    try {
      return await seller.pay(this.#options.waitSeconds ?? WAIT_SECONDS, signal)
    } catch (error) {
      const isOver =
        error instanceof WalletError &&
        (error.code === 'budget_spent' || error.code === 'stream_ended')
      if (!isOver) throw error
      this.#sellers.retire(seller)
      return this.#pay(await this.#sellers.to(seller.url, seller.offer), signal)
    }
  }

  /** Who is paid with a request at once: where its price is known, or all that is known asks the same. */
  #expected(method: string, url: URL, spent: Spent): Seller | undefined {
    const offer = this.#offers.expected(method, url)
    // Where it would be too much, the seller says what it asks now.
    if (offer === undefined || !this.#hasRoom(offer, spent)) return undefined
    return this.#sellers.known(url.origin, offer)
  }

  /** Errors: `price_above_cap`. */
  #requireRoom(offer: Offer, origin: string, spent: Spent): void {
    if (this.#hasRoom(offer, spent)) return
    const { perRequest } = this.#options.budget
    const { sum } = spent
    const due = offer.unit * ticksFor(offer)
    const more = sum > 0n ? ` more than the ${sum} base units that it got` : ''
    const detail = `${origin} asks for ${due} base units${more}, allowed are ${perRequest} base units`
    throw new WalletError('price_above_cap', detail)
  }

  #hasRoom(offer: Offer, { sum }: Spent): boolean {
    const { perRequest } = this.#options.budget
    return perRequest === undefined || sum + offer.unit * ticksFor(offer) <= perRequest
  }

  #mayPay({ protocol, hostname }: URL): boolean {
    const isHere = hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname)
    return (
      protocol === 'https:' ||
      (protocol === 'http:' && (isHere || this.#options.allowHttp === true))
    )
  }
}

/**
 * Whoever waits for a stream to arrive is told why it never will. Errors: `stream_refused`, which is worth another
 * attempt where the payee may have room later.
 */
function requireArriving(seller: Seller | undefined, origin: string): void {
  const { endedBy = '' } = seller?.stream ?? {}
  if (endedBy === '' || endedBy === 'stream_ended') return
  const isRoom = endedBy === 'no_liquidity' || endedBy === 'payee_unknown'
  const detail = isRoom
    ? `${origin} has no room to be paid now (${endedBy}): its wallet has to ask its hub for inbound`
    : `the stream to ${origin} was refused: ${endedBy}`
  throw new WalletError('stream_refused', detail, { retryable: isRoom })
}

/** Whether another stream may do where this one is refused: it is over, or the price has changed. */
function goesOn(seller: Seller, { code, offer }: PaymentDemand): boolean {
  return code === 'stream_ended' || !isSameOffer(seller.offer, offer)
}
