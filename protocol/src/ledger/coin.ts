import { amountCodec, type Decoded, struct, timestampCodec } from '../codec/codec.js'
import { assetIdCodec } from './asset.js'
import { lockRootCodec } from './identifiers.js'

/** What a transaction asks the ledger to create. */
export const outputCodec = struct({ asset: assetIdCodec, amount: amountCodec, lock: lockRootCodec })
export type Output = Decoded<typeof outputCodec>

/** An unspent output as it stands in the state. */
export const coinCodec = struct({
  asset: assetIdCodec,
  amount: amountCodec,
  lock: lockRootCodec,
  /** Ledger time of the block that created it; `older` counts from here. */
  createdTime: timestampCodec,
})
export type Coin = Decoded<typeof coinCodec>
