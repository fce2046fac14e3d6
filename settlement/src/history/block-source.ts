import { type Genesis, invariant } from '@tallystick/protocol'
import type { Upstream } from '../follow/upstream.js'
import { LedgerFault } from '../ledger-fault.js'
import { PAGE_BYTES_MAX, PAGE_ITEMS_MAX } from '../limits.js'
import type { LedgerStore } from '../store/ledger-store.js'

/** Where an archive takes blocks from. */
export type BlockSource = {
  readonly genesis: Genesis
  /** The newest block. */
  readonly height: number
  /** Encoded blocks from a height on, up to the newest. Throws `history_pruned`. */
  blocks(from: number): AsyncGenerator<Uint8Array>
}

/** The blocks of a store that nobody else has open. */
export async function storeSource(store: LedgerStore, genesis: Genesis): Promise<BlockSource> {
  const first = await store.firstHeight()
  const height = (await store.tip())?.height ?? 0
  return {
    ...{ genesis, height },
    async *blocks(from) {
      if (from < first) {
        const detail = `block ${from} is due, the folder holds none below ${first}`
        throw new LedgerFault('history_pruned', detail)
      }
      for (let next = from; next <= height; ) {
        const page = await store.blocks(next, PAGE_ITEMS_MAX, PAGE_BYTES_MAX)
        for (const block of page) {
          if (block.height !== next) {
            throw new LedgerFault('store_corrupt', `block ${next} is missing`)
          }
          yield block.bytes
          next++
        }
        invariant(page.length > 0, 'the tip is a block of the store')
      }
    },
  }
}

/** The blocks of a node that runs, by its API, up to the one that is its newest now. */
export async function upstreamSource(upstream: Upstream): Promise<BlockSource> {
  const genesis = await upstream.genesis()
  const { height } = await upstream.status()
  return {
    ...{ genesis, height },
    async *blocks(from) {
      for (let next = from; next <= height; ) {
        const page = await upstream.blocks(next)
        if (page.length === 0) {
          const detail = `${upstream.url} gives no block ${next}`
          throw new LedgerFault('upstream_unusable', detail)
        }
        yield* page
        next += page.length
      }
    },
  }
}
