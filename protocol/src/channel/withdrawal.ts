import { amountCodec, type Decoded, encode, struct, timestampCodec } from '../codec/codec.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import { type ChainId, channelIdCodec } from '../ledger/identifiers.js'
import { fromHex } from '../primitives/bytes.js'
import { roleCodec } from './side.js'

/**
 * Both sides' word that one of them takes money out while the channel stays in use (CH-17), at any
 * ledger time up to `validUntil`.
 */
export const withdrawalCodec = struct({
  channel: channelIdCodec,
  /** Who is paid, to its payout lock. */
  role: roleCodec,
  /** All that this side will have withdrawn, base units: cumulative, so that it counts once. */
  withdrawn: amountCodec,
  validUntil: timestampCodec,
})
export type Withdrawal = Decoded<typeof withdrawalCodec>

/** The 32 bytes that the client signs; the hub signs the whole transaction instead. */
export function withdrawalDigest(chainId: ChainId, withdrawal: Withdrawal): Uint8Array {
  return taggedHash(TAG.withdrawal, fromHex(chainId), encode(withdrawalCodec, withdrawal))
}
