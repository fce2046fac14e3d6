import { type Decoded, encode, integer, struct } from '../codec/codec.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import { toHex } from '../primitives/bytes.js'
import { type ChannelId, txIdCodec } from './identifiers.js'

/** The place where something was created: a transaction and a position in it. */
export const outpointCodec = struct({ txId: txIdCodec, index: integer(2 ** 32 - 1) })
export type Outpoint = Decoded<typeof outpointCodec>

/** The outpoint as a map key, `txId:index`. */
export function outpointKey(outpoint: Outpoint): string {
  return `${outpoint.txId}:${outpoint.index}`
}

/** A channel's identity (CH-1): the hash of the transaction and operation index that opened it. */
export function channelIdOf(outpoint: Outpoint): ChannelId {
  return toHex(taggedHash(TAG.channelId, encode(outpointCodec, outpoint))) as ChannelId
}
