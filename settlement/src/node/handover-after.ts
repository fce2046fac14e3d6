import {
  type BlockHeader,
  type Certificate,
  encode,
  handoverCodec,
  type ParametersChange,
} from '@tallystick/protocol'
import type { LedgerView, StateWrite } from '../core/ledger-view.js'
import type { LedgerState } from '../state/ledger-state.js'
import type { StoredHandover } from '../store/ledger-store.js'

/** A state, staged or not, that can prove its entries. */
export type ProvingState = Pick<LedgerState, 'prove'>

/**
 * The handover that a block makes final (PAR-5), if new parameters come into force with the next
 * one. `before` is the state before the block, `staged` the one after it, which proves it.
 */
export function handoverAfter(
  before: LedgerView,
  { writes, staged }: { readonly writes: readonly StateWrite[]; readonly staged: ProvingState },
  { header, certificate }: { readonly header: BlockHeader; readonly certificate: Certificate },
): StoredHandover | undefined {
  const change = changeAfter(before, writes)
  if (change === undefined || change.activationHeight !== header.height + 1) return undefined
  const { siblings, terminal } = staged.prove('parametersChange', {})
  const handover = { header, certificate, change, proof: { siblings, terminal } }
  return { activationHeight: change.activationHeight, bytes: encode(handoverCodec, handover) }
}

function changeAfter(
  before: LedgerView,
  writes: readonly StateWrite[],
): ParametersChange | undefined {
  for (const write of writes) if (write.kind === 'parametersChange') return write.value
  return before.read('parametersChange', {})
}
