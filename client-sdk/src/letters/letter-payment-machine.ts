import {
  type AnswerContent,
  isRejection,
  offerIdOf,
  parseInvoice,
  parseOffer,
  type Timestamp,
  toHex,
} from '@tallystick/protocol'
import type { LetterPayment } from './letter-payment.js'

/** What happens to a payment that began with a letter. */
export type LetterPaymentEvent =
  /** The letter is on the hub's disk. */
  | { readonly kind: 'kept' }
  /** It cannot be delivered, for good. */
  | { readonly kind: 'undeliverable'; readonly code: string }
  /** The payee has answered. */
  | { readonly kind: 'answered'; readonly content: AnswerContent }
  /** The payment has ended, or was not begun for good. */
  | {
      readonly kind: 'ended'
      readonly status: 'paid' | 'failed' | 'unknown'
      readonly code: string
    }
  /** The store is an old copy: it may have been paid since. */
  | { readonly kind: 'restored' }
  | { readonly kind: 'timePassed' }

/** The payment after an event; the same one where nothing changes (OFFER-5, MAIL-5). */
export function stepLetterPayment(
  payment: LetterPayment,
  event: LetterPaymentEvent,
  now: Timestamp,
): LetterPayment {
  switch (event.kind) {
    case 'kept':
      return payment.status === 'asking' && payment.what.kind === 'spontaneous'
        ? { ...payment, status: 'paying', time: now }
        : payment
    case 'undeliverable':
      return payment.status === 'asking' ? failed(payment, event.code, now) : payment
    case 'answered':
      return payment.status === 'asking' ? answered(payment, event.content, now) : payment
    case 'ended':
      return payment.status === 'paying'
        ? { ...payment, status: event.status, code: event.code, time: now }
        : payment
    case 'restored':
      return isEnded(payment) ? payment : { ...payment, status: 'unknown', time: now }
    case 'timePassed':
      return payment.status === 'asking' && now > payment.expiry
        ? failed(payment, 'expired', now)
        : payment
  }
}

/** Whether nothing can change it any more. */
export function isEnded({ status }: Pick<LetterPayment, 'status'>): boolean {
  return status === 'paid' || status === 'failed' || status === 'unknown'
}

function answered(payment: LetterPayment, content: AnswerContent, now: Timestamp): LetterPayment {
  if (payment.what.kind !== 'offer') return payment
  switch (content.kind) {
    case 'refused':
      return failed(payment, codeOf(content.code), now)
    case 'invoice':
      return isFitting(payment, content.text)
        ? {
            ...payment,
            what: { ...payment.what, invoice: content.text },
            status: 'paying',
            time: now,
          }
        : failed(payment, 'answer_invalid', now)
  }
}

/** Whether the payee of the offer has signed for it, and for what was asked (OFFER-5). */
function isFitting({ what, payee, amount }: LetterPayment, text: string): boolean {
  const invoice = parseInvoice(text)
  const offer = what.kind === 'offer' ? parseOffer(what.text) : undefined
  if (isRejection(invoice) || offer === undefined || isRejection(offer)) return false
  return (
    invoice.payee === payee &&
    invoice.amount === amount &&
    invoice.asset === offer.asset &&
    invoice.chainId === offer.chainId &&
    invoice.offer !== undefined &&
    toHex(invoice.offer) === offerIdOf(offer)
  )
}

/** A code that a payee made up says no more than that it refused. */
function codeOf(code: string): string {
  return /^[a-z][a-z0-9_]{0,63}$/.test(code) ? code : 'declined'
}

function failed(payment: LetterPayment, code: string, now: Timestamp): LetterPayment {
  return { ...payment, status: 'failed', code, time: now }
}
