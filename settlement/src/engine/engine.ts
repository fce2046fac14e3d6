import type { Block, BlockHeader, Certificate, Parameters } from '@tallystick/protocol'
import type { BlockRejection } from '../core/apply-block.js'
import type { LedgerView } from '../core/ledger-view.js'
import type { ReceivedRejection, ReceivedTransactions } from '../core/received-transactions.js'
import type { CertifiedHeader, Conflict } from '../node/find-conflict.js'

/** Whose signatures make a header final, and how many of them are needed. */
export type Authority = Pick<Parameters, 'validators' | 'quorum'>

/** A block that only lacks its certificate. */
export type BlockCandidate = {
  readonly header: BlockHeader
  /** Encoded, in order. */
  readonly transactions: readonly Uint8Array[]
}

/** A block that others made final. Nothing of it is believed before the node has executed it. */
export type DecidedBlock = {
  readonly block: Block
  /** The block as it arrived, canonical. */
  readonly bytes: Uint8Array
  /** Its transactions, with what was found out about their signatures. */
  readonly received: ReceivedTransactions | ReceivedRejection
  /** The node does not take it, and why. It stays where it is. */
  refuse(rejection: BlockRejection): void
}

/** What a node does next. */
export type Turn =
  /** It builds a candidate over its tip and hands it to `certify`. */
  | { readonly kind: 'build' }
  /** It executes this block, and keeps it if it follows from the tip. */
  | ({ readonly kind: 'decided' } & DecidedBlock)
  /** Nothing: the signal was aborted. */
  | { readonly kind: 'stopped' }

/** Where a node stands when it asks for its turn. */
export type Standing = {
  /** The newest block that is certified and on disk. */
  readonly parent: BlockHeader
  /** The state after it, for looking ahead; it moves on with the tip. */
  readonly view: LedgerView
  /** Who certifies the block over it. */
  readonly authority: Authority
  /** Whether there is anything for a block. */
  readonly isWaiting: () => boolean
  /**
   * Why the rules refuse a candidate of somebody else over `parent`; `undefined`: a validator may
   * sign it. For while `propose` is waited for: the node does nothing else then.
   */
  readonly judge: (candidate: BlockCandidate) => BlockRejection | undefined
  /**
   * Whether a header of somebody else, and one that is final here, were certified by the same
   * validators for one height; `undefined` also where its height is not here.
   */
  readonly conflict: (theirs: CertifiedHeader) => Promise<Conflict | undefined>
  readonly signal: AbortSignal
}

/**
 * Who orders blocks and makes them final. A node asks `propose` what to do over its tip, does it, and
 * asks again; one call is under way at a time. The engine knows rounds, peers and clocks, the node
 * knows the rules: an engine never executes, a node never votes. What an engine rejects with is a
 * fault, which ends the node.
 *
 * `solo` gives every turn to its own node. A follower's engine gives it none and delivers what the
 * upstream has. An engine of many gives it the turn when it leads a round, votes for what `judge`
 * does not refuse, and delivers the block when somebody else's candidate won.
 */
export interface Engine {
  /**
   * The next turn; waits for as long as there is none. Resolves soon after an abort. Throws
   * `not_a_validator` where this engine can have no header certified under the authority.
   */
  propose(standing: Standing): Promise<Turn>
  /**
   * The certificate of a candidate that `propose` asked for by `authority`, who is in force at its
   * height, or `undefined` when another block of this height wins: the node drops its own and asks
   * again. At most one header of a height is ever certified, so a certified header is final. After
   * a failure it is unknown whether somebody signed.
   */
  certify(candidate: BlockCandidate, authority: Authority): Promise<Certificate | undefined>
  /** This block, built or delivered, is on disk and the tip: the engine may forget its height. */
  finalize(header: BlockHeader): void
}
