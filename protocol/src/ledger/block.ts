import { byteString, type Decoded, list, struct } from '../codec/codec.js'
import { listRoot } from '../merkle/list-tree.js'
import { equalBytes } from '../primitives/bytes.js'
import { type BlockHeader, blockHeaderCodec } from './block-header.js'
import { certificateCodec } from './certificate.js'
import { BLOCK_TRANSACTIONS_MAX, TRANSACTION_BYTES_MAX } from './limits.js'
import { witnessedTransactionHash } from './transaction.js'

/** A block as it is stored and sent: header, certificate, encoded transactions in order. */
export const blockCodec = struct({
  header: blockHeaderCodec,
  certificate: certificateCodec,
  transactions: list(byteString(TRANSACTION_BYTES_MAX), BLOCK_TRANSACTIONS_MAX),
})
export type Block = Decoded<typeof blockCodec>

/** Merkle root over the witnessed transactions, 32 bytes (BLK-2). */
export function transactionRoot(transactions: readonly Uint8Array[]): Uint8Array {
  return listRoot(transactions.map(witnessedTransactionHash))
}

/** Whether `transactions` are those that `header` commits to. */
export function holdsTransactions(
  header: BlockHeader,
  transactions: readonly Uint8Array[],
): boolean {
  return equalBytes(header.transactionRoot, transactionRoot(transactions))
}
