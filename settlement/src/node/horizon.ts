import { PRUNE_BLOCKS, PRUNE_BLOCKS_MIN } from '../limits.js'
import type { LedgerStore } from '../store/ledger-store.js'
import { pruneStep } from './prune-blocks.js'

/** The lowest height whose block is here, and how it rises while a node runs (API-11). */
export class Horizon {
  readonly #store: LedgerStore
  readonly #keepBlocks: number
  #first: number

  /** `keepBlocks`: how many of the newest stay at least; `Infinity`: all. */
  private constructor(store: LedgerStore, keepBlocks: number, first: number) {
    this.#store = store
    this.#keepBlocks = keepBlocks
    this.#first = first
  }

  static async of(store: LedgerStore, keepBlocks = Infinity): Promise<Horizon> {
    return new Horizon(store, keepBlocks, await store.firstHeight())
  }

  get first(): number {
    return this.#first
  }

  /**
   * Removes a part of what lies too far below the tip, many blocks at a time: most blocks need not wait
   * for it, and none for more than a step. More go than come, so that a backlog has an end.
   */
  async prune(tipHeight: number): Promise<void> {
    const first = tipHeight - this.#keepBlocks + 1
    if (first < this.#first + PRUNE_BLOCKS) return
    const enough = this.#first + PRUNE_BLOCKS_MIN
    while (this.#first < enough) {
      await pruneStep(this.#store, { horizon: this.#first, first }, (horizon) => {
        // Told before it is so: whoever asks meanwhile is refused, not given a gap.
        this.#first = horizon
      })
    }
  }
}
