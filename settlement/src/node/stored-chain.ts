import type { LockRoot, PublicKey } from '@tallystick/protocol'
import type {
  LedgerStore,
  PageQuery,
  StoredBlock,
  StoredEntry,
  StoredHandover,
  TransactionIndex,
} from '../store/ledger-store.js'
import type { ChainTip } from './chain.js'

/** What can be asked of a store whose node runs: nothing of a block that is not the tip yet (BLK-6). */
export class StoredChain {
  readonly #store: LedgerStore
  readonly #tip: () => ChainTip

  /** `tip`: the newest block that is shown. */
  constructor(store: LedgerStore, tip: () => ChainTip) {
    this.#store = store
    this.#tip = tip
  }

  /** Which transactions of the chain had to do with what. */
  get index(): TransactionIndex {
    return this.#store.index
  }

  /** Coins under a lock at the tip; see `LedgerStore`. */
  coinsOf(lock: LockRoot, page: PageQuery): Promise<readonly StoredEntry[]> {
    return this.#store.coinsOf(lock, page)
  }

  /** Channels that a key is a side of. */
  channelsOf(key: PublicKey, page: PageQuery): Promise<readonly StoredEntry[]> {
    return this.#store.channelsOf(key, page)
  }

  /** Handovers to parameters that came into force at `from` or later; see `LedgerStore`. */
  handovers(from: number, limit: number): Promise<readonly StoredHandover[]> {
    return this.#store.handovers(from, limit)
  }

  async block(height: number): Promise<StoredBlock | undefined> {
    return height <= this.#tip().header.height ? this.#store.block(height) : undefined
  }

  /** Up to `limit` blocks from `from` on, none above the tip: see `LedgerStore`. */
  async blocks(from: number, limit: number, bytesMax: number): Promise<readonly StoredBlock[]> {
    const count = Math.min(limit, this.#tip().header.height - from + 1)
    return count > 0 ? this.#store.blocks(from, count, bytesMax) : []
  }

  /** Up to `limit` blocks from `from` down, none above the tip: see `LedgerStore`. */
  blocksDown(from: number, limit: number, bytesMax: number): Promise<readonly StoredBlock[]> {
    const top = Math.min(from, this.#tip().header.height)
    return this.#store.blocksDown(top, limit, bytesMax)
  }
}
