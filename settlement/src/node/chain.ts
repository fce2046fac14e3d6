import type { BlockHeader, BlockId, Certificate } from '@tallystick/protocol'
import type { LedgerState } from '../state/ledger-state.js'

/** The newest block that is certified and on disk. */
export type ChainTip = {
  readonly header: BlockHeader
  readonly id: BlockId
  /** Absent at height 0. */
  readonly certificate: Certificate | undefined
}

/** What a node holds of its ledger in memory. */
export type Chain = {
  readonly state: LedgerState
  readonly tip: ChainTip
}
