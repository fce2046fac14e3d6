import { type Amount, parseAmount } from '@tallystick/protocol'
import { BigNumber } from 'bignumber.js'
import { WalletError } from './wallet-error.js'

/** An asset as people write it. */
export type Denomination = { readonly code: string; readonly decimals: number }

/** Plain decimals as people and exports write them: no exponents, no blanks, no thousands, no plus. */
const DECIMAL = /^-?\d{1,19}(?:\.\d{1,18})?$/

/** A decimal with more digits before its point than any amount has. */
const TOO_LARGE = /^-?[1-9]\d{19,}(?:\.\d{1,18})?$/

function requireNotTooLarge(text: string): void {
  if (!TOO_LARGE.test(text)) return
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text
  throw new WalletError('amount_invalid', `${shown} is too large: it is above 2^63-1 base units`)
}

/**
 * Base units of a decimal such as `12.50`; nothing is ever rounded. Errors: `decimal_malformed`,
 * `too_many_decimals`, `amount_invalid` above 19 digits before the point.
 */
export function unitsOf(text: string, { decimals }: Pick<Denomination, 'decimals'>): bigint {
  requireNotTooLarge(text)
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

/** An amount as people type it: digits, and at most one point between them. */
const AMOUNT = /^(?:0|[1-9]\d{0,18})(?:\.(\d{1,18}))?$/

/**
 * Base units of an amount as people type it, `12.50`: no sign, exponent, blank, thousands or leading
 * zeros, ASCII digits alone, and no more decimals than the asset has. Errors: `decimal_malformed`,
 * `too_many_decimals`, `amount_invalid`.
 */
export function amountOf(text: string, denomination: Pick<Denomination, 'decimals'>): Amount {
  const typed = typeof text === 'string' ? AMOUNT.exec(text) : null
  if (typed === null) {
    if (typeof text === 'string') requireNotTooLarge(text)
    const shown = JSON.stringify(String(text).slice(0, 40))
    throw new WalletError(
      'decimal_malformed',
      `${shown} is no amount: it is written with digits and one point, such as 12.50`,
    )
  }
  const { decimals } = denomination
  if ((typed[1]?.length ?? 0) > decimals) {
    throw new WalletError('too_many_decimals', `${text} has more than ${decimals} decimals`)
  }
  const checked = parseAmount(unitsOf(text, denomination))
  if (checked !== undefined) return checked
  throw new WalletError('amount_invalid', `${text} is above 2^63-1 base units`)
}

/** Base units as people read them: thousands, all decimals of the asset, its code. */
export function formatAmount(units: bigint, { code, decimals }: Denomination): string {
  return `${new BigNumber(units.toString()).shiftedBy(-decimals).toFormat(decimals)} ${code}`
}
