import type { Genesis } from '@tallystick/protocol'
import type { Engine } from '../engine/engine.js'
import type { DamagedBlock } from '../ledger-fault.js'
import type { LedgerStore } from '../store/ledger-store.js'
import type { TipMark } from '../store/tip-mark.js'
import type { FollowStatus } from './follow-status.js'
import type { PendingUpgrade } from './upgrade.js'

/** What a node is made of; clock and storage are handed in. */
export type LedgerNodeParts = {
  readonly genesis: Genesis
  readonly store: LedgerStore
  readonly mark: Pick<TipMark, 'found' | 'note'>
  readonly engine: Engine
  /** Versions of the rules that the node goes on under; it stops before a block of another. */
  readonly versions: ReadonlySet<number>
  /** This node's own clock, milliseconds since 1970. */
  readonly clock: () => number
  /** Something that nobody can repair while the node runs; called once, after which it is dead. */
  readonly onFault: (error: unknown) => void
  /** An upgrade is scheduled that this node will stop at; called once for each. */
  readonly onUnsupportedUpgrade: (upgrade: PendingUpgrade) => void
  /** No block can be made now, and why; called once until one can. */
  readonly onStall: (why: string) => void
  /** A stored block is missing or damaged; called once. */
  readonly onDamagedBlock: (damaged: DamagedBlock) => void
  /** Blocks that are kept; absent: all. */
  readonly keepBlocks?: number
  /** Of a follower: how it stands to its upstream. */
  readonly following?: () => FollowStatus
}
