import { amountCodec, type Decoded, integer, struct } from '../codec/codec.js'
import { assetIdCodec } from '../ledger/asset.js'
import { lockRootCodec } from '../ledger/identifiers.js'
import { channelTermsCodec } from './terms.js'

/** What a hub offers everybody: told at the start of every session. */
export const hubPolicyCodec = struct({
  asset: assetIdCodec,
  /** Where the hub is paid when a channel ends; a channel that names another is not served. */
  payoutLock: lockRootCodec,
  /** Terms of the channels that this hub serves; a channel opened with others is not served. */
  terms: channelTermsCodec,
  /** Price of one routed payment: `feeBase + amount * feePpm / 10^6`, rounded up. */
  feeBase: amountCodec,
  feePpm: integer(1_000_000),
  /** The most that the hub keeps deposited for one channel, base units. */
  inboundMax: amountCodec,
})
export type HubPolicy = Decoded<typeof hubPolicyCodec>

/** What the hub asks for carrying `value` on, base units, rounded up (HUB-3). */
export function routingFee({ feeBase, feePpm }: HubPolicy, value: bigint): bigint {
  return feeBase + (value * BigInt(feePpm) + 999_999n) / 1_000_000n
}

/**
 * What the hub asks of each tick for carrying a stream of `ticks` times `value` on, base units: the fee of the
 * whole, spread over its ticks and rounded up (HUB-3).
 */
export function tickFee(policy: HubPolicy, value: bigint, ticks: number): bigint {
  if (ticks === 1) return routingFee(policy, value)
  const count = BigInt(ticks)
  return (routingFee(policy, value * count) + count - 1n) / count
}
