import { amountCodec, type Decoded, encode, struct, timestampCodec } from '../codec/codec.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import { type ChainId, channelIdCodec } from '../ledger/identifiers.js'
import { fromHex } from '../primitives/bytes.js'

/**
 * Both sides' word on how the channel ends (CH-12): the client is paid `clientPayout`, the hub the
 * rest, at any ledger time up to `validUntil`.
 */
export const closeAgreementCodec = struct({
  channel: channelIdCodec,
  clientPayout: amountCodec,
  validUntil: timestampCodec,
})
export type CloseAgreement = Decoded<typeof closeAgreementCodec>

/** The 32 bytes that the client signs; the hub signs the whole transaction instead. */
export function closeAgreementDigest(chainId: ChainId, agreement: CloseAgreement): Uint8Array {
  return taggedHash(TAG.closeAgreement, fromHex(chainId), encode(closeAgreementCodec, agreement))
}
