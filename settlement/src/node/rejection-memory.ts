import type { TxId } from '@tallystick/protocol'
import type { TransactionRejection } from '../core/transaction-rejection.js'
import { REJECTION_MEMORY_MS, REJECTIONS_MAX } from '../limits.js'

/** Why transactions that were taken became invalid; forgotten after a while, the oldest first. */
export class RejectionMemory {
  readonly #rejections = new Map<TxId, { rejection: TransactionRejection; untilMs: number }>()

  remember(id: TxId, rejection: TransactionRejection, nowMs: number): void {
    this.#rejections.delete(id)
    this.#rejections.set(id, { rejection, untilMs: nowMs + REJECTION_MEMORY_MS })
    for (const [oldest, { untilMs }] of this.#rejections) {
      if (this.#rejections.size <= REJECTIONS_MAX && untilMs > nowMs) break
      this.#rejections.delete(oldest)
    }
  }

  /** Forgets a transaction that was handed in again. */
  forget(id: TxId): void {
    this.#rejections.delete(id)
  }

  get(id: TxId): TransactionRejection | undefined {
    return this.#rejections.get(id)?.rejection
  }
}
