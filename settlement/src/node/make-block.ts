import { type BlockHeader, isRejection, transactionRoot } from '@tallystick/protocol'
import {
  type BlockRejection,
  checkHeader,
  type LedgerTip,
  nextBlockTime,
} from '../core/apply-block.js'
import { type Candidate, type FilledBlock, fillBlock } from '../core/fill-block.js'
import { parametersInForce } from '../core/parameters-in-force.js'
import { valueIsConserved } from '../invariants/value-is-conserved.js'
import { BLOCK_BYTES_MAX } from '../limits.js'
import type { StagedState } from '../state/ledger-state.js'

/** A block that only lacks its certificate. */
export type MadeBlock<C extends Candidate> = FilledBlock<C> & {
  readonly kind: 'made'
  readonly header: BlockHeader
  readonly staged: StagedState
}

/**
 * The next block over `tip`. Refused with `time_out_of_bounds` while this node's clock, in seconds,
 * is behind ledger time: then nothing may be certified until it has caught up.
 */
export function makeBlock<C extends Candidate>(
  tip: LedgerTip<StagedState> & { readonly id: BlockHeader['parent'] },
  candidates: Iterable<C>,
  clock: number,
): MadeBlock<C> | BlockRejection {
  const parent = tip.header
  const { chainId } = parent
  const height = parent.height + 1
  const parameters = parametersInForce(tip.state, height)
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
  const filled = fillBlock(tip.state, candidates, place, BLOCK_BYTES_MAX)
  const staged = tip.state.stage(filled.writes)
  valueIsConserved(filled.writes, staged.before)
  const header: BlockHeader = {
    ...due,
    transactionRoot: transactionRoot(filled.included.map(({ encoded }) => encoded)),
    stateRoot: staged.root,
  }
  return { kind: 'made', ...filled, header, staged }
}
