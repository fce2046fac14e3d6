import { encodeBase64Json, parseBase64Json } from './base64-json.js'
import { networkOf, type Offer, offerJson, parseOfferJson } from './offer.js'

/*
 * x402 version 2: the same offers, ticks and receipts in its headers (HTTP402-6). The scheme is its
 * `batch-settlement`: many requests are paid by what is settled later, here a stream.
 */

export const X402_REQUIRED = 'payment-required'
export const X402_SIGNATURE = 'payment-signature'
export const X402_RESPONSE = 'payment-response'
const VERSION = 2
const SCHEME = 'batch-settlement'
/** Seconds that an answer may take before the payer stops waiting. */
const TIMEOUT_SECONDS = 60

function requirementsOf(offer: Offer): object {
  const { payee, asset, price, chain } = offer
  return {
    ...{ scheme: SCHEME, network: networkOf(chain), amount: `${price}`, asset: `${asset}` },
    ...{
      payTo: payee,
      maxTimeoutSeconds: TIMEOUT_SECONDS,
      extra: { tallystick: offerJson(offer) },
    },
  }
}

/** The header that says what is to be paid, and why what came was not enough. */
export function x402Required(offer: Offer, url: string, error: string): string {
  const accepts = [requirementsOf(offer)]
  return encodeBase64Json({ x402Version: VERSION, error, resource: { url }, accepts })
}

/** The header that pays: a frame of ticks. */
export function x402Signature(offer: Offer, ticks: string): string {
  const accepted = requirementsOf(offer)
  return encodeBase64Json({ x402Version: VERSION, accepted, payload: { ticks } })
}

/** The frame of ticks of a header that pays, and the price that it names; `undefined` where it pays in another way. */
export function x402Payment(
  header: string,
): { readonly ticks: string; readonly price: string | undefined } | undefined {
  const payment = recordOf(parseBase64Json(header))
  const { scheme, amount } = recordOf(payment['accepted'])
  const { ticks } = recordOf(payment['payload'])
  if (payment['x402Version'] !== VERSION || scheme !== SCHEME) return undefined
  if (typeof ticks !== 'string') return undefined
  return { ticks, price: typeof amount === 'string' ? amount : undefined }
}

/** The header that says what became of a payment; `taken`: base units, absent where it was refused. */
export function x402Response(
  offer: Offer,
  outcome: { readonly taken?: bigint; readonly reference: string; readonly reason?: string },
): string {
  const { taken, reference, reason } = outcome
  const network = networkOf(offer.chain)
  return encodeBase64Json({
    ...{ success: taken !== undefined, transaction: reference, network, amount: `${taken ?? 0n}` },
    ...(reason !== undefined && { errorReason: reason }),
  })
}

/** Our offer among those that a header makes; `undefined` where there is none. */
export function x402Offer(header: string): Offer | undefined {
  const { x402Version, accepts } = recordOf(parseBase64Json(header))
  if (x402Version !== VERSION || !Array.isArray(accepts)) return undefined
  for (const each of accepts.slice(0, 16)) {
    const { scheme, extra } = recordOf(each)
    const offer = parseOfferJson(recordOf(extra)['tallystick'])
    if (scheme === SCHEME && !('code' in offer)) return offer
  }
  return undefined
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
