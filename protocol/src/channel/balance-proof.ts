import {
  amountCodec,
  type Decoded,
  fixedBytes,
  integer,
  optional,
  struct,
  useEncoded,
} from '../codec/codec.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import {
  type ChainId,
  type ChannelId,
  channelIdCodec,
  resumeNonceCodec,
} from '../ledger/identifiers.js'
import { COUNTER_MAX } from '../ledger/limits.js'
import { listRootOf } from '../merkle/list-tree.js'
import { amount } from '../primitives/amount.js'
import { fromHex } from '../primitives/bytes.js'
import { type LaneState, lockedOf } from './lane-state.js'
import { pendingItemLeaf } from './pending-item.js'
import { type Role, roleCodec } from './side.js'

/** A payer's cumulative promise on its lane, as it is signed (CH-4). */
export const balanceProofCodec = struct({
  channel: channelIdCodec,
  payer: roleCodec,
  epoch: integer(COUNTER_MAX),
  resumeNonce: optional(resumeNonceCodec),
  version: integer(COUNTER_MAX),
  acked: integer(COUNTER_MAX),
  transferred: amountCodec,
  /** Sum of what the pending items may still cost the payer. */
  locked: amountCodec,
  /** Merkle root over the pending items, ascending by id. */
  pendingRoot: fixedBytes(32),
})
export type BalanceProof = Decoded<typeof balanceProofCodec>

/** The proof that states `lane`. */
export function balanceProofOf(channel: ChannelId, payer: Role, lane: LaneState): BalanceProof {
  return {
    channel,
    payer,
    epoch: lane.epoch,
    resumeNonce: lane.resumeNonce,
    version: lane.version,
    acked: lane.acked,
    transferred: lane.transferred,
    locked: amount(lockedOf(lane)),
    pendingRoot: listRootOf(lane.items.map(pendingItemLeaf)),
  }
}

/** The 32 bytes that the payer signs for `lane` (CH-5): bound to chain, channel, payer, version. */
export function balanceProofDigest(
  chainId: ChainId,
  channel: ChannelId,
  payer: Role,
  lane: LaneState,
): Uint8Array {
  return useEncoded(balanceProofCodec, balanceProofOf(channel, payer, lane), (proof) =>
    taggedHash(TAG.balanceProof, fromHex(chainId), proof),
  )
}
