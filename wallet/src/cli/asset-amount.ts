import {
  amountOf,
  type Denomination,
  formatAmount,
  type LedgerClient,
  unitsOf,
} from '@tallystick/client-sdk'
import { CommandError } from '@tallystick/daemon'
import type { Amount, AssetId } from '@tallystick/protocol'

/** How amounts of one asset are typed and shown. */
export type AssetAmounts = {
  readonly asset: AssetId
  readonly code: string
  /** Base units of what a person typed, above zero. */
  readonly unitsOf: (typed: string) => Amount
  /** The same, or nothing at all. */
  readonly unitsOrNone: (typed: string) => Amount
  readonly show: (units: bigint) => string
}

/** Throws `asset_unknown`. */
export async function assetAmounts(
  ledger: Pick<LedgerClient, 'asset'>,
  asset: AssetId,
): Promise<AssetAmounts> {
  const { value } = await ledger.asset(asset)
  if (value === undefined) throw new CommandError('asset_unknown', `there is no asset ${asset}`)
  const { terms } = value
  return {
    asset,
    code: terms.code,
    unitsOf: (typed) => typedAmount(typed, terms),
    unitsOrNone: (typed) => amountOf(typed, terms),
    show: (units) => formatAmount(units, terms),
  }
}

/**
 * An amount as a person types it, `12.50`: digits, a point, no more decimals than the asset has, and above
 * zero. Throws `decimal_malformed`, `too_many_decimals`, `amount_invalid`.
 */
export function typedAmount(typed: string, denomination: Denomination): Amount {
  const amount = amountOf(typed, denomination)
  if (amount > 0n) return amount
  throw new CommandError('amount_invalid', `an amount above zero is due, not ${typed}`)
}

/** What is no amount of any asset is refused before anybody is asked. Throws as `typedAmount`. */
export function requireDecimal(typed: string, orNone = false): void {
  const sign = unitsOf(typed, { decimals: DECIMALS_MAX })
  if (sign > 0n || (orNone && sign === 0n)) return
  const least = orNone ? 'no amount below zero' : 'an amount above zero'
  throw new CommandError('amount_invalid', `${least} is due, not ${typed}`)
}

/** As many as can be typed. */
const DECIMALS_MAX = 18
