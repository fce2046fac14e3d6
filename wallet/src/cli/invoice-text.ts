import type { InvoiceRecord } from '@tallystick/client-sdk'
import type { Timestamp } from '@tallystick/protocol'
import type { AssetAmounts } from './asset-amount.js'
import { descriptionFacts, descriptionLine } from './description-text.js'
import { spanText, timeText } from './ledger-words.js'

/**
 * How an invoice stands for whoever made it. While its preimage is on the way, what was locked to it is
 * still only held.
 */
export function invoiceStatus({
  status,
}: Pick<InvoiceRecord, 'status'>): Exclude<InvoiceRecord['status'], 'claiming'> {
  return status === 'claiming' ? 'held' : status
}

/** An invoice of this wallet for programs: amounts are decimal strings of base units. */
export function invoiceFacts(invoice: InvoiceRecord, asset: number): object {
  const { anchor, amount, received, expiry, description, text, created, time } = invoice
  const { hold, waitsUntil, refunded } = invoice
  return {
    ...{ invoice: text, anchor, status: invoiceStatus(invoice), asset },
    ...{ amount: amount === undefined ? null : `${amount}`, received: `${received}` },
    ...descriptionFacts(description),
    ...{ hold, held_until: waitsUntil ?? null },
    ...{ created, expiry, time, refunded: `${refunded}` },
  }
}

/** The same for people, as it is handed out; `now`: ledger time. */
export function invoiceLines(
  { amount, description, expiry }: InvoiceRecord,
  { money, now }: { readonly money: AssetAmounts; readonly now: Timestamp },
): string[] {
  const words = descriptionLine(description)
  return [
    `to be paid  ${amount === undefined ? `as much ${money.code} as the payer likes` : money.show(amount)}`,
    ...(words === '' ? [] : [`for         ${words}`]),
    `until       ${timeText(expiry)}, ${spanText(Math.max(0, expiry - now))} from now`,
  ]
}

/** What became of it. */
export function invoiceOutcome(invoice: InvoiceRecord, money: AssetAmounts): string {
  const { status, received, time, waitsUntil } = invoice
  switch (status) {
    case 'open':
      return 'open        not paid yet'
    case 'held':
    case 'claiming': {
      const until = waitsUntil === undefined ? '' : ` until ${timeText(waitsUntil)}`
      return `held        ${money.show(received)}${until}`
    }
    case 'paid':
      return `paid        ${money.show(received)} at ${timeText(time)}`
    case 'expired':
      return 'expired     nobody has paid it in time'
    case 'cancelled':
      return `cancelled   at ${timeText(time)}: it can be paid no more`
  }
}
