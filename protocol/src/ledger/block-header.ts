import {
  type Decoded,
  encode,
  fixedBytes,
  integer,
  struct,
  timestampCodec,
} from '../codec/codec.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import { toHex } from '../primitives/bytes.js'
import { type BlockId, blockIdCodec, chainIdCodec } from './identifiers.js'
import { COUNTER_MAX } from './limits.js'

export const blockHeightCodec = integer(COUNTER_MAX)

/** What a certificate makes final (BLK-1). */
export const blockHeaderCodec = struct({
  version: integer(2 ** 16 - 1, 1),
  /** Of the parameters in force: says whose certificate is due, and that new ones are (PAR-1). */
  revision: integer(COUNTER_MAX),
  chainId: chainIdCodec,
  height: blockHeightCodec,
  /** Ledger time: whole seconds, never falling. */
  time: timestampCodec,
  /** Id of the block before; zeros at height 0. */
  parent: blockIdCodec,
  /** Merkle root over the hashes of the witnessed transactions. */
  transactionRoot: fixedBytes(32),
  /** Root of the sparse Merkle tree over the state after this block. */
  stateRoot: fixedBytes(32),
})
export type BlockHeader = Decoded<typeof blockHeaderCodec>

/** The hash of a header, 32 bytes: the block's id, and what validators sign. */
export function blockDigest(header: BlockHeader): Uint8Array {
  return taggedHash(TAG.blockHeader, encode(blockHeaderCodec, header))
}

export function blockId(header: BlockHeader): BlockId {
  return toHex(blockDigest(header)) as BlockId
}
