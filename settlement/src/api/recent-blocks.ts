import { FEED_RECENT_BYTES, FEED_RECENT_FRAMES } from '../limits.js'

/** The newest blocks in memory, bounded in number and bytes; the very newest is always there. */
export class RecentBlocks {
  readonly #blocks = new Map<number, Uint8Array>()
  #bytes = 0

  add(height: number, bytes: Uint8Array): void {
    this.#blocks.set(height, bytes)
    this.#bytes += bytes.length
    for (const [oldest, { length }] of this.#blocks) {
      const fits = this.#blocks.size <= FEED_RECENT_FRAMES && this.#bytes <= FEED_RECENT_BYTES
      if (fits || oldest === height) break
      this.#blocks.delete(oldest)
      this.#bytes -= length
    }
  }

  get(height: number): Uint8Array | undefined {
    return this.#blocks.get(height)
  }
}
