import {
  type BlockHeader,
  isRejection,
  type SparseTree,
  transactionRoot,
  treeRoot,
} from '@tallystick/protocol'
import {
  type BlockRejection,
  checkHeader,
  type LedgerTip,
  nextBlockTime,
} from '../core/apply-block.js'
import { type Candidate, type FilledBlock, fillBlock } from '../core/fill-block.js'
import { parametersInForce } from '../core/parameters-in-force.js'
import { advanceTree } from '../core/state-root.js'
import { BLOCK_BYTES_MAX } from '../limits.js'

/** A block that only lacks its certificate. */
export type MadeBlock<C extends Candidate> = FilledBlock<C> & {
  readonly kind: 'made'
  readonly header: BlockHeader
  readonly tree: SparseTree
}

/**
 * The next block over `tip`. Refused with `time_out_of_bounds` while this node's clock, in seconds,
 * is behind ledger time: then nothing may be certified until it has caught up.
 */
export function makeBlock<C extends Candidate>(
  tip: LedgerTip & { readonly id: BlockHeader['parent'] },
  candidates: Iterable<C>,
  clock: number,
): MadeBlock<C> | BlockRejection {
  const parent = tip.header
  const { chainId } = parent
  const height = parent.height + 1
  const parameters = parametersInForce(tip.view, height)
  const due = {
    version: parameters.protocolVersion,
    revision: parameters.revision,
    chainId,
    height,
    time: nextBlockTime(parent, parameters, clock),
    parent: tip.id,
  }
  const untimely = checkHeader(
    parent,
    { ...due, transactionRoot: parent.transactionRoot, stateRoot: parent.stateRoot },
    parameters,
    clock,
  )
  if (isRejection(untimely)) return untimely
  const place = { chainId, time: due.time, height }
  const filled = fillBlock(tip.view, candidates, place, BLOCK_BYTES_MAX)
  const tree = advanceTree(tip.tree, filled.writes)
  const header: BlockHeader = {
    ...due,
    transactionRoot: transactionRoot(filled.included.map(({ encoded }) => encoded)),
    stateRoot: treeRoot(tree),
  }
  return { kind: 'made', ...filled, header, tree }
}
