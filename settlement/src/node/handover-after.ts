import {
  type BlockHeader,
  type Certificate,
  encode,
  handoverCodec,
  type ParametersChange,
  proveKey,
  type SparseTree,
  stateKey,
} from '@tallystick/protocol'
import type { LedgerView, StateWrite } from '../core/ledger-view.js'
import type { StoredHandover } from '../store/ledger-store.js'

/**
 * The handover that a block makes final (PAR-5), if new parameters come into force with the next
 * one. `before` is the state before the block; only now is the tree at hand that proves it.
 */
export function handoverAfter(
  before: LedgerView,
  { writes, tree }: { readonly writes: readonly StateWrite[]; readonly tree: SparseTree },
  { header, certificate }: { readonly header: BlockHeader; readonly certificate: Certificate },
): StoredHandover | undefined {
  const change = changeAfter(before, writes)
  if (change === undefined || change.activationHeight !== header.height + 1) return undefined
  const { siblings, terminal } = proveKey(tree, stateKey('parametersChange', {}))
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
