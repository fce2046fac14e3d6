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
  return transactionsFrom(header.height, transactions, 0)
}

/** Some of a block, from `position` on. Throws `store_corrupt`. */
export function transactionsFrom(
  height: number,
  some: readonly Uint8Array[],
  position: number,
): readonly Transaction[] {
  return some.map((encoded, at) => {
    const transaction = parseTransaction(encoded)
    if (!isRejection(transaction)) return transaction
    const detail = `transaction ${position + at} of block ${height} is malformed`
    throw new LedgerFault('store_corrupt', detail)
  })
}
