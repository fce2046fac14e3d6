import { type Rejection, reject, type TxId } from '@tallystick/protocol'
import type { ApplyContext } from '../core/apply-context.js'
import { applyTransaction } from '../core/apply-transaction.js'
import type { Candidate } from '../core/fill-block.js'
import { type LedgerView, StateOverlay } from '../core/ledger-view.js'
import type { TransactionRejection } from '../core/transaction-rejection.js'
import type { PendingRow } from '../store/ledger-store.js'
import { RejectionMemory } from './rejection-memory.js'

/** A transaction that waits for a block. */
export type PendingTransaction = Candidate & {
  /** Kept once it is on disk. */
  readonly stored: Promise<void>
  /** Whether it is: only then may a block take it. */
  durable: boolean
}

/** How much may wait, together. */
export type MempoolBounds = { readonly transactionsMax: number; readonly bytesMax: number }

/** Writes a transaction to disk. */
export type KeepTransaction = (row: PendingRow) => Promise<void>

/** A bounded number and size of transactions wait; the same one may be handed in later. */
export type MempoolFull = Rejection<'mempool_full'>

export type Admission =
  | { readonly kind: 'admitted'; readonly pending: PendingTransaction }
  /** It waits already. */
  | { readonly kind: 'known'; readonly pending: PendingTransaction }

/**
 * Transactions that wait, in the order of their arrival. Each was applied on top of the tip and of
 * all before it, so that a refusal is told at once and one may spend what another creates.
 */
export class Mempool {
  readonly #pending = new Map<TxId, PendingTransaction>()
  readonly #rejections = new RejectionMemory()
  readonly #keep: KeepTransaction
  readonly #bounds: MempoolBounds
  #bytes = 0
  #view: StateOverlay

  constructor(tip: LedgerView, keep: KeepTransaction, bounds: MempoolBounds) {
    this.#view = new StateOverlay(tip)
    this.#keep = keep
    this.#bounds = bounds
  }

  get size(): number {
    return this.#pending.size
  }

  get(id: TxId): PendingTransaction | undefined {
    return this.#pending.get(id)
  }

  /** Why a transaction that once waited does so no more. */
  rejectionOf(id: TxId): TransactionRejection | undefined {
    return this.#rejections.get(id)
  }

  admit(
    candidate: Candidate,
    context: ApplyContext,
  ): Admission | MempoolFull | TransactionRejection {
    const { encoded, checks } = candidate
    const { id } = checks
    const known = this.#pending.get(id)
    if (known !== undefined) return { kind: 'known', pending: known }
    if (
      this.#pending.size >= this.#bounds.transactionsMax ||
      this.#bytes + encoded.length > this.#bounds.bytesMax
    ) {
      return reject('mempool_full', `${this.#pending.size} transactions wait; try again later`)
    }
    const refused = this.#apply(candidate, context)
    if (refused !== undefined) return refused
    const stored = this.#keep({ id, encoded }).then(() => {
      pending.durable = true
    })
    const pending: PendingTransaction = { ...candidate, stored, durable: false }
    this.#enter(pending)
    this.#rejections.forget(id)
    return { kind: 'admitted', pending }
  }

  /** Takes back transactions that were on disk already: the ids of those that became invalid. */
  restore(waiting: readonly Candidate[], context: ApplyContext, nowMs: number): readonly TxId[] {
    const stored = Promise.resolve()
    const durable = waiting.map((candidate) => ({ ...candidate, stored, durable: true }))
    return this.#enterValid(durable, context, nowMs)
  }

  /** What the next block may take, oldest first. What is on disk is always the oldest part. */
  *candidates(): Generator<PendingTransaction> {
    for (const pending of this.#pending.values()) {
      if (!pending.durable) return
      yield pending
    }
  }

  /** Whether a block could take anything. */
  hasCandidates(): boolean {
    return this.candidates().next().done === false
  }

  /** Takes out what a block has settled: `refused` are those that it could not take. */
  settle(
    included: readonly TxId[],
    refused: readonly { readonly id: TxId; readonly rejection: TransactionRejection }[],
    nowMs: number,
  ): void {
    for (const id of included) this.#pending.delete(id)
    for (const { id, rejection } of refused) {
      this.#pending.delete(id)
      this.#rejections.remember(id, rejection, nowMs)
    }
  }

  /**
   * Applies what still waits on top of a new tip: the ids of those that have become invalid and
   * are dropped.
   */
  rebase(tip: LedgerView, context: ApplyContext, nowMs: number): readonly TxId[] {
    const waiting = [...this.#pending.values()]
    this.#pending.clear()
    this.#bytes = 0
    this.#view = new StateOverlay(tip)
    return this.#enterValid(waiting, context, nowMs)
  }

  #enterValid(
    waiting: readonly PendingTransaction[],
    context: ApplyContext,
    nowMs: number,
  ): readonly TxId[] {
    const dropped: TxId[] = []
    for (const pending of waiting) {
      const refused = this.#apply(pending, context)
      if (refused === undefined) {
        this.#enter(pending)
      } else {
        this.#rejections.remember(pending.checks.id, refused, nowMs)
        dropped.push(pending.checks.id)
      }
    }
    return dropped
  }

  #enter(pending: PendingTransaction): void {
    this.#pending.set(pending.checks.id, pending)
    this.#bytes += pending.encoded.length
  }

  #apply(
    { transaction, encoded, checks }: Candidate,
    context: ApplyContext,
  ): TransactionRejection | undefined {
    const applied = applyTransaction(this.#view, transaction, encoded.length, context, checks)
    if (applied.kind === 'rejection') return applied
    this.#view.absorb(applied.writes)
    return undefined
  }
}
