import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isRejection, parseTickFrame, type TickFrame } from '@tallystick/protocol'
import { PRICE, TICKS } from '../http/headers.js'
import { X402_SIGNATURE, x402Payment } from '../http/x402.js'
import { propertyOf } from './property-of.js'

/** Of Express, which changes `url` for apps that are mounted; or of a bare server. */
export type PaidRequest = IncomingMessage & { readonly originalUrl?: string }

/** What a request shows to pay for it. */
export type Payment = {
  /** Of its request. */
  readonly headers: IncomingHttpHeaders
  readonly frame: TickFrame
  readonly text: string
  /** The price that the payer has stated. */
  readonly stated: string | undefined
  /** Whether it came as x402 has it, and its answer goes there. */
  readonly isX402: boolean
}

/** A longer `Idempotency-Key` is none. */
const KEY_CHARACTERS_MAX = 255

/** What these headers pay with; absent: with nothing that is known, a rejection: with what is no frame of ticks. */
export function paymentOf(
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
  return { headers, frame, text: shown.ticks, stated: shown.price, isX402 }
}

/**
 * What a request has to be like for the same ticks to ask for it again (HTTP402-3): its method and target. A body
 * has not been read yet, or by somebody else: it is the same if the payer says so by an `Idempotency-Key`.
 */
export function identityOf(request: PaidRequest, headers: IncomingHttpHeaders): string | undefined {
  const target = `${propertyOf(request, 'method')} ${targetOf(request)}`
  const length = headers['content-length'] ?? '0'
  if (length === '0' && headers['transfer-encoding'] === undefined) return target
  const key = headers['idempotency-key']
  if (typeof key !== 'string' || key === '' || key.length > KEY_CHARACTERS_MAX) return undefined
  return `${target} ${length} ${key}`
}

/** The target as it was asked for. */
export function targetOf(request: PaidRequest): string {
  return propertyOf(request, 'originalUrl') ?? request.url ?? ''
}
