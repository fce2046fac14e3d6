import type { Anchor, Timestamp, TxId } from '@tallystick/protocol'
import type { HubState } from '../core/hub-state.js'
import type { HubWrites } from '../core/hub-view.js'
import type { Payment, PaymentStatus } from '../core/payment.js'

/** A ledger transaction that the hub stands behind until the ledger has decided about it. */
export type LedgerJob = { readonly id: TxId; readonly transaction: Uint8Array }

/** What the hub's books say in all, for reconciliation. */
export type PaymentTotals = {
  readonly status: PaymentStatus
  readonly count: number
  readonly amount: bigint
  readonly fee: bigint
}

/** What a journal held when it was opened. */
export type StoredHub = {
  /** Goes on with the journal: what `commit` has made durable is in it, and nothing else. */
  readonly state: HubState
  /** Height of the last ledger block whose events are committed; -1 before the first. */
  readonly height: number
  readonly jobs: readonly LedgerJob[]
  /** Channels opened by then may have been used by a journal that was lost (JRN-6); absent: none was. */
  readonly restoredTime: Timestamp | undefined
}

/** Where a list of finished payments goes on: behind the last one that was shown. */
export type PaymentCursor = Pick<Payment, 'time' | 'anchor'>

/**
 * The hub's durable memory. `commit` returns once everything is on disk and would survive power
 * loss; a failed call leaves the journal unusable and the process must end (invariant 43). One
 * process at a time holds it.
 */
export type Journal = {
  readonly stored: StoredHub
  /** Those of `anchors` that were ever paid through this hub, of which `state` does not know by itself. */
  payments(anchors: readonly Anchor[]): Promise<readonly Payment[]>
  /** Those of `anchors` of which a committed block has revealed a link. */
  reveals(anchors: readonly Anchor[]): Promise<readonly Anchor[]>
  /**
   * One transaction: all of the batch or nothing; then `state` has it. One batch at a time. `height`: the
   * block that the batch came from.
   */
  commit(writes: HubWrites, height: number | undefined): Promise<void>
  addJob(job: LedgerJob): Promise<void>
  removeJob(id: TxId): Promise<void>
  totals(): Promise<readonly PaymentTotals[]>
  /**
   * Payments that have ended before ledger time `before`, by the time of that and by anchor, at most
   * `count` of those behind `after`. What was shown never changes, and what comes later is behind it.
   */
  finished(
    after: PaymentCursor | undefined,
    before: Timestamp,
    count: number,
  ): Promise<readonly Payment[]>
  /** Reads all of the history once, without haste; fails if any of it is not what was written. */
  checkHistory(): Promise<void>
  close(): Promise<void>
}
