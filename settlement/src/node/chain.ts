import type { BlockHeader, BlockId, Certificate, SparseTree } from '@tallystick/protocol'
import type { LedgerState } from './ledger-state.js'

/** The newest block that is certified and on disk, with the tree over the state after it. */
export type ChainTip = {
  readonly header: BlockHeader
  readonly id: BlockId
  /** Absent at height 0. */
  readonly certificate: Certificate | undefined
  readonly tree: SparseTree
}

/** What a node holds of its ledger in memory. */
export type Chain = { readonly state: LedgerState; readonly tip: ChainTip }
