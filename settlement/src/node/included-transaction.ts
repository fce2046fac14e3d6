import {
  type Block,
  blockCodec,
  type ChainId,
  decodeTrusted,
  isRejection,
  parseTransaction,
  type TxId,
} from '@tallystick/protocol'
import { TransactionChecks } from '../core/transaction-checks.js'
import { LedgerFault } from '../ledger-fault.js'

/** The transaction at a position of a stored block. Throws `store_corrupt` unless it is `id`. */
export function includedTransaction(
  chainId: ChainId,
  id: TxId,
  block: Uint8Array,
  position: number,
): Uint8Array {
  const encoded = decodeTrusted<Block>(blockCodec, block).transactions[position]
  const transaction = encoded && parseTransaction(encoded)
  if (encoded === undefined || transaction === undefined || isRejection(transaction)) {
    throw new LedgerFault('store_corrupt', `the index names no transaction for ${id}`)
  }
  if (new TransactionChecks(chainId, transaction).id === id) return encoded
  throw new LedgerFault('store_corrupt', `the index names another transaction than ${id}`)
}
