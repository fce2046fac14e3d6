import { type Block, blockCodec, blockId, decodeTrusted, type Genesis } from '@tallystick/protocol'
import { LedgerFault } from '../ledger-fault.js'
import type { LedgerStore, StoredBlock } from '../store/ledger-store.js'
import type { ShownBlock } from '../store/tip-mark.js'
import { genesisTip } from './restore-chain.js'

/**
 * Throws `store_rolled_back` when a store that ends with `tip` lacks, or contradicts, a shown block,
 * and `store_of_another_chain` when nothing was shown but the folder was made for another genesis:
 * over the one that was put there a key may have signed elsewhere.
 */
export async function checkTipMark(
  store: LedgerStore,
  genesis: Genesis,
  shown: ShownBlock,
  tip: ShownBlock,
): Promise<void> {
  if (shown.height === 0) {
    if (shown.id === shownGenesis(genesis).id) return
    const detail = `tip.mark is of a ledger that begins with ${shown.id}, genesis.json is another's`
    throw new LedgerFault('store_of_another_chain', `${detail}: begin in a new folder`)
  }
  // Not synced, it may be so old after power loss that its block was pruned since.
  if (shown.height < (await store.firstHeight())) return
  const stored = await store.block(shown.height)
  if (shown.height <= tip.height && stored && shownBlock(stored).id === shown.id) return
  const detail = `block ${shown.height} ${shown.id} was shown once, the store ends with`
  throw new LedgerFault('store_rolled_back', `${detail} ${tip.height} ${tip.id}`)
}

/** The newest block of a store; the genesis before the first. */
export async function storedTip(store: LedgerStore, genesis: Genesis): Promise<ShownBlock> {
  const stored = await store.tip()
  return stored === undefined ? shownGenesis(genesis) : shownBlock(stored)
}

/** What a folder has shown whose node never ran. */
export function shownGenesis(genesis: Genesis): ShownBlock {
  return { height: 0, id: blockId(genesisTip(genesis)) }
}

function shownBlock({ height, bytes }: StoredBlock): ShownBlock {
  return { height, id: blockId(decodeTrusted<Block>(blockCodec, bytes).header) }
}
