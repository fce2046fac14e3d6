import {
  type Amount,
  type Anchor,
  addSeconds,
  type ItemId,
  isRejection,
  type LetterContent,
  type Offer,
  offerIdOf,
  type PublicKey,
  type RequestId,
  sealLetter,
  sha256,
  type Timestamp,
  toHex,
} from '@tallystick/protocol'
import { errorOf } from '../wallet/error-of.js'
import type { WalletCore } from '../wallet/wallet-core.js'
import type { LetterPayment } from './letter-payment.js'

/** Seconds in which a spontaneous payment is begun and ends. */
const SPONTANEOUS_SECONDS = 600

type Maker = Pick<WalletCore, 'feed' | 'randomBytes'>

/** The payment of an offer, about to ask for an invoice (OFFER-3). Errors: `recipient_invalid`. */
export function askingPayment(
  maker: Maker,
  id: ItemId,
  order: {
    readonly offer: Offer
    readonly text: string
    readonly amount: Amount
    readonly feeMax: Amount | undefined
    readonly expiry: Timestamp
  },
): LetterPayment {
  const { offer, text, ...rest } = order
  const { payee } = offer
  const request = toHex(maker.randomBytes(16)) as RequestId
  const answerKey = maker.randomBytes(32)
  const { amount, expiry } = rest
  const content = { offer: offerIdOf(offer), request, amount, expiry, answerKey }
  const letter = sealed(maker, payee, { kind: 'invoiceRequest', ...content })
  const what = { kind: 'offer', text, request, answerKey, invoice: '' } as const
  return begun(maker, { id, what, payee, ...rest, letter })
}

/** A spontaneous payment, about to be announced (MAIL-5). Errors: `recipient_invalid`. */
export function announcingPayment(
  maker: Maker,
  id: ItemId,
  order: {
    readonly payee: PublicKey
    readonly amount: Amount
    readonly feeMax: Amount | undefined
    readonly message: string
  },
): LetterPayment {
  const { message, ...rest } = order
  const preimage = maker.randomBytes(32)
  const anchor = toHex(sha256(preimage)) as Anchor
  const expiry = addSeconds(maker.feed.time, SPONTANEOUS_SECONDS)
  const content = { anchor, preimage, amount: rest.amount, expiry, message }
  const letter = sealed(maker, rest.payee, { kind: 'payment', ...content })
  const what = { kind: 'spontaneous', anchor, preimage, message } as const
  return begun(maker, { id, what, ...rest, letter, expiry })
}

function sealed({ feed, randomBytes }: Maker, recipient: PublicKey, content: LetterContent) {
  const address = { chainId: feed.ledger.chainId, recipient }
  const letter = sealLetter(address, content, randomBytes(32))
  if (isRejection(letter)) throw errorOf(letter)
  return letter
}

function begun(
  { feed: { time } }: Maker,
  payment: Omit<LetterPayment, 'status' | 'code' | 'created' | 'time'>,
): LetterPayment {
  return { ...payment, status: 'asking', code: '', created: time, time }
}
