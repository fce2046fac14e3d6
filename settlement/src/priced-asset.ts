import type { AssetTerms, Genesis, Parameters, PublicKey } from '@tallystick/protocol'

/** An asset of a genesis as people name it: its terms, and what is paid for cost in it at first. */
export type PricedAsset = {
  readonly code: string
  readonly decimals: number
  /** Base units due for 1,000 units of cost; 0: fees are not taken in this asset. */
  readonly feePerKiloCost: number
  /** Absent: nobody can issue more of it. */
  readonly issuer?: PublicKey
}

/** The terms of the assets, and the fee rates that the parameters start with. */
export function genesisAssets(assets: readonly PricedAsset[]): {
  readonly terms: readonly AssetTerms[]
  readonly feeRates: Parameters['feeRates']
} {
  const terms = assets.map(({ code, decimals, issuer }) => ({ code, decimals, issuer }))
  const feeRates = assets.flatMap(({ feePerKiloCost }, asset) =>
    feePerKiloCost > 0 ? [{ asset, feePerKiloCost }] : [],
  )
  return { terms, feeRates }
}

/** The assets of a genesis as they are written for people. */
export function pricedAssets({
  assets,
  parameters: { feeRates },
}: Pick<Genesis, 'assets' | 'parameters'>): readonly PricedAsset[] {
  return assets.map(({ code, decimals, issuer }, asset) => {
    const rate = feeRates.find((priced) => priced.asset === asset)
    const priced = { code, decimals, feePerKiloCost: rate?.feePerKiloCost ?? 0 }
    return issuer === undefined ? priced : { ...priced, issuer }
  })
}
