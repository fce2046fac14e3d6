import type { TxId } from '@tallystick/protocol'
import { REJECTION_MEMORY_MS, REJECTIONS_MAX } from '../limits.js'
import type { MempoolRejection } from './mempool-rejection.js'

/** Why transactions that were taken became invalid; forgotten after a while, the oldest first. */
export class RejectionMemory {
  readonly #rejections = new Map<TxId, { rejection: MempoolRejection; untilMs: number }>()

  remember(id: TxId, rejection: MempoolRejection, nowMs: number): void {
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

  get(id: TxId): MempoolRejection | undefined {
    return this.#rejections.get(id)?.rejection
  }
}
