import { closeAgreementDigest, fromHex, type Operation } from '@tallystick/protocol'
import type { SignaturePool } from '@tallystick/protocol/workers'
import { putCheck, type SignatureCheck, sharedChecks } from '@tallystick/protocol/workers'
import type { Candidate } from '../core/fill-block.js'
import type { LedgerView } from '../core/ledger-view.js'
import type { ReceivedTransactions } from '../core/received-transactions.js'

/**
 * Has the signatures of transactions checked on all cores before they are executed on `view`. The
 * verdicts of valid ones are kept with the transactions; whatever is missing (evidence in disputes,
 * what a transaction of the same block creates), execution finds out by itself.
 */
export async function verifyReceived(
  pool: SignaturePool,
  view: LedgerView,
  received: ReceivedTransactions,
): Promise<void> {
  const closes = [...received.operating()].flatMap((candidate) => closeChecks(view, candidate))
  const shared = sharedChecks(received.signers + closes.length)
  let number = 0
  for (const [key, digest, signature] of received.signed()) {
    putCheck(shared, number++, key, digest, signature)
  }
  for (const { publicKey, digest, signature } of closes) {
    putCheck(shared, number++, fromHex(publicKey), digest, signature)
  }
  await pool.decide(shared)
  received.noteVerdicts(shared.verdicts.subarray(0, received.signers))
  for (const [i, { owner, publicKey, digest, signature }] of closes.entries()) {
    const isValid = shared.verdicts[received.signers + i] === 1
    if (isValid) owner.noteValid(publicKey, digest, signature)
  }
}

/** A check and whose verdict it is. */
type OwnedCheck = SignatureCheck & { readonly owner: Candidate['checks'] }

/** The clients' words in batch closures: by far the most signatures that one transaction can hold. */
function closeChecks(view: LedgerView, { transaction, checks }: Candidate): OwnedCheck[] {
  return transaction.body.operations.flatMap((operation) => checksOf(view, checks, operation))
}

function checksOf(
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
