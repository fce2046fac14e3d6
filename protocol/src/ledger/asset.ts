import { amountCodec, type Decoded, integer, struct, text } from '../codec/codec.js'
import { ASSETS_MAX } from './limits.js'

/** Position of an asset in the ledger's list of assets. */
export type AssetId = number
export const assetIdCodec = integer(ASSETS_MAX - 1)

/** What an asset is called, and what a unit of cost is paid with it. */
export const assetTermsCodec = struct({
  /** 1 to 12 bytes, for people: `GBP`. */
  code: text(12),
  /** Digits behind the point when people read an amount. */
  decimals: integer(18),
  /** Base units due for 1,000 units of cost; 0: fees are not taken in this asset. */
  feePerKiloCost: integer(2 ** 40),
})
export type AssetTerms = Decoded<typeof assetTermsCodec>

/** The ledger's own books of one asset: supply in use = `issued - burnt` (LED-4). */
export const assetCodec = struct({
  terms: assetTermsCodec,
  issued: amountCodec,
  /** Fees taken out of circulation. */
  burnt: amountCodec,
})
export type Asset = Decoded<typeof assetCodec>
