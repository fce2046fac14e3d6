import { amount, concatBytes, toHex } from '@tallystick/protocol'
import type { Fetch } from '../ledger/ledger-http.js'
import { pause } from '../ledger/pause.js'
import type { OutgoingStream, StreamPayment } from '../stream/outgoing-stream.js'
import type { Wallet } from '../wallet/wallet.js'
import { WalletError } from '../wallet-error.js'
import { POSITION, RECEIPT, TICKS } from './headers.js'
import { type Offer, parseOfferJson, ticksFor } from './offer.js'
import { type Budget, dayOf } from './spending.js'
import { X402_REQUIRED, x402Offer } from './x402.js'

export type PayingFetchOptions = {
  /** What may be spent: all hosts together, and each, in a day of ledger time, base units. */
  readonly budget: Budget & {
    /** For one request; absent: whatever is asked. */
    readonly perRequest?: bigint
  }
  /** Ticks that are opened at a time for a host; absent: 256. */
  readonly ticks?: number
  /** Ticks that a host may owe service for (INV-32); absent: 16. */
  readonly exposure?: number
  /** Pays over plain http as well, where others may read along; absent: to this machine only. */
  readonly allowHttp?: boolean
  /** Absent: the platform's. */
  readonly fetch?: Fetch
}

const CHAIN_TICKS = 256
const EXPOSURE = 16
/** Attempts for one request: until a stream has arrived, and the turns of a stream that rolls over. */
const ATTEMPTS_MAX = 60
const REDIRECTS_MAX = 5
const OFFER_BYTES_MAX = 65_536
const PENDING_MS = 100
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** What is known of one origin that takes payments. */
type Seller = {
  /** Where it was last asked. */
  url: URL
  readonly offer: Offer
  readonly stream: OutgoingStream
  /** Payments whose request was not served: they pay for the next. */
  readonly unused: StreamPayment[]
}

/** A `fetch` that pays. */
export type PayingFetch = Fetch & {
  /**
   * Ends what is paid to the origin of an address, also what an earlier process has opened: the seller is told there,
   * and gives the rest back. The next request that costs something begins anew. Kept once the seller was told or
   * cannot be: then it keeps the rest until the expiry, and no longer.
   */
  leave(url: string | URL): Promise<void>
}

/**
 * A `fetch` that pays by itself for what is answered with 402 and an offer (HTTP402-7), within a budget that is on
 * disk. Ticks go to the origin that asked for them and no other. A stream that an earlier process has opened for that
 * origin goes on where its seller says that it stands (HTTP402-5). Errors, beside those of `fetch`: `budget_spent`,
 * `price_above_cap`, `insecure_url`, `body_not_replayable`, `offer_unusable`, `payment_refused`, and why no
 * stream could be opened.
 */
export function payingFetch(wallet: Wallet, options: PayingFetchOptions): PayingFetch {
  const buyer = new Buyer(wallet, options)
  const pay: Fetch = (input, init) => buyer.fetch(input, init)
  return Object.assign(pay, { leave: (url: string | URL) => buyer.leave(new URL(url)) })
}

class Buyer {
  readonly #wallet: Wallet
  readonly #options: PayingFetchOptions
  readonly #fetch: Fetch
  readonly #sellers = new Map<string, Seller>()
  /** Streams that are being opened, by origin: requests that come together share one. */
  readonly #opening = new Map<string, Promise<Seller>>()

  constructor(wallet: Wallet, options: PayingFetchOptions) {
    this.#wallet = wallet
    this.#options = options
    const plain = options.fetch ?? globalThis.fetch
    this.#fetch = (input, init) => plain(input, init)
  }

  async fetch(input: Parameters<Fetch>[0], init: Parameters<Fetch>[1] = {}): Promise<Response> {
    if (typeof input !== 'string' && !(input instanceof URL)) {
      throw new WalletError('url_invalid', 'paying needs an address, and options beside it')
    }
    let url = new URL(input)
    for (let hop = 0; hop <= REDIRECTS_MAX; hop++) {
      const response = await this.#ask(url, init)
      const to = response.headers.get('location')
      if (init?.redirect === 'manual' || to === null || !REDIRECTS.has(response.status))
        return response
      url = new URL(to, url)
    }
    throw new WalletError('too_many_redirects', `more than ${REDIRECTS_MAX} redirects`)
  }

  async leave(url: URL): Promise<void> {
    await this.#opening.get(url.origin)?.catch(() => undefined)
    const known = this.#sellers.get(url.origin)
    this.#sellers.delete(url.origin)
    const left = await this.#wallet.stream.leftFor(url.host)
    const streams = known === undefined ? left : [known.stream, ...left]
    const closed = await Promise.all(streams.map((stream) => this.#close(stream, url)))
    await Promise.all(closed.map(({ told }) => told))
  }

  /** One request and, where it has to be paid for, as many as that takes. */
  async #ask(url: URL, given: RequestInit): Promise<Response> {
    const { origin } = url
    const init = { ...given, headers: repeatableHeaders(given) }
    let payment: StreamPayment | undefined
    let seller = this.#sellers.get(origin)
    if (seller !== undefined && this.#mayPay(url)) payment = await this.#pay(seller, init.signal)
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      if (seller !== undefined) seller.url = url
      const response = await this.#send(url, init, payment)
      if (response.status !== 402) {
        this.#settle(seller, payment, response)
        return response
      }
      const demand = await demandOf(response)
      if (demand === undefined) return response
      if (!this.#mayPay(url)) {
        throw new WalletError('insecure_url', `${origin} is not https: others could read the ticks`)
      }
      requireReplayable(init)
      switch (demand.payment) {
        case 'pending':
          await pause(PENDING_MS, init.signal ?? undefined)
          continue
        case 'required':
          seller = await this.#sellerOf(url, demand.offer)
          payment = await this.#pay(seller, init.signal)
          continue
        case 'refused': {
          if (seller?.stream.isInDoubt && demand.position !== undefined) {
            seller.stream.positioned(demand.position)
            payment = await this.#pay(seller, init.signal)
            continue
          }
          if (seller === undefined || payment === undefined || !goesOn(seller, demand)) {
            throw new WalletError(
              'payment_refused',
              `${origin} refuses the payment: ${demand.code}`,
            )
          }
          // What it took was served, or the stream is over: another one goes on.
          payment.served()
          await this.#leave(origin, seller)
          seller = await this.#sellerOf(url, demand.offer)
          payment = await this.#pay(seller, init.signal)
        }
      }
    }
    throw new WalletError('payment_pending', `${origin} has not heard of the payment in time`, {
      retryable: true,
    })
  }

  async #send(url: URL, init: RequestInit, payment: StreamPayment | undefined): Promise<Response> {
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

  #settle(
    seller: Seller | undefined,
    payment: StreamPayment | undefined,
    { status, headers, type }: Response,
  ): void {
    if (payment === undefined || seller === undefined) return
    const isTaken = headers.has(RECEIPT)
    if (payment.ticks === 0) {
      if (isTaken) seller.stream.positioned(headers.get(POSITION) ?? payment.token)
      return
    }
    // What fails by the server's fault was not used (HTTP402-3), nor for what is free; of another
    // origin's answer a page may not see whether it was.
    if (status >= 500 || (!isTaken && type !== 'cors')) seller.unused.push(payment)
    else payment.served()
  }

  /** The next ticks for one request; waits while the seller owes as much service as it may. */
  async #pay(seller: Seller, signal: AbortSignal | null | undefined): Promise<StreamPayment> {
    const ticks = Number(ticksFor(seller.offer))
    // Which ticks were given away before a crash only the seller can say: what it holds and has not served pays first.
    if (seller.stream.isInDoubt) {
      const { knownToken: token } = seller.stream
      return { token, ticks: 0, amount: amount(0n), served: () => undefined }
    }
    for (;;) {
      const unused = seller.unused.pop()
      if (unused !== undefined) return unused
      try {
        return await seller.stream.pay(ticks)
      } catch (error) {
        if (!(error instanceof WalletError)) throw error
        if (error.code === 'exposure_reached') {
          await pause(PENDING_MS / 10, signal ?? undefined)
          continue
        }
        if (error.code !== 'budget_spent' && error.code !== 'stream_ended') throw error
        const origin = [...this.#sellers].find(([, other]) => other === seller)?.[0]
        if (origin === undefined) throw error
        await this.#leave(origin, seller)
        return this.#pay(await this.#sellerOf(new URL(origin), seller.offer), signal)
      }
    }
  }

  async #sellerOf(url: URL, offer: Offer): Promise<Seller> {
    const { origin } = url
    const known = this.#sellers.get(origin)
    if (known !== undefined && !known.stream.isClosed && isSameOffer(known.offer, offer))
      return known
    if (known !== undefined) await this.#leave(origin, known)
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
    const { origin, host } = url
    const { budget, ticks = CHAIN_TICKS, exposure = EXPOSURE } = this.#options
    const { stream } = this.#wallet
    await stream.checkOffer(offer)
    if (budget.perRequest !== undefined && offer.price > budget.perRequest) {
      const detail = `${origin} asks for ${offer.price} base units, allowed are ${budget.perRequest}`
      throw new WalletError('price_above_cap', detail)
    }
    const need = Number(ticksFor(offer))
    const left = await stream.leftFor(host)
    const isFit = ({ payee, unit }: OutgoingStream) => payee === offer.payee && unit === offer.unit
    const again = left.find(isFit)
    await Promise.all(left.map((other) => other !== again && this.#close(other, url)))
    if (again !== undefined) return { url, offer, stream: again, unused: [] }
    if (need > 1_024) throw new WalletError('offer_unusable', `a request costs ${need} ticks`)
    const opened = await stream.openWithin({
      ...{ to: offer.payee, unit: offer.unit, ticks: Math.max(2, ticks, need) },
      ...{ least: Math.max(2, need), exposure: Math.max(exposure, need) },
      ...{ budget, host, day: dayOf(stream.ledgerTime) },
    })
    return { url, offer, stream: opened, unused: [] }
  }

  async #leave(origin: string, { stream, url }: Seller): Promise<void> {
    this.#sellers.delete(origin)
    await this.#close(stream, url)
  }

  /** What is left of a stream comes back, if its seller cooperates: kept with the news that it has been told. */
  async #close(stream: OutgoingStream, url: URL): Promise<{ readonly told: Promise<unknown> }> {
    const token = await stream.close()
    const headers = { [TICKS]: token }
    // A seller that does not hear of it keeps the rest locked until the expiry, and no longer.
    const told = { method: 'HEAD', headers, redirect: 'manual', keepalive: true } as const
    return { told: this.#fetch(url, told).catch(() => undefined) }
  }

  #mayPay({ protocol, hostname }: URL): boolean {
    const isHere = hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname)
    return (
      protocol === 'https:' ||
      (protocol === 'http:' && (isHere || this.#options.allowHttp === true))
    )
  }
}

type Demand = {
  readonly payment: 'required' | 'pending' | 'refused'
  readonly code: string
  readonly offer: Offer
  /** Which ticks the seller holds, where it says so. */
  readonly position: string | undefined
}

/** What a 402 answer asks for; `undefined` where it is not for us. */
async function demandOf(response: Response): Promise<Demand | undefined> {
  const shown = response.headers.get(X402_REQUIRED)
  const offer = shown === null ? undefined : x402Offer(shown)
  const isOurs = response.headers.get('content-type')?.startsWith('application/problem+json')
  const body = isOurs ? await boundedJson(response) : undefined
  const record = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  const own = parseOfferJson(record['offer'])
  const meant = 'code' in own ? offer : own
  if (meant === undefined) return undefined
  const { payment, code, position } = record
  return {
    payment: payment === 'pending' || payment === 'refused' ? payment : 'required',
    code: typeof code === 'string' ? code.slice(0, 64) : '',
    offer: meant,
    position: typeof position === 'string' ? position : undefined,
  }
}

async function boundedJson(response: Response): Promise<unknown> {
  const reader = response.clone().body?.getReader()
  const parts: Uint8Array[] = []
  let length = 0
  for (;;) {
    const part = await reader?.read()
    if (part === undefined || part.done) break
    length += part.value.length
    if (length > OFFER_BYTES_MAX) {
      await reader?.cancel()
      return undefined
    }
    parts.push(part.value)
  }
  try {
    return JSON.parse(new TextDecoder().decode(concatBytes(...parts)))
  } catch {
    // Whatever it is, it is no offer.
    return undefined
  }
}

/** Whether another stream may do where this one is refused: it is over, or the price has changed. */
function goesOn(seller: Seller, { code, offer }: Demand): boolean {
  return code === 'stream_ended' || !isSameOffer(seller.offer, offer)
}

function isSameOffer(a: Offer, b: Offer): boolean {
  return a.payee === b.payee && a.unit === b.unit && a.price === b.price && a.hub === b.hub
}

/** A body may be asked for again with the same ticks only under a key of its own (HTTP402-3). */
function repeatableHeaders({ body, headers: given }: RequestInit): Headers {
  const headers = new Headers(given)
  if (body === undefined || body === null || headers.has('idempotency-key')) return headers
  headers.set('idempotency-key', toHex(crypto.getRandomValues(new Uint8Array(16))))
  return headers
}

/** What was sent once has to be sent again with the payment. Errors: `body_not_replayable`. */
function requireReplayable({ body }: RequestInit): void {
  if (body === undefined || body === null || typeof body === 'string') return
  if (body instanceof Uint8Array || body instanceof ArrayBuffer || body instanceof URLSearchParams)
    return
  throw new WalletError(
    'body_not_replayable',
    'a request that may have to be paid has a body of text or bytes, not a stream',
  )
}
