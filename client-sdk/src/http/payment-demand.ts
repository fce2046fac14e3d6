import { concatBytes } from '@tallystick/protocol'
import { POSITION } from './headers.js'
import { type Offer, parseOfferJson } from './offer.js'
import { X402_REQUIRED, x402Error, x402Offer } from './x402.js'

const OFFER_BYTES_MAX = 65_536
/** After these the same ticks are to be shown again (HTTP402-5). */
const PENDING = ['stream_unknown', 'request_in_progress']
const CODE = /^[a-z][a-z0-9_]{0,63}$/

/** What a seller wants before it answers (HTTP402-1, HTTP402-5). */
export type PaymentDemand = {
  readonly payment: 'required' | 'pending' | 'refused'
  readonly code: string
  readonly offer: Offer
  /** Which ticks the seller holds, where it says so. */
  readonly position: string | undefined
}

/** What a 402 answer asks for; `undefined` where it is not for us. */
export async function demandOf(response: Response): Promise<PaymentDemand | undefined> {
  const shown = response.headers.get(X402_REQUIRED)
  const offer = shown === null ? undefined : x402Offer(shown)
  const isOurs = response.headers.get('content-type')?.startsWith('application/problem+json')
  const body = isOurs ? await boundedJson(response) : undefined
  const record = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  const own = parseOfferJson(record['offer'])
  const meant = 'code' in own ? offer : own
  if (meant === undefined) return undefined
  // What has no body, as an answer to HEAD has none, says the same by its headers.
  const shownCode = shown === null ? '' : x402Error(shown)
  const { payment = demandKind(shownCode), code = shownCode } = record
  const { position = response.headers.get(POSITION) } = record
  return {
    payment: payment === 'pending' || payment === 'refused' ? payment : 'required',
    code: typeof code === 'string' ? code.slice(0, 64) : '',
    offer: meant,
    position: typeof position === 'string' ? position : undefined,
  }
}

/** How a seller means a code; what is none, as of others' sellers, asks for a payment. */
export function demandKind(code: string): PaymentDemand['payment'] {
  if (PENDING.includes(code)) return 'pending'
  return code === 'payment_required' || !CODE.test(code) ? 'required' : 'refused'
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
