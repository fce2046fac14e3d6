import type { InvoiceRecord } from '@tallystick/client-sdk'
import type { Timestamp } from '@tallystick/protocol'
import type { AssetAmounts } from './asset-amount.js'
import { spanText, timeText } from './ledger-words.js'
import { printableLine } from './print-facts.js'

/** An invoice of this wallet for programs: amounts are decimal strings of base units. */
export function invoiceFacts(invoice: InvoiceRecord, asset: number): object {
  const { anchor, amount, expiry, description, text, status, time, refunded } = invoice
  return {
    ...{ invoice: text, anchor, status, asset, amount: `${amount}` },
    ...{ description, expiry, time, refunded: `${refunded}` },
  }
}

/** The same for people, as it is handed out; `now`: ledger time. */
export function invoiceLines(
  { amount, description, expiry }: InvoiceRecord,
  { money, now }: { readonly money: AssetAmounts; readonly now: Timestamp },
): string[] {
  return [
    `to be paid  ${money.show(amount)}`,
    ...(description === '' ? [] : [`for         ${printableLine(description)}`]),
    `until       ${timeText(expiry)}, ${spanText(Math.max(0, expiry - now))} from now`,
  ]
}

/** What became of it. */
export function invoiceOutcome(
  { status, amount, time }: InvoiceRecord,
  money: AssetAmounts,
): string {
  switch (status) {
    case 'open':
      return 'not paid yet'
    case 'claiming':
      return `${money.show(amount)} are on the way`
    case 'paid':
      return `paid        ${money.show(amount)} at ${timeText(time)}`
    case 'expired':
      return 'expired     nobody has paid it in time'
  }
}
