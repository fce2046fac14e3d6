import {
  type Block,
  blockCodec,
  decodeTrusted,
  isRejection,
  parseTransaction,
  type Transaction,
} from '@tallystick/protocol'
import { LedgerFault } from '../ledger-fault.js'

/** The transactions of a stored block, in order. Throws `store_corrupt`. */
export function storedTransactions(bytes: Uint8Array): readonly Transaction[] {
  const { header, transactions } = decodeTrusted<Block>(blockCodec, bytes)
  return transactions.map((encoded, position) => {
    const transaction = parseTransaction(encoded)
    if (!isRejection(transaction)) return transaction
    const detail = `transaction ${position} of block ${header.height} is malformed`
    throw new LedgerFault('store_corrupt', detail)
  })
}
