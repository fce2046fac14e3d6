import {
  amountCodec,
  type Decoded,
  integer,
  optional,
  refine,
  struct,
  text,
} from '../codec/codec.js'
import { publicKeyCodec } from './identifiers.js'
import { ASSETS_MAX } from './limits.js'

/** The number of an asset: its place in the order in which assets were made. */
export type AssetId = number
export const assetIdCodec = integer(ASSETS_MAX - 1)

const assetCodeCodec = {
  ...refine(
    text(12),
    (code) => /^[A-Za-z0-9]{1,12}$/.test(code),
    'the code of an asset is 1 to 12 letters and digits',
  ),
  layout: 'varint length 1..12, letters and digits[length]',
}

/** What an asset is called and who may issue more of it; it never changes. */
export const assetTermsCodec = struct({
  /** For people: `GBP`. Nobody keeps two assets from having one code; the number tells them apart. */
  code: assetCodeCodec,
  /** Digits behind the point when people read an amount. */
  decimals: integer(18),
  /** Signs every issue; absent: what was issued first is all there will ever be. */
  issuer: optional(publicKeyCodec),
})
export type AssetTerms = Decoded<typeof assetTermsCodec>

/** The ledger's own books of one asset: supply in use = `issued - burnt` (LED-4). */
export const assetCodec = struct({
  terms: assetTermsCodec,
  /** All that was ever issued, at most 2^63-1. */
  issued: amountCodec,
  /** Fees taken out of circulation. */
  burnt: amountCodec,
})
export type Asset = Decoded<typeof assetCodec>
