import { type Amount, parseAmount } from '@tallystick/protocol'
import { BigNumber } from 'bignumber.js'
import { WalletError } from './wallet-error.js'

/** An asset as people write it. */
export type Denomination = { readonly code: string; readonly decimals: number }

/** Plain decimals as people and exports write them: no exponents, no blanks, no thousands, no plus. */
const DECIMAL = /^-?\d{1,19}(?:\.\d{1,18})?$/

/**
 * Base units of a decimal such as `12.50`; nothing is ever rounded. Errors: `decimal_malformed`,
 * `too_many_decimals`.
 */
export function unitsOf(text: string, { decimals }: Pick<Denomination, 'decimals'>): bigint {
  if (!DECIMAL.test(text)) {
    throw new WalletError(
      'decimal_malformed',
      `${JSON.stringify(text.slice(0, 40))} is no plain decimal`,
    )
  }
  const units = new BigNumber(text).shiftedBy(decimals)
  if (!units.isInteger()) {
    throw new WalletError('too_many_decimals', `${text} has more than ${decimals} decimals`)
  }
  return BigInt(units.toFixed(0))
}

/** As `unitsOf`, for what must be an amount. Errors: also `amount_invalid`. */
export function amountOf(text: string, denomination: Pick<Denomination, 'decimals'>): Amount {
  const checked = parseAmount(unitsOf(text, denomination))
  if (checked !== undefined) return checked
  throw new WalletError('amount_invalid', `${text} is below zero or above 2^63-1 base units`)
}

/** Base units as people read them: thousands, all decimals of the asset, its code. */
export function formatAmount(units: bigint, { code, decimals }: Denomination): string {
  return `${new BigNumber(units.toString()).shiftedBy(-decimals).toFormat(decimals)} ${code}`
}
