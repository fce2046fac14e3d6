import {
  amountCodec,
  type Codec,
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
  union,
} from '../codec/codec.js'
import { type Signer, verifySignature } from '../crypto/ed25519.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import { assetIdCodec } from '../ledger/asset.js'
import { anchorCodec, chainIdCodec, publicKeyCodec } from '../ledger/identifiers.js'
import { isRejection, type Rejection, reject } from '../primitives/outcome.js'
import { shownText } from './shown-text.js'
import { signedString, signedStringBytes } from './signed-string.js'

/** An invoice string is at most this long, characters: 1 kB of description fits. */
export const INVOICE_CHARACTERS_MAX = 2_400
/** A description is at most this long, bytes of UTF-8. */
export const DESCRIPTION_BYTES_MAX = 1_024
/** An invoice names at most this many hubs. */
export const INVOICE_HUBS_MAX = 4
/** The format of invoices: the first byte of the string, and of what is signed. */
export const INVOICE_VERSION = 2

/** What is asked for, in words, or the SHA-256 of words that the payer has from elsewhere. */
export const descriptionCodec = union({
  text: [1, struct({ text: shownText(DESCRIPTION_BYTES_MAX) })],
  hash: [2, struct({ hash: fixedBytes(32) })],
})
export type Description = Decoded<typeof descriptionCodec>

/** What a payee asks for (INVOICE-1); it is paid once, by whoever locks its amount to its anchor. */
export const invoiceCodec = struct({
  chainId: chainIdCodec,
  /** The hubs over which the payee can be paid, each once; the first is preferred. */
  hubs: refine(
    list(publicKeyCodec, INVOICE_HUBS_MAX, 1),
    (hubs) => new Set(hubs).size === hubs.length,
    'each hub is named once',
  ),
  /** Identity key of the payee. */
  payee: publicKeyCodec,
  asset: assetIdCodec,
  /** Absent: the payer says how much (an open amount). */
  amount: optional(amountCodec),
  anchor: anchorCodec,
  /** Ledger time until which a payment may be locked to it. */
  expiry: timestampCodec,
  description: descriptionCodec,
  /** The offer that this invoice was made for. */
  offer: optional(fixedBytes(32)),
})
export type Invoice = Decoded<typeof invoiceCodec>

const versionCodec = integer(INVOICE_VERSION, INVOICE_VERSION)
const signedContentCodec = struct({ version: versionCodec, invoice: invoiceCodec })
/** An invoice with the signature of its payee: the bytes of an invoice string. */
export type SignedInvoice = {
  readonly version: number
  readonly invoice: Invoice
  readonly signature: Uint8Array
}
export const signedInvoiceCodec: Codec<SignedInvoice> = struct({
  version: versionCodec,
  invoice: invoiceCodec,
  signature: fixedBytes(64),
})

/** Why an invoice string is refused. */
export type InvoiceRejection = Rejection<
  'invoice_malformed' | 'invoice_version' | 'invoice_bad_signature'
>

/** The invoice as one string, `tally1…` (bech32m), signed by the payee. */
export function encodeInvoice(invoice: Invoice, payee: Signer): string {
  const signature = payee.sign(invoiceDigest(invoice))
  const bytes = encode(signedInvoiceCodec, { version: INVOICE_VERSION, invoice, signature })
  return signedString('invoice', bytes, INVOICE_CHARACTERS_MAX)
}

/**
 * An invoice string from outside: checksum, version, canonical form and signature hold, or why not.
 * Whether it is expired, and of which network, is for the payer to see (INVOICE-2).
 */
export function parseInvoice(text: string): Invoice | InvoiceRejection {
  const signed = parseSignedInvoice(text)
  return isRejection(signed) ? signed : signed.invoice
}

/** As `parseInvoice`, with the signature. */
export function parseSignedInvoice(text: string): SignedInvoice | InvoiceRejection {
  const bytes = signedStringBytes('invoice', text, INVOICE_CHARACTERS_MAX)
  if (typeof bytes === 'string') return reject('invoice_malformed', bytes)
  if (bytes[0] !== INVOICE_VERSION) {
    const detail = `the invoice is of another format than ${INVOICE_VERSION}: ask the payee for a new one`
    return reject('invoice_version', detail)
  }
  const signed = decode(signedInvoiceCodec, bytes)
  if (isRejection(signed)) return reject('invoice_malformed', signed.detail)
  return isSignedByPayee(signed)
    ? signed
    : reject('invoice_bad_signature', 'the payee that the invoice names did not sign it')
}

/** Whether the payee that an invoice names has signed it. */
export function isSignedByPayee({ invoice, signature }: SignedInvoice): boolean {
  return verifySignature(invoice.payee, invoiceDigest(invoice), signature)
}

function invoiceDigest(invoice: Invoice): Uint8Array {
  return taggedHash(TAG.invoice, encode(signedContentCodec, { version: INVOICE_VERSION, invoice }))
}
