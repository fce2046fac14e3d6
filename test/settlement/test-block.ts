import {
  type Block,
  type BlockHeader,
  blockDigest,
  blockId,
  encode,
  isRejection,
  type Signer,
  type Timestamp,
  type Transaction,
  transactionCodec,
  transactionRoot,
  treeRoot,
} from '@tallystick/protocol'
import { advanceTree, executeTransactions, type LedgerTip } from '@tallystick/settlement'
import { type TestLedger, VALIDATOR } from './test-ledger.js'

export function tipOf(ledger: TestLedger): LedgerTip {
  return { view: ledger.state, tree: ledger.tree, header: ledger.header }
}

/** The block over `ledger` that holds these transactions; `change` tampers before it is signed. */
export function testBlock(
  ledger: TestLedger,
  time: Timestamp,
  transactions: readonly Transaction[],
  options: {
    readonly change?: Partial<BlockHeader>
    readonly signers?: readonly Signer[]
  } = {},
): Block {
  const parent = ledger.header
  const encoded = transactions.map((transaction) => encode(transactionCodec, transaction))
  const executed = executeTransactions(ledger.state, encoded, {
    ...{ chainId: ledger.chainId, time, height: parent.height + 1 },
  })
  const writes = isRejection(executed) ? [] : executed.writes
  const header: BlockHeader = {
    ...parent,
    height: parent.height + 1,
    time,
    parent: blockId(parent),
    transactionRoot: transactionRoot(encoded),
    stateRoot: treeRoot(advanceTree(ledger.tree, writes)),
    ...options.change,
  }
  const certificate = (options.signers ?? [VALIDATOR]).map((signer, validator) => {
    return { validator, signature: signer.sign(blockDigest(header)) }
  })
  return { header, certificate, transactions: encoded }
}
