import assert from 'node:assert/strict'
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
} from '@tallystick/protocol'
import {
  executeTransactions,
  type LedgerTip,
  ReceivedTransactions,
  type StagedRoot,
} from '@tallystick/settlement'
import { advanceTree, stageableState, treeRoot } from './reference-tree.js'
import { type TestLedger, VALIDATOR } from './test-ledger.js'

export function tipOf({ state, tree, header }: TestLedger): LedgerTip<StagedRoot> {
  return { state: stageableState(state, tree), header }
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
  const { chainId, state } = ledger
  const candidates = ReceivedTransactions.of(chainId, encoded)
  if (isRejection(candidates)) assert.fail(candidates.detail)
  const place = { chainId, time, height: parent.height + 1 }
  const executed = executeTransactions(state, candidates, place)
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
