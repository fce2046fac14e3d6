import { type LedgerClient, LedgerError } from '@tallystick/client-sdk'
import { CommandError, EXIT, showProgress } from '@tallystick/daemon'
import { type Transaction, transactionId } from '@tallystick/protocol'
import { isRefusal } from '../api/problem.js'

/**
 * Hands a transaction in and waits until a verified block holds it: the height. What the rules of the
 * ledger refuse ends with an exit code of its own.
 */
export async function submitAndWait(
  ledger: LedgerClient,
  transaction: Transaction,
): Promise<number> {
  const id = transactionId(ledger.chainId, transaction.body)
  try {
    await showProgress('handing it in', () => ledger.submit(transaction))
    const { height } = await showProgress('waiting for a block', () => ledger.confirmed(id))
    return height
  } catch (error) {
    if (!(error instanceof LedgerError && isRefusal(error.code))) throw error
    throw new CommandError(error.code, error.message, EXIT.refused)
  }
}
