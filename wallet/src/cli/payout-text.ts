import type { PayoutRecord } from '@tallystick/client-sdk'
import { printableLine } from '@tallystick/daemon'
import type { AssetAmounts } from './asset-amount.js'
import { timeText } from './ledger-words.js'

/** How a payout stands for whoever made it: where it is on its way is the wallet's own affair. */
export function payoutStatus({
  status,
}: Pick<PayoutRecord, 'status'>): 'pending' | 'paid' | 'failed' | 'unknown' {
  return status === 'withdrawing' || status === 'sending' ? 'pending' : status
}

/** A payout for programs: amounts are decimal strings of base units. `key`: null where it is not known. */
export function payoutFacts(
  payout: PayoutRecord,
  { asset, key }: { readonly asset: number; readonly key: string | null },
): object {
  const { value, lock, isOwn, channel, taken, sent, code, created, time } = payout
  return {
    ...{ status: payoutStatus(payout), step: payout.status, key, asset, amount: `${value}` },
    ...{ lock, own: isOwn, channel, taken: `${taken}` },
    ...{ transaction: sent?.id ?? null, fee: sent === undefined ? null : `${sent.fee}` },
    ...{ created, time, failure: code === '' ? null : code },
  }
}

/** The same for people. */
export function payoutLines(payout: PayoutRecord, money: AssetAmounts): string[] {
  const { value, lock, isOwn, sent, code, time } = payout
  const what = [
    `amount      ${money.show(value)}${sent === undefined ? '' : `, fee ${money.show(sent.fee)}`}`,
    `to          ${isOwn ? "the wallet's own coins" : lock}`,
  ]
  switch (payoutStatus(payout)) {
    case 'paid':
      return [`paid        ${timeText(time)}`, ...what]
    case 'failed':
      return [
        `failed      ${timeText(time)}: ${printableLine(code)}; nothing has come to the lock`,
        ...what,
        'The money is in the channel, or among the coins of the wallet: try again under another --key.',
      ]
    case 'pending':
      return [
        'pending     it is on its way, and goes on whenever this wallet is open',
        ...what,
        'Run the same command again with its --key to hear what became of it.',
      ]
    case 'unknown':
      return [
        'unknown     this store cannot know whether it came',
        ...what,
        'Look at the lock on the ledger, or into the store that went on with it.',
      ]
  }
}
