import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { encodeTickFrame, isRejection, parseTickFrame, type TickFrame } from '@tallystick/protocol'
import { POSITION, PRICE, RECEIPT, TICKS } from '../http/headers.js'
import { isL402 } from '../http/l402.js'
import { otherPrice } from '../http/meant-price.js'
import { networkOf, type Offer, offerJson } from '../http/offer.js'
import { demandKind } from '../http/payment-demand.js'
import { isServed, type ServedAnswer, ServedAnswers } from '../http/served-answers.js'
import {
  X402_REQUIRED,
  X402_RESPONSE,
  X402_SIGNATURE,
  x402Payment,
  x402Required,
  x402Response,
} from '../http/x402.js'
import type { ServedTicks } from '../stream/stream-desk.js'
import type { Wallet } from '../wallet/wallet.js'
import { checkPaymentOptions } from './check-payment-options.js'
import { type InvoiceGate, invoiceGate, type L402Options } from './invoice-gate.js'
import { failResponse, watchResponse } from './watch-response.js'

export type PaymentOptions = {
  /** Base units for one request. */
  readonly price: bigint
  /** Base units of a tick; absent: the price, so that one tick pays for one request. */
  readonly unit?: bigint
  /**
   * Base units that buyers can lock for this wallet at least: the hub is asked for as much before the first offer is
   * made, where there is less. Absent: 256 ticks, as many as `payingFetch` opens at a time; 0: it is asked for none.
   */
  readonly inbound?: bigint
  /** Answers that are kept for whoever asks again with the same ticks; absent: 1,024 and 16 MB of bodies. */
  readonly answersMax?: number
  readonly answerBytesMax?: number
  /** Also takes invoices, as L402 has them; absent: only streams. */
  readonly l402?: L402Options
}

/** Of Express, which changes `url` for apps that are mounted; or of a bare server. */
type PaidRequest = IncomingMessage & { readonly originalUrl?: string }

/** As Express calls it; a bare server of Node does as well. */
export type PaymentHandler = (
  request: PaidRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/** What a route has to know of the wallet that is paid. */
export type PaidStreams = Pick<Wallet['stream'], 'received' | 'offer'> & {
  /** Makes sure that streams can arrive; what it throws is tried again. */
  readonly ready: () => Promise<void>
}

type Payment = {
  readonly frame: TickFrame
  readonly text: string
  /** The price that the payer has stated. */
  readonly stated: string | undefined
  /** Whether it came as x402 has it, and its answer goes there. */
  readonly isX402: boolean
}

const ANSWERS_MAX = 1_024
const ANSWER_BYTES_MAX = 16_777_216
/** A longer `Idempotency-Key` is none. */
const KEY_CHARACTERS_MAX = 255
const RETRY_SECONDS = 1
/** Ticks of a stream that there is room for, unless told otherwise. */
const INBOUND_TICKS = 256n
/** A buyer waits so long at most for the hub to make room, milliseconds: some blocks. */
const INBOUND_MS = 20_000

/**
 * A handler that lets requests through which are paid for by a stream to `wallet` (HTTP402-1 to HTTP402-6): one hash
 * for each, no disk and nobody asked. Others get a 402 with an offer. The wallet has to take streams of `unit`.
 */
export function requirePayment(wallet: Wallet, options: PaymentOptions): PaymentHandler {
  checkPaymentOptions(options)
  const { price, unit = price } = options
  const { inbound = unit * INBOUND_TICKS } = options
  const { received } = wallet.stream
  const streams: PaidStreams = {
    received,
    offer: (asked, tick) => wallet.stream.offer(asked, tick),
    ready: async () => {
      if (inbound > 0n) await makeRoom(wallet, inbound, price)
    },
  }
  const gate = options.l402 && invoiceGate(wallet, options.l402)
  return new PaidRoute(streams, { ...options, unit }, gate).handle
}

/** One route that is paid for: what `requirePayment` answers is its `handle`. */
export class PaidRoute {
  readonly #streams: PaidStreams
  readonly #price: bigint
  readonly #priceText: string
  readonly #unit: bigint
  readonly #gate: InvoiceGate | undefined
  readonly #answers: ServedAnswers
  #offer: Offer | undefined
  #offering: Promise<Offer> | undefined

  constructor(
    streams: PaidStreams,
    options: PaymentOptions & { readonly unit: bigint },
    gate: InvoiceGate | undefined,
  ) {
    this.#streams = streams
    this.#price = options.price
    this.#priceText = `${options.price}`
    this.#unit = options.unit
    this.#gate = gate
    this.#answers = new ServedAnswers({
      countMax: options.answersMax ?? ANSWERS_MAX,
      bytesMax: options.answerBytesMax ?? ANSWER_BYTES_MAX,
    })
  }

  readonly handle: PaymentHandler = (request, response, next) => {
    const { headers } = request
    const { authorization } = headers
    if (this.#gate !== undefined && isL402(authorization)) {
      this.#takeInvoice(this.#gate, authorization, request, response, next).catch(next)
      return
    }
    const payment = paymentOf(headers)
    if (payment === undefined) {
      return void this.#ask(
        request,
        response,
        'payment_required',
        'the request is not paid for',
      ).catch(next)
    }
    if ('code' in payment) {
      return void this.#ask(request, response, payment.code, payment.detail).catch(next)
    }
    // Its answer says what was offered, also of a server that has not made an offer since its start.
    if (payment.isX402 && this.#offer === undefined) {
      this.#offered()
        .then(() => this.#serveOrAsk(payment, request, response, next))
        .catch(next)
    } else this.#serveOrAsk(payment, request, response, next)
  }

  #serveOrAsk(
    payment: Payment,
    request: PaidRequest,
    response: ServerResponse,
    next: (error?: unknown) => void,
  ): void {
    const refused = this.#serve(payment, request, response, next)
    if (refused === undefined) return
    this.#ask(request, response, refused.code, refused.detail, payment).catch(next)
  }

  /** Takes the ticks and lets the request through; or why not. */
  #serve(
    payment: Payment,
    request: PaidRequest,
    response: ServerResponse,
    next: () => void,
  ): { readonly code: string; readonly detail: string } | undefined {
    const { frame, text } = payment
    const { received } = this.#streams
    const asked = identityOf(request)
    const before = this.#answers.get(text)
    // It stands twice on the way of this request, which is paid for.
    if (before?.making === response) return void next()
    // Another request is paid by what else the stream has to its credit, if anything.
    if (before !== undefined && asked !== undefined && before.request === asked)
      return this.#answerAgain(before, frame, response)
    const refused = this.#otherPrice(payment) ?? received.take(frame)
    if (refused !== undefined) return refused
    if (frame.closes) {
      response.statusCode = 204
      response.setHeader(RECEIPT, receiptOf(frame, 0, 0n))
      response.end()
      return undefined
    }
    const used = received.serve(frame, this.#price)
    if (isRejection(used)) return used
    this.#answers.set(text, { request: asked, making: response, answer: undefined })
    this.#watch(payment, asked, used, response)
    next()
    return undefined
  }

  #otherPrice({ frame, stated }: Payment): ReturnType<typeof otherPrice> {
    if (frame.closes || (this.#isPrice(stated) && this.#isOwnUnit(frame))) return undefined
    const units = frame.ticks.flatMap(({ anchor }) => this.#streams.received.of(anchor)?.unit ?? [])
    return otherPrice({ stated, units }, { price: this.#price, unit: this.#unit })
  }

  #isPrice(stated: string | undefined): boolean {
    return stated === undefined || stated === this.#priceText
  }

  /** Whether all of its streams are of this route's offer, as nearly always: more than that takes cannot be taken. */
  #isOwnUnit({ ticks }: TickFrame): boolean {
    for (const { anchor } of ticks) {
      if (this.#streams.received.of(anchor)?.unit !== this.#unit) return false
    }
    return true
  }

  #answerAgain(
    served: ServedAnswer,
    frame: TickFrame,
    response: ServerResponse,
  ): { readonly code: string; readonly detail: string } | undefined {
    const { answer } = served
    if (!isServed(served))
      return { code: 'request_in_progress', detail: 'its answer is being made: ask again' }
    if (answer === undefined) {
      return { code: 'tick_used', detail: 'it was answered, and the answer is not kept' }
    }
    response.statusCode = answer.status
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined) response.setHeader(name, value)
    }
    this.#tellPosition(frame, response)
    response.end(answer.body)
    return undefined
  }

  /** HTTP402-5: who shows an older tick than the newest does not know which that is. */
  #tellPosition(frame: TickFrame, response: ServerResponse): void {
    const { received } = this.#streams
    const isNewest = frame.ticks.every(
      ({ anchor, index }) => (received.of(anchor)?.tip.index ?? 0) <= index,
    )
    if (!isNewest) response.setHeader(POSITION, encodeTickFrame(received.newest(frame)))
    // An answer that is given again tells where the stream stood then.
    else if (response.hasHeader(POSITION)) response.removeHeader(POSITION)
  }

  /** Keeps the answer for whoever asks again, also after hanging up; what fails by the server's own fault is not paid for. */
  #watch(
    { frame, text, isX402 }: Payment,
    request: string | undefined,
    used: readonly ServedTicks[],
    response: ServerResponse,
  ): void {
    const { received } = this.#streams
    const answers = this.#answers
    const ticks = used.reduce((sum, one) => sum + one.ticks, 0)
    const taken = used.reduce(
      (sum, one) => sum + BigInt(one.ticks) * (received.of(one.anchor)?.unit ?? 0n),
      0n,
    )
    response.setHeader(RECEIPT, receiptOf(frame, ticks, taken))
    this.#tellPosition(frame, response)
    if (isX402 && this.#offer !== undefined) {
      const reference = frame.ticks.at(-1)?.anchor ?? ''
      response.setHeader(X402_RESPONSE, x402Response(this.#offer, { taken, reference }))
    }
    watchResponse(response, {
      failed: () => {
        received.giveBack(used)
        answers.delete(text)
      },
      answered: (answer) => answers.set(text, { request, making: undefined, answer }),
    })
  }

  /** 402 with what would be right; `pending` is told apart from refused by its own word and `Retry-After`. */
  async #ask(
    request: PaidRequest,
    response: ServerResponse,
    code: string,
    detail: string,
    payment?: Payment,
  ): Promise<void> {
    // Another route in front of this one has taken ticks for what is not served.
    failResponse(response)
    const offer = await this.#offered()
    const status = demandKind(code)
    const isPending = status === 'pending'
    // Whoever shows a token that has run out wants a new one.
    const challenge =
      payment === undefined && !isPending ? await this.#gate?.challenge() : undefined
    if (challenge !== undefined) response.setHeader('www-authenticate', challenge)
    if (isPending) response.setHeader('retry-after', `${RETRY_SECONDS}`)
    response.setHeader(X402_REQUIRED, x402Required(offer, targetOf(request), code))
    if (payment?.isX402) {
      const reference = payment.frame.ticks.at(-1)?.anchor ?? ''
      response.setHeader(X402_RESPONSE, x402Response(offer, { reference, reason: code }))
    }
    // Only who has shown a link of each stream may learn a later one, which is worth what is not served yet.
    const position =
      payment !== undefined && code === 'tick_used'
        ? encodeTickFrame(this.#streams.received.newest(payment.frame))
        : undefined
    if (position !== undefined) response.setHeader(POSITION, position)
    const { network } = { network: networkOf(offer.chain) }
    response.statusCode = 402
    response.setHeader('content-type', 'application/problem+json')
    response.setHeader('cache-control', 'no-store')
    response.end(
      JSON.stringify({
        ...{ type: 'about:blank', title: 'Payment Required', status: 402, code, detail },
        ...{ payment: status, network, offer: offerJson(offer) },
        ...(position !== undefined && { position }),
      }),
    )
  }

  /** Asked for once; whoever comes meanwhile waits for the same. */
  #offered(): Promise<Offer> {
    this.#offering ??= this.#makeOffer().catch((error: unknown) => {
      this.#offering = undefined
      throw error
    })
    return this.#offering
  }

  async #makeOffer(): Promise<Offer> {
    await this.#streams.ready()
    this.#offer = await this.#streams.offer(this.#price, this.#unit)
    return this.#offer
  }

  async #takeInvoice(
    gate: InvoiceGate,
    authorization: string,
    request: PaidRequest,
    response: ServerResponse,
    next: () => void,
  ): Promise<void> {
    const refused = await gate.check(authorization)
    if (refused === undefined) return next()
    await this.#ask(request, response, refused.code, refused.detail)
  }
}

/** Has the hub make room for streams of `inbound` base units in all; less will do where one request fits. */
async function makeRoom(wallet: Wallet, inbound: bigint, price: bigint): Promise<void> {
  try {
    await wallet.ensureInbound(inbound, { signal: AbortSignal.timeout(INBOUND_MS) })
  } catch (error) {
    if ((await wallet.balance()).receivable < price) throw error
  }
}

function paymentOf(
  headers: IncomingHttpHeaders,
): Payment | { readonly code: string; readonly detail: string } | undefined {
  const native = headers[TICKS]
  const foreign = headers[X402_SIGNATURE]
  const price = headers[PRICE]
  const shown =
    typeof native === 'string'
      ? { ticks: native, price: typeof price === 'string' ? price : undefined }
      : typeof foreign === 'string'
        ? x402Payment(foreign)
        : undefined
  if (shown === undefined) return undefined
  const frame = parseTickFrame(shown.ticks)
  if (isRejection(frame)) return { code: frame.code, detail: frame.detail }
  const isX402 = typeof native !== 'string'
  return { frame, text: shown.ticks, stated: shown.price, isX402 }
}

/** HTTP402-4: what was used of which stream, as a dictionary of structured fields. */
function receiptOf(frame: TickFrame, used: number, taken: bigint): string {
  const last = frame.ticks.at(-1)
  return `stream="${last?.anchor}", tick=${last?.index}, used=${used}, amount="${taken}"`
}

/**
 * What a request has to be like for the same ticks to ask for it again (HTTP402-3): its method and target. A body
 * has not been read yet, or by somebody else: it is the same if the payer says so by an `Idempotency-Key`.
 */
function identityOf(request: PaidRequest): string | undefined {
  const { headers } = request
  const target = `${request.method} ${targetOf(request)}`
  const length = headers['content-length'] ?? '0'
  if (length === '0' && headers['transfer-encoding'] === undefined) return target
  const key = headers['idempotency-key']
  if (typeof key !== 'string' || key === '' || key.length > KEY_CHARACTERS_MAX) return undefined
  return `${target} ${length} ${key}`
}

/** The target as it was asked for. */
function targetOf(request: PaidRequest): string {
  return request.originalUrl ?? request.url ?? ''
}
