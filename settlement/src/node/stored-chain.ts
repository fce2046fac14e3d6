import {
  type Block,
  blockCodec,
  type ChainId,
  decodeTrusted,
  type Genesis,
  type LockRoot,
  type PublicKey,
} from '@tallystick/protocol'
import { DamagedBlock, type LedgerFault, passDamaged } from '../ledger-fault.js'
import type {
  LedgerStore,
  PageQuery,
  StoredBlock,
  StoredEntry,
  StoredHandover,
} from '../store/ledger-store.js'
import type { ChainTip } from './chain.js'
import { CheckedIndex } from './checked-index.js'
import { type CertifiedHeader, type Conflict, findConflict } from './find-conflict.js'

/** What a stored chain asks its node, and tells it. */
export type StoredChainNode = {
  readonly chainId: ChainId
  /** The newest block that is shown. */
  readonly tip: () => ChainTip
  /** The lowest height that is kept. */
  readonly firstHeight: () => number
  /** Called once. */
  readonly onDamagedBlock: (damaged: DamagedBlock) => void
  /** The index contradicts the blocks. */
  readonly onFault: (fault: LedgerFault) => void
}

/** What can be asked of a store whose node runs: nothing of a block that is not the tip yet (BLK-6). */
export class StoredChain {
  /** Which transactions of the chain had to do with what. */
  readonly index: CheckedIndex
  readonly #store: LedgerStore
  readonly #node: StoredChainNode
  #damaged: DamagedBlock | undefined

  constructor(store: LedgerStore, node: StoredChainNode) {
    this.#store = store
    this.#node = node
    const block = (height: number) => this.block(height)
    this.index = new CheckedIndex(store.index, node.chainId, block, node.onFault)
  }

  get tipHeight(): number {
    return this.#node.tip().header.height
  }

  get firstHeight(): number {
    return this.#node.firstHeight()
  }

  /** A block that was found to be damaged, and was not pruned since. */
  get damagedBlock(): DamagedBlock | undefined {
    const damaged = this.#damaged
    return damaged !== undefined && damaged.height >= this.firstHeight ? damaged : undefined
  }

  /** See `findConflict`; `undefined` also where the block of that height is not here. */
  async conflict(genesis: Genesis, theirs: CertifiedHeader): Promise<Conflict | undefined> {
    const stored = await this.block(theirs.header.height).catch(passDamaged)
    if (stored === undefined) return undefined
    const ours = decodeTrusted<Block>(blockCodec, stored.bytes)
    return findConflict(this.#store, genesis, ours, theirs)
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

  /** `undefined` above the tip and below the horizon. Throws `DamagedBlock`, as those below. */
  async block(height: number): Promise<StoredBlock | undefined> {
    if (height > this.tipHeight) return undefined
    const [block] = await this.#inOrder([height], async () => {
      const found = await this.#store.block(height)
      return found === undefined ? [] : [found]
    })
    return block
  }

  /** Up to `limit` blocks from `from` on, none above the tip: see `LedgerStore`. */
  async blocks(from: number, limit: number, bytesMax: number): Promise<readonly StoredBlock[]> {
    const count = Math.min(limit, this.tipHeight - from + 1)
    if (count <= 0) return []
    const due = Array.from({ length: count }, (_, at) => from + at)
    return this.#inOrder(due, () => this.#store.blocks(from, count, bytesMax))
  }

  /** Up to `limit` blocks from `from` down, none above the tip: see `LedgerStore`. */
  async blocksDown(from: number, limit: number, bytesMax: number): Promise<readonly StoredBlock[]> {
    const top = Math.min(from, this.tipHeight)
    const due = Array.from({ length: limit }, (_, at) => top - at)
    return this.#inOrder(due, () => this.#store.blocksDown(top, limit, bytesMax))
  }

  /** Blocks of these heights, as far as they are whole and none is missing; one of them at least. */
  async #inOrder(
    due: readonly number[],
    read: () => Promise<readonly StoredBlock[]>,
  ): Promise<readonly StoredBlock[]> {
    try {
      const found = await read()
      const [first = 0] = due
      // Asked for after it was read: what was pruned meanwhile is no damage.
      if (first < Math.max(this.firstHeight, 1)) return found
      const gap = found.findIndex(({ height }, at) => height !== due[at])
      const whole = gap < 0 ? found : found.slice(0, gap)
      if (whole.length === 0) throw new DamagedBlock(first, 'is missing')
      return whole
    } catch (error) {
      if (error instanceof DamagedBlock) this.#note(error)
      throw error
    }
  }

  #note(damaged: DamagedBlock): void {
    if (this.#damaged === undefined) this.#node.onDamagedBlock(damaged)
    this.#damaged ??= damaged
  }
}
