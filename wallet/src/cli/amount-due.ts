import { CommandError } from '@tallystick/daemon'
import type { AssetAmounts } from './asset-amount.js'

/**
 * What is to be paid, base units: what is asked for, or, where that is left open, what `--amount` names. Throws
 * `amount_required`, `amount_mismatch`, in the words of whoever types amounts.
 */
export function amountDue(
  what: 'invoice' | 'offer',
  asked: bigint | undefined,
  named: bigint | undefined,
  money: Pick<AssetAmounts, 'show'>,
): bigint {
  const due = asked ?? named
  if (due === undefined) {
    const detail = `the ${what} leaves the amount to the payer: --amount says it`
    throw new CommandError('amount_required', detail)
  }
  if (named === undefined || named === due) return due
  const detail = `the ${what} asks for ${money.show(due)}, not ${money.show(named)}: leave --amount out`
  throw new CommandError('amount_mismatch', detail)
}
