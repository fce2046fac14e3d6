import {
  amountCodec,
  type Decoded,
  fixedBytes,
  identifier,
  struct,
  text,
  timestampCodec,
  union,
} from '../codec/codec.js'
import { shownText } from '../invoice/shown-text.js'
import { anchorCodec } from '../ledger/identifiers.js'
import type { Brand } from '../primitives/brand.js'

/** 16 random bytes in hex: names one request of a payer for ever, and finds what is answered to it. */
export type RequestId = Brand<string, 'RequestId'>
export const requestIdCodec = identifier<RequestId>(16)
/** 32 bytes in hex: the digest of an offer, which its payee signed (OFFER-1). */
export type OfferId = Brand<string, 'OfferId'>
export const offerIdCodec = identifier<OfferId>(32)

/** Bytes of the key under which a request is answered. */
export const ANSWER_KEY_BYTES = 32
/** A message for the payee of a payment that was not asked for, at most, UTF-8 bytes. */
export const PAYMENT_MESSAGE_BYTES_MAX = 1_024

/** What a letter to an identity says (MAIL-4). */
export const letterContentCodec = union({
  /** Asks for an invoice of an offer (OFFER-3). */
  invoiceRequest: [
    1,
    struct({
      offer: offerIdCodec,
      request: requestIdCodec,
      /** What is going to be paid, base units. */
      amount: amountCodec,
      /** Ledger time until which an answer is waited for. */
      expiry: timestampCodec,
      answerKey: fixedBytes(ANSWER_KEY_BYTES),
    }),
  ],
  /** Tells the payee how to take a payment that it did not ask for (MAIL-5). */
  payment: [
    2,
    struct({
      anchor: anchorCodec,
      preimage: fixedBytes(32),
      amount: amountCodec,
      /** Ledger time until which the payment can be taken. */
      expiry: timestampCodec,
      message: shownText(PAYMENT_MESSAGE_BYTES_MAX),
    }),
  ],
})
export type LetterContent = Decoded<typeof letterContentCodec>
export type InvoiceRequest = Extract<LetterContent, { kind: 'invoiceRequest' }>
export type PaymentLetter = Extract<LetterContent, { kind: 'payment' }>

/** What is answered to a request (OFFER-4). */
export const answerContentCodec = union({
  invoice: [1, struct({ text: text(4_096) })],
  refused: [2, struct({ code: text(64), detail: text(256) })],
})
export type AnswerContent = Decoded<typeof answerContentCodec>
