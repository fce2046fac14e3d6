import { passDamaged } from '../ledger-fault.js'
import type { Damages } from './damages.js'
import type { IndexCheck } from './index-check.js'
import type { StoredChain } from './stored-chain.js'

/**
 * Whether the index of transactions knows what the blocks of a running node hold, from its horizon up
 * to the block that is its newest at the start: those that come meanwhile it writes itself. A damaged
 * block is told by `stored` to who has to know, and passed over.
 */
export async function verifyIndex(
  index: IndexCheck,
  stored: StoredChain,
  signal: AbortSignal,
): Promise<Damages> {
  const top = stored.tipHeight
  for (let height = stored.firstHeight; height <= top; height++) {
    const block = await stored.block(height).catch(passDamaged)
    if (signal.aborted) return []
    const damages = block === undefined ? index.pass() : await index.look(block)
    // What was pruned while it was looked at is not in the index any more.
    if (damages.length > 0 && height >= stored.firstHeight && !signal.aborted) return damages
  }
  return index.countOpened()
}
