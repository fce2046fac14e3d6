import {
  type Amount,
  type AssetId,
  type AssetTerms,
  amount,
  type LockRoot,
  type ParametersChange,
  type PublicKey,
} from '@tallystick/protocol'
import { awaitedSigner } from './co-sign.js'
import {
  type BuildRejection,
  buildTransaction,
  type TransactionPlan,
} from './transaction-builder.js'
import type { BuiltTransaction } from './transaction-draft.js'

/** Where fee and change come from and go to; `signers` are those who are at hand. */
export type FundingPlan = Omit<TransactionPlan, 'outputs' | 'operations' | 'channels' | 'reveals'>

/**
 * The transaction that makes an asset (OP-8) and pays all of its first supply to `lock`. `asset` is
 * the next number: the ledger's `assetCount`. The issuer, if there is one, is among the signers.
 */
export function issueTransaction(
  plan: FundingPlan,
  issue: {
    readonly asset: AssetId
    readonly terms: AssetTerms
    readonly supply: Amount
    readonly lock: LockRoot
  },
): BuiltTransaction | BuildRejection {
  const { asset, terms, supply, lock } = issue
  const outputs = supply === amount(0n) ? [] : [{ asset, amount: supply, lock }]
  const operations = [{ kind: 'issue', asset, terms, supply }] as const
  return buildTransaction({ ...plan, outputs, operations, channels: [] })
}

/** The transaction by which the issuer, one of the signers, pays more of its asset to `lock` (OP-9). */
export function reissueTransaction(
  plan: FundingPlan,
  more: { readonly asset: AssetId; readonly amount: Amount; readonly lock: LockRoot },
): BuiltTransaction | BuildRejection {
  const { asset, amount: value } = more
  const operations = [{ kind: 'reissue', asset, amount: value }] as const
  return buildTransaction({ ...plan, outputs: [more], operations, channels: [] })
}

/**
 * A proposal to change the parameters (OP-10); absent: to withdraw what is scheduled. It keeps a
 * place for each of `validators`, who fill it with `coSign`; those who will not must be left out, or
 * the ledger refuses the whole. The revision of `change` is one above that in force.
 */
export function parametersProposal(
  plan: FundingPlan,
  change: ParametersChange | undefined,
  validators: readonly PublicKey[],
): BuiltTransaction | BuildRejection {
  // Whoever is at hand signs at once: a later signer of one key takes the place of an awaited one.
  const signers = [...validators.map(awaitedSigner), ...plan.signers]
  const operations = [{ kind: 'changeParameters', change }] as const
  return buildTransaction({ ...plan, signers, outputs: [], operations, channels: [] })
}
