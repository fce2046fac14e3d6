import type { Timestamp } from '@tallystick/protocol'
import { type BlockSummary, summarizeBlock } from './block-summary.js'
import type { LedgerAccess } from './ledger-access.js'

type Listener = (block: BlockSummary) => void | Promise<void>

/**
 * One stream of verified blocks for every wallet of a process. Who joins hears every block from
 * then on, in order and without gaps; what was before it learns from proofs of the state.
 */
export class BlockFeed {
  readonly ledger: LedgerAccess
  readonly #listeners = new Set<Listener>()
  readonly #stop = new AbortController()
  #height: number
  #time: Timestamp

  private constructor(ledger: LedgerAccess, height: number, time: Timestamp) {
    this.ledger = ledger
    this.#height = height
    this.#time = time
  }

  /** Follows `ledger` from its tip on. `onError`: a connection or a block was refused; it goes on. */
  static async start(
    ledger: LedgerAccess,
    onError: (error: unknown) => void = () => undefined,
  ): Promise<BlockFeed> {
    const tip = await ledger.refresh()
    const feed = new BlockFeed(ledger, tip.height, tip.time)
    const following = ledger.follow({
      from: tip.height + 1,
      signal: feed.#stop.signal,
      onError,
      onBlock: async ({ header, transactions, ids }) => {
        const { height, time } = header
        const summary = summarizeBlock({ height, time, transactions, ids })
        feed.#height = height
        feed.#time = time
        await Promise.all([...feed.#listeners].map((listener) => listener(summary)))
      },
    })
    following.catch((error) => (feed.#stop.signal.aborted ? undefined : onError(error)))
    return feed
  }

  /** Height and ledger time of the newest block that was handed out. */
  get height(): number {
    return this.#height
  }

  get time(): Timestamp {
    return this.#time
  }

  /** Hears every block from the next one on; call the answer to stop. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  stop(): void {
    this.#stop.abort()
  }
}
