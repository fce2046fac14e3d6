import type { ServerResponse } from 'node:http'
import { encodeTickFrame, isRejection, type TickFrame } from '@tallystick/protocol'
import { POSITION, RECEIPT } from '../http/headers.js'
import { isL402 } from '../http/l402.js'
import { otherPrice } from '../http/meant-price.js'
import { networkOf, type Offer, offerJson } from '../http/offer.js'
import { demandKind } from '../http/payment-demand.js'
import { isServed, type ServedAnswer, ServedAnswers } from '../http/served-answers.js'
import { X402_REQUIRED, X402_RESPONSE, x402Required, x402Response } from '../http/x402.js'
import type { ServedTicks } from '../stream/stream-desk.js'
import type { Wallet } from '../wallet/wallet.js'
import { checkPaymentOptions } from './check-payment-options.js'
import { type InvoiceGate, invoiceGate, type L402Options } from './invoice-gate.js'
import { propertyOf } from './property-of.js'
import { identityOf, type PaidRequest, type Payment, paymentOf, targetOf } from './shown-payment.js'
import { failResponse, type ResponseOutcome, watchResponse } from './watch-response.js'

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

const ANSWERS_MAX = 1_024
const ANSWER_BYTES_MAX = 16_777_216
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
    const headers = propertyOf(request, 'headers')
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
    const { frame, text, headers } = payment
    const { received } = this.#streams
    const asked = identityOf(request, headers)
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
      // It told where the stream stood then.
      if (value !== undefined && name !== POSITION) response.setHeader(name, value)
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
  }

  /** Says on the response what it was paid with, and waits for what becomes of it. */
  #watch(
    { frame, text, isX402 }: Payment,
    request: string | undefined,
    used: readonly ServedTicks[],
    response: ServerResponse,
  ): void {
    const { received } = this.#streams
    let ticks = 0
    let taken = 0n
    for (const one of used) {
      ticks += one.ticks
      taken += BigInt(one.ticks) * (received.of(one.anchor)?.unit ?? 0n)
    }
    const receipt = receiptOf(frame, ticks, taken)
    propertyOf(response, 'setHeader').call(response, RECEIPT, receipt)
    this.#tellPosition(frame, response)
    if (isX402 && this.#offer !== undefined) {
      const reference = frame.ticks.at(-1)?.anchor ?? ''
      response.setHeader(X402_RESPONSE, x402Response(this.#offer, { taken, reference }))
    }
    const served = this.#answers.begin(text, request, response)
    watchResponse(response, new PaidAnswer(received, used, this.#answers, served))
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

/** Keeps the answer for whoever asks again, also after hanging up; what fails by the server's own fault is not paid for. */
class PaidAnswer implements ResponseOutcome {
  readonly #received: PaidStreams['received']
  readonly #used: readonly ServedTicks[]
  readonly #answers: ServedAnswers
  readonly #served: ServedAnswer

  constructor(
    received: PaidStreams['received'],
    used: readonly ServedTicks[],
    answers: ServedAnswers,
    served: ServedAnswer,
  ) {
    this.#received = received
    this.#used = used
    this.#answers = answers
    this.#served = served
  }

  failed(): void {
    this.#received.giveBack(this.#used)
    this.#answers.forget(this.#served)
  }

  answered(answer: ServedAnswer['answer']): void {
    this.#answers.finish(this.#served, answer)
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

/** HTTP402-4: what was used of which stream, as a dictionary of structured fields. */
function receiptOf(frame: TickFrame, used: number, taken: bigint): string {
  const last = frame.ticks.at(-1)
  return `stream="${last?.anchor}", tick=${last?.index}, used=${used}, amount="${taken}"`
}
