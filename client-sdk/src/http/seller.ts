import { amount } from '@tallystick/protocol'
import { pause } from '../ledger/pause.js'
import type { OutgoingStream, StreamPayment } from '../stream/outgoing-stream.js'
import { WalletError } from '../wallet-error.js'
import { type Offer, ticksFor } from './offer.js'

const POLL_MS = 10

/**
 * What became of a payment. `served`: the seller has nothing of it left. `unused`: it pays for the next request.
 * `uncertain`: nobody knows; the next request shows it, and pays anew where the seller has used it.
 */
export type PaymentOutcome = 'served' | 'unused' | 'uncertain'

/** Ticks of a seller's stream that one request shows. */
export type Payment = Pick<StreamPayment, 'token' | 'ticks' | 'amount'> & {
  readonly seller: Seller
  /** Whether an earlier request may have been served for it. */
  readonly isUncertain: boolean
  /** Tells what became of it; the first word counts. */
  settle(outcome: PaymentOutcome): void
}

/** One origin that takes payments, and the stream that pays it, which is left once it has `retired`. */
export class Seller {
  /** Where it last took a payment, or asked for one: what is free there hears of no stream. */
  url: URL
  readonly offer: Offer
  readonly stream: OutgoingStream
  readonly #close: (seller: Seller) => Promise<ClosedStream>
  /** Payments that go to the next requests. */
  readonly #kept: { readonly payment: StreamPayment; readonly isUncertain: boolean }[] = []
  #underWay = 0
  #hasRetired = false
  #closed: Promise<ClosedStream> | undefined

  constructor(
    sight: { readonly url: URL; readonly offer: Offer; readonly stream: OutgoingStream },
    close: (seller: Seller) => Promise<ClosedStream>,
  ) {
    this.url = sight.url
    this.offer = sight.offer
    this.stream = sight.stream
    this.#close = close
  }

  /**
   * The next ticks for one request; waits at most `waitSeconds` while the seller owes as much service as it may.
   * Errors: as of `OutgoingStream.pay`.
   */
  async pay(waitSeconds: number, signal: AbortSignal | null | undefined): Promise<Payment> {
    // Which ticks were given away before a crash only the seller can say: what it holds and has not served pays first.
    if (this.stream.isInDoubt) {
      const { knownToken: token } = this.stream
      return this.#begin({ token, ticks: 0, amount: amount(0n), served: () => undefined }, false)
    }
    for (let waited = 0; ; waited += POLL_MS) {
      const kept = this.#kept.pop()
      if (kept !== undefined) return this.#begin(kept.payment, kept.isUncertain)
      try {
        return this.#begin(await this.stream.pay(Number(ticksFor(this.offer))), false)
      } catch (error) {
        const mustWait = error instanceof WalletError && error.code === 'exposure_reached'
        if (!mustWait || waited >= waitSeconds * 1_000) throw error
        await pause(POLL_MS, signal ?? undefined)
      }
    }
  }

  /** Whether no request that it pays for is under way. */
  get isIdle(): boolean {
    return this.#underWay === 0
  }

  /** No further request is paid by it; its stream is left when those under way are over. */
  retire(): void {
    this.#hasRetired = true
    this.#closeIfDone()
  }

  /** Leaves its stream, whatever is under way. */
  close(): Promise<ClosedStream> {
    this.#closed ??= this.#close(this)
    return this.#closed
  }

  #begin(payment: StreamPayment, isUncertain: boolean): Payment {
    this.#underWay++
    let isSettled = false
    return {
      ...{ token: payment.token, ticks: payment.ticks, amount: payment.amount },
      ...{ seller: this, isUncertain },
      settle: (outcome) => {
        if (isSettled) return
        isSettled = true
        this.#underWay--
        if (outcome === 'served') payment.served()
        else if (payment.ticks > 0) {
          this.#kept.push({ payment, isUncertain: isUncertain || outcome === 'uncertain' })
        }
        this.#closeIfDone()
      },
    }
  }

  #closeIfDone(): void {
    // Whoever waits for it asks again, and is told why it fails.
    if (this.#hasRetired && this.#underWay === 0) this.close().catch(() => undefined)
  }
}

/** A stream that gives nothing away any more; `told` is kept once its seller knows, or cannot be told. */
export type ClosedStream = { readonly told: Promise<unknown> }
