import { type Decoded, encode, fixedBytes, integer, list, struct, union } from '../codec/codec.js'
import { type PublicKey, type Signer, verifySignature } from '../crypto/ed25519.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import type { ChainId } from '../ledger/identifiers.js'
import { BATCH_LEAVES_MAX } from '../ledger/limits.js'
import { listPaths, rootFromListPath } from '../merkle/list-tree.js'
import { fromHex } from '../primitives/bytes.js'
import { invariant } from '../primitives/invariant.js'

/**
 * A payer's signature under a balance proof (SIG-4): over its digest, or over the root of a batch
 * of digests with the path that leads there. The ledger takes both as the same evidence.
 */
export const evidenceCodec = union({
  single: [0, struct({ signature: fixedBytes(64) })],
  batch: [
    1,
    struct({
      signature: fixedBytes(64),
      index: integer(BATCH_LEAVES_MAX - 1),
      count: integer(BATCH_LEAVES_MAX, 2),
      path: list(fixedBytes(32), 16),
    }),
  ],
})
export type Evidence = Decoded<typeof evidenceCodec>

/** What a batch signature covers; the count is in it because a list root alone does not bind it. */
const batchCodec = struct({ root: fixedBytes(32), count: integer(BATCH_LEAVES_MAX, 2) })

/** The 32 bytes that are signed for a batch: never those of a single proof. */
function batchDigest(chainId: ChainId, root: Uint8Array, count: number): Uint8Array {
  return taggedHash(TAG.batchSignature, fromHex(chainId), encode(batchCodec, { root, count }))
}

/** Signs 1..65,536 digests at the price of one signature; the answer is in their order. */
export function signEvidence(
  chainId: ChainId,
  signer: Signer,
  digests: readonly Uint8Array[],
): Evidence[] {
  const [first] = digests
  invariant(
    first !== undefined && digests.length <= BATCH_LEAVES_MAX,
    'a batch has 1..65,536 digests',
  )
  if (digests.length === 1) return [{ kind: 'single', signature: signer.sign(first) }]
  const count = digests.length
  const { root, paths } = listPaths(digests)
  const signature = signer.sign(batchDigest(chainId, root, count))
  return paths.map((path, index) => ({ kind: 'batch', signature, index, count, path }))
}

/** What says whether `payer` signed `digest`; `verifyEvidence` alone decides. */
export type EvidenceCheck = (
  chainId: ChainId,
  payer: PublicKey,
  digest: Uint8Array,
  evidence: Evidence,
) => boolean

/** `later`: the caller asks `isPeerSigned` of the last of several updates, before anything of them counts. */
export type ProofCheck = EvidenceCheck | 'later'

/** The 32 bytes that the signature of `evidence` for `digest` is under; `undefined`: under none. */
export function signedBytes(
  chainId: ChainId,
  digest: Uint8Array,
  evidence: Evidence,
): Uint8Array | undefined {
  switch (evidence.kind) {
    case 'single':
      return digest
    case 'batch': {
      const { index, count, path } = evidence
      const root = rootFromListPath({ leaf: digest, index, count, path })
      return root && batchDigest(chainId, root, count)
    }
  }
}

/** Whether `evidence` shows that `payer` signed `digest`. */
export function verifyEvidence(
  chainId: ChainId,
  payer: PublicKey,
  digest: Uint8Array,
  evidence: Evidence,
): boolean {
  const signed = signedBytes(chainId, digest, evidence)
  return signed !== undefined && verifySignature(payer, signed, evidence.signature)
}
