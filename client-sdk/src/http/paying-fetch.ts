import type { Fetch } from '../ledger/ledger-http.js'
import { pause } from '../ledger/pause.js'
import type { OutgoingStream } from '../stream/outgoing-stream.js'
import type { Caller } from '../wallet/wallet-core.js'
import type { WalletStreams } from '../wallet/wallet-streams.js'
import { WalletError } from '../wallet-error.js'
import { POSITION, RECEIPT, TICKS } from './headers.js'
import { type Offer, ticksFor } from './offer.js'
import { type PaidInAll, type PaidSoFar, PaidStreams } from './paid-streams.js'
import { demandOf, type PaymentDemand } from './payment-demand.js'
import { redirectOf } from './redirect.js'
import { repeatable, requireReplayable } from './replayable-body.js'
import { type ClosedStream, type Payment, Seller } from './seller.js'
import { type Budget, dayOf } from './spending.js'
import { tellClosed } from './tell-closed.js'

/** A wallet, as far as paying needs it. */
export type PayingWallet = {
  readonly stream: Pick<WalletStreams, 'ledgerTime' | 'checkOffer' | 'leftFor' | 'openWithin'>
}

export type PayingFetchOptions = {
  /** What may be spent: all hosts together, and each, in a day of ledger time, base units. */
  readonly budget: Budget & {
    /** For one request, its redirects included, without the hub's fee; absent: whatever is asked. */
    readonly perRequest?: bigint
    /** For all that this `fetch` pays, hub's fees included; absent: no end but the others. */
    readonly inAll?: bigint
  }
  /** Asked before an origin is paid, and again when its offer changes: what it throws refuses. */
  readonly approve?: (asked: AskedPrice) => Promise<void>
  /** Ticks that are opened at a time for a host; absent: 256. */
  readonly ticks?: number
  /** Ticks that a host may owe service for (INV-32); absent: 16. */
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
}

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

const CHAIN_TICKS = 256
const EXPOSURE = 16
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
  readonly #wallet: PayingWallet
  readonly #options: PayingFetchOptions
  readonly #fetch: Fetch
  readonly #sellers = new Map<string, Seller>()
  /** Streams that are being opened, by origin: requests that come together share one. */
  readonly #opening = new Map<string, Promise<Seller>>()
  readonly #streams = new PaidStreams()
  readonly #approved = new Map<string, Offer>()
  /** One opening at a time counts what the others take of the budget. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(wallet: PayingWallet, options: PayingFetchOptions) {
    this.#wallet = wallet
    this.#options = options
    const plain = options.fetch ?? globalThis.fetch
    this.#fetch = (input, init) => plain(input, init)
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

  async leave(url: URL): Promise<void> {
    await this.#opening.get(url.origin)?.catch(() => undefined)
    const known = this.#sellers.get(url.origin)
    this.#sellers.delete(url.origin)
    const left = await this.#wallet.stream.leftFor(url.host)
    const closed = await Promise.all([
      ...(known === undefined ? [] : [known.close()]),
      ...left.map((stream) => this.#close(stream, url)),
    ])
    await Promise.all(closed.map(({ told }) => told))
  }

  async close(caller: Caller): Promise<PaidInAll> {
    await Promise.allSettled(this.#opening.values())
    await Promise.all([...this.#sellers.values()].map(({ url }) => this.leave(url)))
    return this.#streams.ended(caller)
  }

  /** One request and, where it has to be paid for, as many as that takes. */
  async #ask(url: URL, init: RequestInit, spent: Spent): Promise<Response> {
    const { origin } = url
    let payment: Payment | undefined
    const pay = async (to: Seller) => {
      this.#requireRoom(to.offer, origin, spent)
      const next = await this.#pay(to, init.signal)
      spent.sum += next.amount
      return next
    }
    const refuse = (why: string) => new WalletError('payment_refused', `${origin} ${why}`)
    let hasGoneOn = false
    try {
      const known = this.#sellers.get(origin)
      if (known !== undefined && this.#mayPay(url)) payment = await pay(known)
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        const response = await this.#send(url, init, payment)
        if (response.status !== 402) {
          this.#settle(url, payment, response)
          return response
        }
        const demand = await demandOf(response)
        if (demand === undefined) return response
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
            payment = await pay(await this.#sellerOf(url, demand.offer))
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
            // Others that asked meanwhile have found out where the stream stands.
            const hasAsked = payment.ticks === 0 && !seller.stream.isInDoubt
            const wasUsed = (isUncertain || hasAsked) && demand.code === 'tick_used'
            if (!wasUsed && (hasGoneOn || !goesOn(seller, demand))) {
              throw refuse(`refuses the payment: ${demand.code}`)
            }
            // What it took was served, or the stream is over: another one goes on.
            payment.settle('served')
            hasGoneOn ||= !wasUsed
            if (!wasUsed) await this.#leave(seller)
            this.#requireRoom(demand.offer, origin, spent)
            payment = await pay(await this.#sellerOf(url, demand.offer))
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
    if (payment !== undefined) headers.set(TICKS, payment.token)
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

  #settle(url: URL, payment: Payment | undefined, { status, headers, type }: Response): void {
    if (payment === undefined) return
    const isTaken = headers.has(RECEIPT)
    if (isTaken) payment.seller.url = url
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
      if (this.#sellers.get(seller.url.origin) === seller) {
        this.#sellers.delete(seller.url.origin)
        seller.retire()
      }
      return this.#pay(await this.#sellerOf(seller.url, seller.offer), signal)
    }
  }

  async #sellerOf(url: URL, offer: Offer): Promise<Seller> {
    const { origin } = url
    const known = this.#sellers.get(origin)
    if (known !== undefined && !known.stream.isClosed && isSameOffer(known.offer, offer))
      return known
    if (known !== undefined) await this.#leave(known)
    const opening = this.#opening.get(origin) ?? this.#open(url, offer)
    this.#opening.set(origin, opening)
    try {
      const seller = await opening
      this.#sellers.set(origin, seller)
      return seller
    } finally {
      this.#opening.delete(origin)
    }
  }

  async #open(url: URL, offer: Offer): Promise<Seller> {
    const { host } = url
    const { budget, ticks = CHAIN_TICKS, exposure = EXPOSURE } = this.#options
    const { stream } = this.#wallet
    await stream.checkOffer(offer)
    const need = Number(ticksFor(offer))
    if (need > 1_024) throw new WalletError('offer_unusable', `a request costs ${need} ticks`)
    await this.#approve({ url, offer, ticks: need })
    const left = await stream.leftFor(host)
    const isFit = ({ payee, unit }: OutgoingStream) => payee === offer.payee && unit === offer.unit
    // What an earlier process has locked is no part of a budget for all that this one pays.
    const again = budget.inAll === undefined ? left.find(isFit) : undefined
    await Promise.all(left.map((other) => other !== again && this.#close(other, url)))
    if (again !== undefined) {
      this.#streams.add(again, again.sent)
      return this.#sellerBy(url, offer, again)
    }
    const opening = this.#turn.then(async () => {
      const opened = await stream.openWithin({
        ...{ to: offer.payee, unit: offer.unit, ticks: Math.max(2, ticks, need) },
        ...{ least: Math.max(2, need), exposure: Math.max(exposure, need) },
        ...{ budget, host, day: dayOf(stream.ledgerTime), costMax: this.#left() },
      })
      this.#streams.add(opened, 0)
      return opened
    })
    this.#turn = opening.catch(() => undefined)
    return this.#sellerBy(url, offer, await opening)
  }

  /** Errors: `price_above_cap`. */
  #requireRoom(offer: Offer, origin: string, { sum }: Spent): void {
    const { perRequest } = this.#options.budget
    const due = offer.unit * ticksFor(offer)
    if (perRequest === undefined || sum + due <= perRequest) return
    const more = sum > 0n ? ` more than the ${sum} that it got` : ''
    const detail = `${origin} asks for ${due} base units${more}, allowed are ${perRequest}`
    throw new WalletError('price_above_cap', detail)
  }

  async #approve(asked: AskedPrice): Promise<void> {
    const { origin } = asked.url
    const before = this.#approved.get(origin)
    if (before !== undefined && isSameOffer(before, asked.offer)) return
    await this.#options.approve?.(asked)
    this.#approved.set(origin, asked.offer)
  }

  #left(): bigint | undefined {
    const { inAll } = this.#options.budget
    if (inAll === undefined) return undefined
    const spent = this.#streams.costMax()
    return inAll > spent ? inAll - spent : 0n
  }

  #sellerBy(url: URL, offer: Offer, stream: OutgoingStream): Seller {
    return new Seller({ url, offer, stream }, (seller) => this.#close(seller.stream, seller.url))
  }

  async #leave(seller: Seller): Promise<void> {
    const { origin } = seller.url
    // Another request may have gone on already.
    if (this.#sellers.get(origin) === seller) this.#sellers.delete(origin)
    await seller.close()
  }

  /** What is left of a stream comes back, if its seller cooperates: kept with the news that it is over here. */
  async #close(stream: OutgoingStream, url: URL): Promise<ClosedStream> {
    return { told: tellClosed(this.#fetch, url, await stream.close()) }
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

function isSameOffer(a: Offer, b: Offer): boolean {
  return a.payee === b.payee && a.unit === b.unit && a.price === b.price && a.hub === b.hub
}
