import type { Fetch } from '../ledger/ledger-http.js'
import type { OutgoingStream } from '../stream/outgoing-stream.js'
import type { BudgetedWish, WalletStreams } from '../wallet/wallet-streams.js'
import { WalletError } from '../wallet-error.js'
import { type Offer, offerKey, ticksFor } from './offer.js'
import type { PaidStreams } from './paid-streams.js'
import type { PayingFetchOptions } from './paying-fetch-options.js'
import { type ClosedStream, Seller } from './seller.js'
import { Sellers } from './sellers.js'
import { dayOf } from './spending.js'
import { tellClosed } from './tell-closed.js'

/** A wallet, as far as paying needs it. */
export type PayingWallet = {
  readonly stream: Pick<
    WalletStreams,
    'ledgerTime' | 'checkOffer' | 'leftFor' | 'quoteWithin' | 'openWithin'
  >
}

const CHAIN_TICKS = 256
const EXPOSURE = 16
/** What is left of streams is waited for so long where another one needs it, milliseconds. */
const BACK_MS = 5_000

/** Opens streams for what origins offer, and ends them. */
export class OpenedSellers {
  readonly #wallet: PayingWallet
  readonly #options: PayingFetchOptions & { readonly fetch: Fetch }
  readonly #streams: PaidStreams
  readonly #sellers = new Sellers()
  /** Streams of an earlier process that are for other offers of an origin than those that were paid since. */
  readonly #left = new Map<string, readonly OutgoingStream[]>()
  /** Streams that are being opened, by origin and offer: requests that come together share one. */
  readonly #opening = new Map<string, Promise<Seller>>()
  readonly #approved = new Set<string>()
  /** One opening at a time counts what the others take of the budget. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(
    wallet: PayingWallet,
    options: PayingFetchOptions & { readonly fetch: Fetch },
    streams: PaidStreams,
  ) {
    this.#wallet = wallet
    this.#options = options
    this.#streams = streams
  }

  /** Who takes payments by this offer already. */
  known(origin: string, offer: Offer): Seller | undefined {
    return this.#sellers.find(origin, offer)
  }

  /** Who takes payments by this offer, by a stream that is opened where there is none. Errors: why it cannot be. */
  async to(url: URL, offer: Offer): Promise<Seller> {
    const known = this.#sellers.find(url.origin, offer)
    if (known !== undefined && !known.stream.isClosed) return known
    if (known !== undefined) await this.end(known)
    const key = `${url.origin} ${offerKey(offer)}`
    const opening =
      this.#opening.get(key) ?? this.#open(url, offer).finally(() => this.#opening.delete(key))
    this.#opening.set(key, opening)
    return opening
  }

  async #open(url: URL, offer: Offer): Promise<Seller> {
    await this.#wallet.stream.checkOffer(offer)
    const need = Number(ticksFor(offer))
    if (need > 1_024) throw new WalletError('offer_unusable', `a request costs ${need} ticks`)
    await this.#approve(url, offer, need)
    const again = await this.#leftFor(url, offer, need)
    if (again !== undefined) this.#streams.add(again, again.sent)
    const stream = again ?? (await this.#openNew(url, offer, need))
    const seller = new Seller({ url, offer, stream }, (one) => this.#close(one.stream, one.url))
    this.#sellers.add(seller)
    return seller
  }

  /** A stream of an earlier process for this offer; others to the same payee wait for theirs. */
  async #leftFor(url: URL, offer: Offer, need: number): Promise<OutgoingStream | undefined> {
    const found = await this.#wallet.stream.leftFor(url.host)
    const all = [...(this.#left.get(url.origin) ?? []), ...found]
    // What an earlier process has locked is no part of a budget for all that this one pays.
    const isOurs = ({ payee }: OutgoingStream) =>
      payee === offer.payee && this.#options.budget.inAll === undefined
    const again = all.find(
      (one) => isOurs(one) && one.unit === offer.unit && one.exposure >= need && !one.isClosed,
    )
    this.#left.set(
      url.origin,
      all.filter((one) => one !== again && isOurs(one)),
    )
    await Promise.all(all.filter((one) => !isOurs(one)).map((one) => this.#close(one, url)))
    return again
  }

  /** Where other streams of the origin hold what it takes, those that pay for nothing now are left. */
  async #openNew(url: URL, offer: Offer, need: number): Promise<OutgoingStream> {
    try {
      return await this.#openWithin(url, offer, need)
    } catch (error) {
      const isShort =
        error instanceof WalletError &&
        (error.code === 'budget_spent' || error.code === 'insufficient_balance')
      if (!isShort || !(await this.#leaveIdle(url))) throw error
      return this.#openWithin(url, offer, need)
    }
  }

  #openWithin(url: URL, offer: Offer, need: number): Promise<OutgoingStream> {
    const opening = this.#turn.then(async () => {
      const opened = await this.#wallet.stream.openWithin(this.#wish(url, offer, need))
      this.#streams.add(opened, 0)
      return opened
    })
    this.#turn = opening.catch(() => undefined)
    return opening
  }

  #wish({ host }: URL, offer: Offer, need: number): BudgetedWish {
    const { budget, ticks = CHAIN_TICKS, exposure = EXPOSURE } = this.#options
    return {
      ...{ to: offer.payee, unit: offer.unit, ticks: Math.max(2, ticks, need) },
      ...{ least: Math.max(2, need), exposure: Math.max(exposure, need) },
      ...{ budget, host, day: dayOf(this.#wallet.stream.ledgerTime), costMax: this.#inAllLeft() },
    }
  }

  /** Whether there were any; what is left of them is back then, if their seller was quick. */
  async #leaveIdle(url: URL): Promise<boolean> {
    const idle = this.#sellers.of(url.origin).filter(({ isIdle }) => isIdle)
    const left = this.#left.get(url.origin) ?? []
    this.#left.delete(url.origin)
    for (const seller of idle) this.#sellers.remove(seller)
    await Promise.all([
      ...idle.map((seller) => seller.close()),
      ...left.map((stream) => this.#close(stream, url)),
    ])
    const signal = AbortSignal.timeout(BACK_MS)
    const streams = [...idle.map(({ stream }) => stream), ...left]
    await Promise.allSettled(streams.map((stream) => stream.ended({ signal })))
    return streams.length > 0
  }

  /** It pays for nothing any more, and is left when what it pays for now is over. */
  retire(seller: Seller): void {
    if (this.#sellers.remove(seller)) seller.retire()
  }

  /** It is left, whatever is under way. */
  async end(seller: Seller): Promise<void> {
    this.#sellers.remove(seller)
    await seller.close()
  }

  /** Ends what is paid to an origin; see `PayingFetch`. */
  async leave(url: URL): Promise<void> {
    const { origin } = url
    const opening = [...this.#opening].filter(([key]) => key.startsWith(`${origin} `))
    await Promise.allSettled(opening.map(([, seller]) => seller))
    const known = this.#sellers.of(origin)
    for (const seller of known) this.#sellers.remove(seller)
    const before = this.#left.get(origin) ?? []
    this.#left.delete(origin)
    const left = await this.#wallet.stream.leftFor(url.host)
    const closed = await Promise.all([
      ...known.map((seller) => seller.close()),
      ...[...before, ...left].map((stream) => this.#close(stream, url)),
    ])
    await Promise.all(closed.map(({ told }) => told))
  }

  async leaveAll(): Promise<void> {
    await Promise.allSettled(this.#opening.values())
    await Promise.all(this.#sellers.urls().map((url) => this.leave(url)))
  }

  async #approve(url: URL, offer: Offer, ticks: number): Promise<void> {
    const key = `${url.origin} ${offerKey(offer)}`
    if (this.#approved.has(key)) return
    const quote = await this.#wallet.stream.quoteWithin(this.#wish(url, offer, ticks))
    const { ticks: streamTicks, tickCost } = quote
    await this.#options.approve?.({ url, offer, ticks, streamTicks, tickCost })
    this.#approved.add(key)
  }

  #inAllLeft(): bigint | undefined {
    const { inAll } = this.#options.budget
    if (inAll === undefined) return undefined
    const spent = this.#streams.costMax()
    return inAll > spent ? inAll - spent : 0n
  }

  /** What is left of a stream comes back, if its seller cooperates: kept with the news that it is over here. */
  async #close(stream: OutgoingStream, url: URL): Promise<ClosedStream> {
    return { told: tellClosed(this.#options.fetch, url, await stream.close()) }
  }
}
