import {
  amountCodec,
  type Decoded,
  decode,
  encode,
  fixedBytes,
  integer,
  list,
  optional,
  refine,
  struct,
  timestampCodec,
} from '../codec/codec.js'
import { type Signer, verifySignature } from '../crypto/ed25519.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import { assetIdCodec } from '../ledger/asset.js'
import { chainIdCodec, publicKeyCodec } from '../ledger/identifiers.js'
import type { OfferId } from '../mail/letter-content.js'
import { toHex } from '../primitives/bytes.js'
import { isRejection, type Rejection, reject } from '../primitives/outcome.js'
import { DESCRIPTION_BYTES_MAX, INVOICE_CHARACTERS_MAX, INVOICE_HUBS_MAX } from './invoice.js'
import { shownText } from './shown-text.js'
import { signedString, signedStringBytes } from './signed-string.js'

/** An offer string is at most this long, characters. */
export const OFFER_CHARACTERS_MAX = INVOICE_CHARACTERS_MAX
/** The format of offers: the first byte of the string, and of what is signed. */
export const OFFER_VERSION = 1

/** What a payee can be asked invoices for, again and again (OFFER-1). */
export const offerCodec = struct({
  chainId: chainIdCodec,
  /** The hubs over which the payee can be asked and paid, each once; the first is preferred. */
  hubs: refine(
    list(publicKeyCodec, INVOICE_HUBS_MAX, 1),
    (hubs) => new Set(hubs).size === hubs.length,
    'each hub is named once',
  ),
  /** Identity key of the payee. */
  payee: publicKeyCodec,
  asset: assetIdCodec,
  /** Absent: the payer says how much. */
  amount: optional(amountCodec),
  description: shownText(DESCRIPTION_BYTES_MAX),
  /** Ledger time until which invoices are given; absent: until the payee withdraws it. */
  expiry: optional(timestampCodec),
  /** Tells offers of the same content apart. */
  nonce: fixedBytes(16),
})
export type Offer = Decoded<typeof offerCodec>

const versionCodec = integer(OFFER_VERSION, OFFER_VERSION)
const offerContentCodec = struct({ version: versionCodec, offer: offerCodec })
const signedOfferCodec = struct({
  version: versionCodec,
  offer: offerCodec,
  signature: fixedBytes(64),
})

/** The offer as one string, `tallyo1…` (bech32m), signed by the payee. */
export function encodeOffer(offer: Offer, payee: Signer): string {
  const signature = payee.sign(offerDigest(offer))
  const bytes = encode(signedOfferCodec, { version: OFFER_VERSION, offer, signature })
  return signedString('offer', bytes, OFFER_CHARACTERS_MAX)
}

/**
 * An offer string from outside: checksum, version, canonical form and signature hold, or why not.
 * Whether it is expired, and of which network, is for the payer to see (OFFER-2).
 */
export function parseOffer(
  text: string,
): Offer | Rejection<'offer_malformed' | 'offer_version' | 'offer_bad_signature'> {
  const bytes = signedStringBytes('offer', text, OFFER_CHARACTERS_MAX)
  if (typeof bytes === 'string') return reject('offer_malformed', bytes)
  if (bytes[0] !== OFFER_VERSION) {
    const detail = `the offer is of another format than ${OFFER_VERSION}: ask the payee for a new one`
    return reject('offer_version', detail)
  }
  const signed = decode(signedOfferCodec, bytes)
  if (isRejection(signed)) return reject('offer_malformed', signed.detail)
  const { offer, signature } = signed
  return verifySignature(offer.payee, offerDigest(offer), signature)
    ? offer
    : reject('offer_bad_signature', 'the payee that the offer names did not sign it')
}

/** The name of an offer, which invoices for it bear. */
export function offerIdOf(offer: Offer): OfferId {
  return toHex(offerDigest(offer)) as OfferId
}

function offerDigest(offer: Offer): Uint8Array {
  return taggedHash(TAG.offer, encode(offerContentCodec, { version: OFFER_VERSION, offer }))
}
