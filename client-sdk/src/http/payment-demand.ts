import { concatBytes } from '@tallystick/protocol'
import { type Offer, parseOfferJson } from './offer.js'
import { X402_REQUIRED, x402Offer } from './x402.js'

const OFFER_BYTES_MAX = 65_536

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
