import {
  type Amount,
  type Decoded,
  decodeTrusted,
  encode,
  type InvoiceRequest,
  invariant,
  isRejection,
  letterContentCodec,
  OFFER_CHARACTERS_MAX,
  type Offer,
  offerIdCodec,
  oneOf,
  parseOffer,
  type Rejection,
  reject,
  sha256,
  struct,
  type Timestamp,
  text,
  timestamp,
  timestampCodec,
  toHex,
} from '@tallystick/protocol'

/** An invoice for an offer is good for so long at the most, seconds. */
const INVOICE_SECONDS_MAX = 86_400

/** An offer of this wallet, as it is stored. */
export const offerRecordCodec = struct({
  id: offerIdCodec,
  /** The signed string that was handed out. */
  text: text(OFFER_CHARACTERS_MAX),
  status: oneOf('active', 'withdrawn'),
  created: timestampCodec,
})
export type OfferRecord = Decoded<typeof offerRecordCodec>

/** An offer of this wallet, and what it says. */
export type OwnOffer = OfferRecord & { readonly offer: Offer }

/** What a stored record of an offer says. */
export function ownOffer(stored: Uint8Array): OwnOffer {
  const record = decodeTrusted(offerRecordCodec, stored)
  const offer = parseOffer(record.text)
  invariant(!isRejection(offer), 'a stored offer is one that was signed here')
  return { ...record, offer }
}

export type RequestRejection = Rejection<
  'offer_unknown' | 'offer_expired' | 'request_expired' | 'amount_mismatch'
>

/** What invoice a request is answered with, or why with none (OFFER-4). */
export function invoiceAskedFor(
  own: OwnOffer | undefined,
  request: InvoiceRequest,
  now: Timestamp,
): { readonly amount: Amount; readonly expiry: Timestamp } | RequestRejection {
  if (own === undefined || own.status === 'withdrawn') {
    return reject('offer_unknown', 'the payee has no such offer, or has withdrawn it')
  }
  const { amount, expiry } = own.offer
  if (expiry !== undefined && now > expiry) {
    return reject('offer_expired', `the offer ended at ledger time ${expiry}`)
  }
  if (now > request.expiry) {
    return reject('request_expired', `the request was of use until ledger time ${request.expiry}`)
  }
  if (request.amount === 0n || (amount !== undefined && amount !== request.amount)) {
    const due = amount === undefined ? 'at least 1 base unit' : `${amount} base units`
    return reject('amount_mismatch', `the offer is for ${due}, not ${request.amount}`)
  }
  const last = Math.min(request.expiry, now + INVOICE_SECONDS_MAX, expiry ?? request.expiry)
  return { amount: request.amount, expiry: timestamp(last) }
}

/** The label under which the preimage for a request is derived: one request has one invoice (OFFER-4). */
export function requestLabel(request: InvoiceRequest): string {
  return `offer ${toHex(sha256(encode(letterContentCodec, request)))}`
}
