import type { Candidate } from '../core/fill-block.js'
import type { FeeRate } from './fee-rate.js'
import type { Footprint } from './footprint.js'
import type { TrafficClass } from './traffic-class.js'

/** A transaction that waits for a block. */
export type PendingTransaction = Candidate & {
  /** Rises with each that arrives: a transaction comes behind all that it builds on. */
  readonly arrival: number
  /** When it was taken, by this node's clock, milliseconds since 1970. */
  readonly arrivedMs: number
  readonly traffic: TrafficClass
  /** Kept once it is on disk. */
  readonly stored: Promise<void>
  /** Whether it is: only then may a block take it. */
  durable: boolean
  /** Where it stands among those that wait. */
  standing: Standing
}

/** What one transaction needs of others that wait, and what it does there. */
export type Footing = {
  readonly rate: FeeRate
  readonly cost: number
  readonly footprint: Footprint
  /** Those without which it cannot be applied, and theirs: in order of arrival. */
  readonly ancestors: readonly PendingTransaction[]
}

/** A footing in the graph of what waits. */
export type Standing = Footing & {
  readonly descendants: Set<PendingTransaction>
  /** Its rate and that of all its descendants, together. */
  withDescendants: FeeRate
  /** What it is worth to keep: the better of its own rate and that of all it carries. */
  worth: FeeRate
}
