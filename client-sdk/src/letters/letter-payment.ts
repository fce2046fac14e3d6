import {
  amountCodec,
  anchorCodec,
  byteString,
  type Decoded,
  fixedBytes,
  INVOICE_CHARACTERS_MAX,
  itemIdCodec,
  LETTER_BYTES_MAX,
  OFFER_CHARACTERS_MAX,
  oneOf,
  optional,
  PAYMENT_MESSAGE_BYTES_MAX,
  publicKeyCodec,
  requestIdCodec,
  struct,
  text,
  timestampCodec,
  union,
} from '@tallystick/protocol'

export const LETTER_PAYMENT_STATUSES = ['asking', 'paying', 'paid', 'failed', 'unknown'] as const

/**
 * A payment that begins with a letter to its payee. `asking`: the letter lies with the hub, or will;
 * nothing is promised yet. `paying`: it is certain what is to be paid, and the payment of this name goes
 * on. `unknown`: as that payment.
 */
export const letterPaymentCodec = struct({
  /** The name of the payment, by the caller's key. */
  id: itemIdCodec,
  what: union({
    /** An invoice is asked for (OFFER-3). */
    offer: [
      1,
      struct({
        text: text(OFFER_CHARACTERS_MAX),
        request: requestIdCodec,
        answerKey: fixedBytes(32),
        /** What was answered; empty while nothing was. */
        invoice: text(INVOICE_CHARACTERS_MAX),
      }),
    ],
    /** The payee is told how to take what it did not ask for (MAIL-5). */
    spontaneous: [
      2,
      struct({
        anchor: anchorCodec,
        preimage: fixedBytes(32),
        message: text(PAYMENT_MESSAGE_BYTES_MAX),
      }),
    ],
  }),
  payee: publicKeyCodec,
  amount: amountCodec,
  feeMax: optional(amountCodec),
  /** The sealed letter: the same bytes whenever it is put again. */
  letter: byteString(LETTER_BYTES_MAX),
  /** Ledger time after which it is not begun any more. */
  expiry: timestampCodec,
  status: oneOf(...LETTER_PAYMENT_STATUSES),
  /** Why it failed; empty otherwise. */
  code: text(64),
  /** Ledger time at which it was begun, and of the last change. */
  created: timestampCodec,
  time: timestampCodec,
})
export type LetterPayment = Decoded<typeof letterPaymentCodec>
