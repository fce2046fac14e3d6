import type { LedgerClient } from '@tallystick/client-sdk'
import { CommandError } from '@tallystick/daemon'
import { type AssetId, feeRateOf } from '@tallystick/protocol'

/**
 * What a fee is paid in: `asked`, or else `preferred` if it pays fees, or else the first that does.
 * Throws `fee_asset_unpriced` when the parameters in force name no rate for what was asked for.
 */
export function feeAssetOf(
  { parameters }: Pick<LedgerClient, 'parameters'>,
  asked: AssetId | undefined,
  preferred: AssetId,
): AssetId {
  const { feeRates } = parameters
  if (asked === undefined) {
    const [first] = feeRates
    return feeRateOf(parameters, preferred) > 0 ? preferred : (first?.asset ?? preferred)
  }
  if (feeRateOf(parameters, asked) > 0) return asked
  const rates = feeRates.map(({ asset, feePerKiloCost }) => {
    return `asset ${asset} (${feePerKiloCost} per 1,000 of cost)`
  })
  const detail = `no fee can be paid in asset ${asked}: these have a rate: ${rates.join(', ')}`
  throw new CommandError('fee_asset_unpriced', detail)
}
