import {
  type Amount,
  isShownText,
  type OfferId,
  PAYMENT_MESSAGE_BYTES_MAX,
  type PublicKey,
  parseAmount,
  parsePublicKey,
  SHOWN_TEXT_RULE,
  utf8,
} from '@tallystick/protocol'
import { WalletError } from '../wallet-error.js'
import type { SpontaneousPolicy } from './announced-payments.js'

/** An offer as text; whether it is one, `parseOffer` finds out. Errors: `offer_malformed`. */
export function parseOfferText(text: unknown): string {
  if (typeof text === 'string') return text
  throw new WalletError('offer_malformed', 'an offer is a string that starts with tallyo1')
}

/** The name of an offer. Errors: `offer_invalid`. */
export function parseOfferId(id: unknown): OfferId {
  if (typeof id === 'string' && /^[0-9a-f]{64}$/.test(id)) return id as OfferId
  throw new WalletError('offer_invalid', 'the id of an offer is 32 bytes as lower-case hex')
}

/** Whom to pay. Errors: `payee_invalid`. */
export function parsePayee(payee: unknown): PublicKey {
  const parsed = typeof payee === 'string' ? parsePublicKey(payee) : undefined
  if (parsed !== undefined) return parsed
  throw new WalletError('payee_invalid', 'a payee is an identity key, 32 bytes as lower-case hex')
}

/** What the payee is shown. Errors: `message_invalid`. */
export function parseMessage(message: unknown): string {
  const isText = typeof message === 'string' && isShownText(message)
  if (isText && utf8(message).length <= PAYMENT_MESSAGE_BYTES_MAX) return message
  throw new WalletError(
    'message_invalid',
    `a message has at most ${PAYMENT_MESSAGE_BYTES_MAX} bytes of UTF-8, and ${SHOWN_TEXT_RULE}`,
  )
}

/** Whole seconds to wait for a payee, 1 to `max`. Errors: `expiry_invalid`. */
export function parseWaitSeconds(seconds: unknown, max: number): number {
  const isWhole = typeof seconds === 'number' && Number.isSafeInteger(seconds)
  if (isWhole && seconds > 0 && seconds <= max) return seconds
  throw new WalletError('expiry_invalid', `waitSeconds is a whole number of 1 to ${max}`)
}

/** Which payments are taken unasked; absent: all. Errors: `spontaneous_invalid`. */
export function parseSpontaneousPolicy(policy: unknown): SpontaneousPolicy {
  const { accept = true, amountMin = 1n, ...rest } = recordOf(policy)
  const least = typeof amountMin === 'bigint' ? parseAmount(amountMin) : undefined
  if (typeof accept === 'boolean' && least !== undefined && Object.keys(rest).length === 0) {
    return { accept, amountMin: least satisfies Amount }
  }
  const detail = 'spontaneous has accept, true or false, and amountMin, a bigint of 0 to 2^63-1'
  throw new WalletError('spontaneous_invalid', detail)
}

function recordOf(value: unknown): { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
