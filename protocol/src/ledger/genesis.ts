import { type Decoded, encode, list, struct, text, timestampCodec } from '../codec/codec.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import { toHex } from '../primitives/bytes.js'
import { assetTermsCodec } from './asset.js'
import { outputCodec } from './coin.js'
import type { ChainId } from './identifiers.js'
import { ALLOCATIONS_MAX, GENESIS_ASSETS_MAX } from './limits.js'
import { parametersCodec } from './parameters.js'

/** Everything that a ledger starts from; its hash is the chain id, so nobody can mean another. */
export const genesisCodec = struct({
  /** For people; `local`, `main`. */
  network: text(32),
  time: timestampCodec,
  /** Revision 0 (GEN-2). */
  parameters: parametersCodec,
  /** Asset number i is the i-th. */
  assets: list(assetTermsCodec, GENESIS_ASSETS_MAX, 1),
  /** The first coins: outputs of the genesis, in order. */
  allocations: list(outputCodec, ALLOCATIONS_MAX),
})
export type Genesis = Decoded<typeof genesisCodec>

/** The name of the chain, and in place of a transaction id that of its first coins. */
export function chainIdOf(genesis: Genesis): ChainId {
  return toHex(taggedHash(TAG.genesis, encode(genesisCodec, genesis))) as ChainId
}
