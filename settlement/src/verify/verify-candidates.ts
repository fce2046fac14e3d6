import type { Candidate } from '../core/fill-block.js'
import type { SignaturePool } from './signature-pool.js'

/**
 * Has the signatures of transactions checked on all cores before they are executed. The verdicts of
 * valid ones are kept with the transactions; whatever is missing, execution finds out by itself.
 */
export async function verifyCandidates(
  pool: SignaturePool,
  candidates: readonly Candidate[],
): Promise<void> {
  const checks = candidates.flatMap(({ transaction: { signers }, checks: { digest } }) =>
    signers.map(({ publicKey, signature }) => ({ publicKey, digest, signature })),
  )
  const verdicts = await pool.verify(checks)
  let position = 0
  for (const { transaction, checks: known } of candidates) {
    for (const { publicKey, signature } of transaction.signers) {
      if (verdicts[position++]) known.noteValid(publicKey, known.digest, signature)
    }
  }
}
