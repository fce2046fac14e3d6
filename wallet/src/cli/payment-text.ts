import type { PaymentRecord } from '@tallystick/client-sdk'
import { printableLine } from '@tallystick/daemon'
import { toHex } from '@tallystick/protocol'
import type { AssetAmounts } from './asset-amount.js'
import { descriptionFacts, descriptionLine } from './description-text.js'
import { timeText } from './ledger-words.js'

/** Under which key a payment was made, where that is known. */
export type KeyedPayment = { readonly payment: PaymentRecord; readonly key: string | null }

/** A payment for programs: amounts are decimal strings of base units. */
export function paymentFacts({ payment, key }: KeyedPayment, asset: number): object {
  const { status, anchor, payee, amount, fee, description, preimage, code } = payment
  const { text, parts, created, time, refundOf } = payment
  return {
    ...{ status: paymentStatus(payment), key, invoice: text, anchor, payee, asset },
    ...{ amount: `${amount}`, fee: `${fee}`, total: `${amount + fee}`, parts: parts.length },
    ...descriptionFacts(description),
    ...{ refund_of: refundOf ?? null, created, time },
    preimage: preimage === undefined ? null : toHex(preimage),
    failure: status === 'failed' ? code : null,
  }
}

/**
 * How a payment stands for whoever made it. `pending`: it is under way; `unknown`: this store cannot know
 * how it ended, another one or the payee does. Neither is a failure.
 */
export function paymentStatus({
  status,
}: PaymentRecord): 'pending' | 'paid' | 'failed' | 'unknown' {
  switch (status) {
    case 'pending':
    case 'cancelling':
      return 'pending'
    case 'paid':
    case 'failed':
    case 'unknown':
      return status
  }
}

/** The same for people. */
export function paymentLines(payment: PaymentRecord, money: AssetAmounts): string[] {
  const { amount, fee, description, preimage, code, time } = payment
  const words = descriptionLine(description)
  const what = [
    `amount      ${money.show(amount)}, fee ${money.show(fee)}`,
    ...(words === '' ? [] : [`for         ${words}`]),
  ]
  switch (paymentStatus(payment)) {
    case 'paid':
      return [
        `paid        ${timeText(time)}`,
        ...what,
        ...(preimage === undefined ? [] : [`preimage    ${toHex(preimage)}`]),
        'A receipt that anybody can check: wallet receipt INVOICE, or its --key.',
      ]
    case 'failed':
      return [
        `failed      ${timeText(time)}: ${printableLine(code)}; the money is back`,
        ...what,
        'Nothing was paid: ask for a new invoice, or try this one again under a --key of your choice.',
      ]
    case 'pending':
      return [
        'pending     it is not decided yet: either the payee takes the money, or it comes back',
        ...what,
        'Run the same command again to hear what became of it; it is not paid twice.',
      ]
    case 'unknown':
      return [
        'unknown     this store cannot know how the payment ended',
        ...what,
        'Its channel went on without it: ask the payee, or look into the store that made it.',
      ]
  }
}
