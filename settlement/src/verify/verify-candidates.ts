import { closeAgreementDigest, type Operation } from '@tallystick/protocol'
import type { Candidate } from '../core/fill-block.js'
import type { LedgerView } from '../core/ledger-view.js'
import type { SignatureCheck } from './signature-check.js'
import type { SignaturePool } from './signature-pool.js'

/**
 * Has the signatures of transactions checked on all cores before they are executed on `view`. The
 * verdicts of valid ones are kept with the transactions; whatever is missing (evidence in disputes,
 * what a transaction of the same block creates), execution finds out by itself.
 */
export async function verifyCandidates(
  pool: SignaturePool,
  view: LedgerView,
  candidates: readonly Candidate[],
): Promise<void> {
  const checks = candidates.map((candidate) => checksOf(view, candidate))
  const verdicts = await pool.verify(checks.flat())
  let position = 0
  for (const [at, { checks: known }] of candidates.entries()) {
    for (const { publicKey, digest, signature } of checks[at] ?? []) {
      if (verdicts[position++]) known.noteValid(publicKey, digest, signature)
    }
  }
}

function checksOf(view: LedgerView, { transaction, checks }: Candidate): readonly SignatureCheck[] {
  const { body, signers } = transaction
  const { digest } = checks
  return [
    ...signers.map(({ publicKey, signature }) => ({ publicKey, digest, signature })),
    ...body.operations.flatMap((operation) => closeChecks(view, checks.chainId, operation)),
  ]
}

/** The clients' words in a batch closure: by far the most signatures that one transaction can hold. */
function closeChecks(
  view: LedgerView,
  chainId: Candidate['checks']['chainId'],
  operation: Operation,
): readonly SignatureCheck[] {
  if (operation.kind !== 'close') return []
  const { validUntil, closes } = operation
  return closes.flatMap(({ channel: number, clientPayout, signature }) => {
    const channel = view.read('channel', { channel: number })
    if (channel === undefined) return []
    const agreement = { channel: channel.id, clientPayout, validUntil }
    const digest = closeAgreementDigest(chainId, agreement)
    return [{ publicKey: channel.client.key, digest, signature }]
  })
}
