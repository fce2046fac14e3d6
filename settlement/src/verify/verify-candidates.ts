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
  const checks = candidates.flatMap((candidate) => checksOf(view, candidate))
  const verdicts = await pool.verify(checks)
  for (const [position, { owner, publicKey, digest, signature }] of checks.entries()) {
    if (verdicts[position]) owner.noteValid(publicKey, digest, signature)
  }
}

/** A check and whose verdict it is. */
type OwnedCheck = SignatureCheck & { readonly owner: Candidate['checks'] }

function checksOf(view: LedgerView, { transaction, checks }: Candidate): readonly OwnedCheck[] {
  const { digest } = checks
  const own = transaction.signers.map(({ publicKey, signature }) => {
    return { owner: checks, publicKey, digest, signature }
  })
  const { operations } = transaction.body
  if (operations.length === 0) return own
  return own.concat(operations.flatMap((operation) => closeChecks(view, checks, operation)))
}

/** The clients' words in a batch closure: by far the most signatures that one transaction can hold. */
function closeChecks(
  view: LedgerView,
  owner: Candidate['checks'],
  operation: Operation,
): OwnedCheck[] {
  if (operation.kind !== 'close') return []
  const { validUntil, closes } = operation
  return closes.flatMap(({ channel: number, clientPayout, signature }) => {
    const channel = view.read('channel', { channel: number })
    if (channel === undefined) return []
    const agreement = { channel: channel.id, clientPayout, validUntil }
    const digest = closeAgreementDigest(owner.chainId, agreement)
    return [{ owner, publicKey: channel.client.key, digest, signature }]
  })
}
