/** Why a ledger node cannot start, or has to stop. */
export type LedgerFaultCode =
  /** Another process has the data folder open. */
  | 'store_in_use'
  /** A read or a write failed. Nothing may be built on top of it in this process. */
  | 'store_failed'
  /** Written by another version of this program. */
  | 'store_version'
  /** The stored ledger has another genesis than `genesis.json`. */
  | 'store_of_another_chain'
  /** What is stored contradicts itself. */
  | 'store_corrupt'
  /** The stored tip is older than one that this node has made known: a backup was restored. */
  | 'store_rolled_back'
  /** There is no stored ledger where there has to be one. */
  | 'store_missing'
  /** `tip.mark` is missing or damaged: nobody knows which block was shown last. */
  | 'tip_mark_unusable'
  /** The folder was filled from elsewhere: a validator may have signed newer blocks than it has. */
  | 'tip_unconfirmed'
  /** `genesis.json` is missing or not a genesis. */
  | 'genesis_unusable'
  /** The data folder holds a ledger already. */
  | 'already_initialized'
  /** The key of this node is missing, malformed, or none that the genesis makes a validator. */
  | 'not_a_validator'
  /** The rules of the next block are of a version that this program, or its operator, leaves out. */
  | 'version_unsupported'
  /** Another node does not answer. */
  | 'upstream_unreachable'
  /** Another node answers with what cannot be used. */
  | 'upstream_unusable'
  /** A block that is due is damaged where it was asked for. */
  | 'upstream_damaged'
  /** The validators certified two blocks of one height: nothing that they sign can be relied on. */
  | 'conflicting_block'
  /** The blocks that are due were pruned where they were asked for. */
  | 'history_pruned'
  /** A file of an archive or a snapshot is damaged, or not the one that is meant. */
  | 'history_corrupt'
  /** A block of an archive does not follow from the state before it. */
  | 'history_refused'
  /** A snapshot is not the state that its block certifies, or of another chain. */
  | 'snapshot_refused'

/** The world failed, or we were set up wrong. Named, and the process ends: nothing is retried. */
export class LedgerFault extends Error {
  override readonly name = 'LedgerFault'
  readonly code: LedgerFaultCode

  constructor(code: LedgerFaultCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/** A stored block that is missing, or not what was written. The ledger goes on without it. */
export class DamagedBlock extends LedgerFault {
  readonly height: number

  /** `what`: is wrong with it. */
  constructor(height: number, what: string) {
    super('store_corrupt', `block ${height} ${what}`)
    this.height = height
  }
}

/** For who can do without the block that is damaged. */
export function passDamaged(error: unknown): undefined {
  if (error instanceof DamagedBlock) return undefined
  throw error
}
