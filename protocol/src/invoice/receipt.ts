import {
  amountCodec,
  type Decoded,
  decode,
  encode,
  fixedBytes,
  integer,
  optional,
  refine,
  struct,
} from '../codec/codec.js'
import { anchorOf } from '../crypto/hash-chain.js'
import type { Amount } from '../primitives/amount.js'
import { isRejection, type Rejection, reject } from '../primitives/outcome.js'
import {
  type Invoice,
  type InvoiceRejection,
  isSignedByPayee,
  parseSignedInvoice,
  signedInvoiceCodec,
} from './invoice.js'
import { signedString, signedStringBytes } from './signed-string.js'

/** A receipt string is at most this long, characters. */
export const RECEIPT_CHARACTERS_MAX = 2_600
/** The format of receipts: the first byte of the string. */
const RECEIPT_VERSION = 1

/** What shows to anybody that an invoice was paid (RECEIPT-1). */
export const receiptCodec = refine(
  struct({
    version: integer(RECEIPT_VERSION, RECEIPT_VERSION),
    signed: signedInvoiceCodec,
    /** What the payee shows to whoever pays all of it, and to nobody before. */
    preimage: fixedBytes(32),
    /** What the payer says to have paid where the invoice leaves that open; absent where it does not. */
    amount: optional(amountCodec),
  }),
  ({ signed, amount }) => (signed.invoice.amount === undefined) === (amount !== undefined),
  'the amount is stated where the invoice leaves it open, and there alone',
)

/** What a receipt says, and how far it proves it. */
export type Receipt = {
  readonly invoice: Invoice
  readonly preimage: Uint8Array
  /** Base units. */
  readonly amount: Amount
  /** Whether the payee signed the amount; if not, it is the word of whoever made the receipt. */
  readonly isAmountProven: boolean
}

export type ReceiptRejection = Rejection<
  'receipt_malformed' | 'receipt_version' | 'receipt_bad_signature' | 'receipt_wrong_preimage'
>

/**
 * The receipt of a paid invoice as one string, `tallyr1…` (bech32m). `paid`: base units, counts where the
 * invoice leaves the amount open. Refused: what is wrong with the invoice, `receipt_wrong_preimage`.
 */
export function encodeReceipt(
  text: string,
  preimage: Uint8Array,
  paid: Amount,
): string | InvoiceRejection | ReceiptRejection {
  const signed = parseSignedInvoice(text)
  if (isRejection(signed)) return signed
  if (anchorOf(preimage, 1) !== signed.invoice.anchor) return wrongPreimage()
  const amount = signed.invoice.amount === undefined ? paid : undefined
  const receipt = { version: RECEIPT_VERSION, signed, preimage, amount }
  return signedString('receipt', encode(receiptCodec, receipt), RECEIPT_CHARACTERS_MAX)
}

/**
 * A receipt string from outside, verified without anything else: what it proves and what it does not, see
 * RECEIPT-1. Whether the invoice is of this network, and the payee the one that was meant, is for its reader to see.
 */
export function parseReceipt(text: string): Receipt | ReceiptRejection {
  const bytes = signedStringBytes('receipt', text, RECEIPT_CHARACTERS_MAX)
  if (typeof bytes === 'string') return reject('receipt_malformed', bytes)
  if (bytes[0] !== RECEIPT_VERSION) {
    return reject('receipt_version', `the receipt is of another format than ${RECEIPT_VERSION}`)
  }
  const receipt = decode(receiptCodec, bytes)
  return isRejection(receipt) ? reject('receipt_malformed', receipt.detail) : verify(receipt)
}

function verify({
  signed,
  preimage,
  amount,
}: Decoded<typeof receiptCodec>): Receipt | ReceiptRejection {
  const { invoice } = signed
  if (!isSignedByPayee(signed)) {
    return reject('receipt_bad_signature', 'the payee that it names did not sign the invoice')
  }
  if (anchorOf(preimage, 1) !== invoice.anchor) return wrongPreimage()
  const asked = invoice.amount
  const said = { invoice, preimage, isAmountProven: asked !== undefined }
  const whole = asked ?? amount
  return whole === undefined
    ? reject('receipt_malformed', 'it says no amount')
    : { ...said, amount: whole }
}

function wrongPreimage(): Rejection<'receipt_wrong_preimage'> {
  return reject(
    'receipt_wrong_preimage',
    'the preimage is not that of the invoice: it proves nothing',
  )
}
