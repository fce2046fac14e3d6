import { bech32m } from '@scure/base'
import {
  amountCodec,
  type Decoded,
  decode,
  encode,
  fixedBytes,
  struct,
  text,
  timestampCodec,
} from '../codec/codec.js'
import { type Signer, verifySignature } from '../crypto/ed25519.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import { assetIdCodec } from '../ledger/asset.js'
import { anchorCodec, chainIdCodec, publicKeyCodec } from '../ledger/identifiers.js'
import { isRejection, type Rejection, reject } from '../primitives/outcome.js'

/** Human-readable part of an invoice string. */
const INVOICE_PREFIX = 'tally'
/** An invoice string is at most this long, characters: 1 kB of description fits. */
export const INVOICE_CHARACTERS_MAX = 2_400

/** What a payee asks for (INVOICE-1); it is paid once, by whoever locks its amount to its anchor. */
export const invoiceCodec = struct({
  chainId: chainIdCodec,
  /** The hub over which the payee can be paid. */
  hub: publicKeyCodec,
  /** Identity key of the payee. */
  payee: publicKeyCodec,
  asset: assetIdCodec,
  amount: amountCodec,
  anchor: anchorCodec,
  /** Ledger time until which a payment may be locked to it. */
  expiry: timestampCodec,
  description: text(1_024),
})
export type Invoice = Decoded<typeof invoiceCodec>

const signedInvoiceCodec = struct({ invoice: invoiceCodec, signature: fixedBytes(64) })

/** The invoice as one string, `tally1…` (bech32m), signed by the payee. */
export function encodeInvoice(invoice: Invoice, payee: Signer): string {
  const signature = payee.sign(invoiceDigest(invoice))
  const words = bech32m.toWords(encode(signedInvoiceCodec, { invoice, signature }))
  return bech32m.encode(INVOICE_PREFIX, words, INVOICE_CHARACTERS_MAX)
}

/** An invoice string from outside: checksum, canonical form and signature hold, or why not. */
export function parseInvoice(
  text: string,
): Invoice | Rejection<'invoice_malformed' | 'invoice_bad_signature'> {
  const bytes = invoiceBytes(text)
  if (bytes === undefined) {
    return reject('invoice_malformed', 'an invoice starts with tally1 and has a right checksum')
  }
  const signed = decode(signedInvoiceCodec, bytes)
  if (isRejection(signed)) return reject('invoice_malformed', signed.detail)
  const { invoice, signature } = signed
  return verifySignature(invoice.payee, invoiceDigest(invoice), signature)
    ? invoice
    : reject('invoice_bad_signature', 'the payee that the invoice names did not sign it')
}

function invoiceBytes(shown: string): Uint8Array | undefined {
  // QR codes are smaller in upper case; bech32m takes either, and never both at once.
  // Letters of other scripts that lower to ours, such as the Kelvin sign, are not ours.
  if (shown.length > INVOICE_CHARACTERS_MAX || !/^[A-Za-z0-9]+$/.test(shown)) return undefined
  const text = shown === shown.toUpperCase() ? shown.toLowerCase() : shown
  if (!text.startsWith(`${INVOICE_PREFIX}1`)) return undefined
  const decoded = bech32m.decodeUnsafe(text as `${string}1${string}`, INVOICE_CHARACTERS_MAX)
  return decoded && decoded.prefix === INVOICE_PREFIX
    ? bech32m.fromWordsUnsafe(decoded.words) || undefined
    : undefined
}

function invoiceDigest(invoice: Invoice): Uint8Array {
  return taggedHash(TAG.invoice, encode(invoiceCodec, invoice))
}
