import { type ChainId, isRejection, parseTransaction } from '@tallystick/protocol'
import type { Candidate } from '../core/fill-block.js'
import { TransactionChecks } from '../core/transaction-checks.js'
import { LedgerFault } from '../ledger-fault.js'
import type { LedgerStore } from '../store/ledger-store.js'

/** Transactions that waited when the node stopped, in order of arrival. Throws `store_corrupt`. */
export async function restoreWaiting(
  store: LedgerStore,
  chainId: ChainId,
): Promise<readonly (Candidate & { readonly arrivedMs: number })[]> {
  return (await store.pending()).map(({ id, encoded, arrivedMs }) => {
    const transaction = parseTransaction(encoded)
    if (isRejection(transaction)) {
      throw new LedgerFault('store_corrupt', `waiting transaction ${id} is malformed`)
    }
    return { encoded, transaction, checks: new TransactionChecks(chainId, transaction), arrivedMs }
  })
}
