import { type Block, blockCodec, blockId, decodeTrusted } from '@tallystick/protocol'
import { LedgerFault } from '../ledger-fault.js'
import type { ChainTip } from './chain.js'
import type { LedgerNodeParts } from './ledger-node-parts.js'

/** Throws `store_rolled_back` when the store lacks, or contradicts, a block that was shown once. */
export async function checkTipMark(
  { mark, store }: Pick<LedgerNodeParts, 'mark' | 'store'>,
  { header, id }: ChainTip,
): Promise<void> {
  const shown = await mark.read()
  if (shown === undefined) return
  // Not synced, it may be so old after power loss that its block was pruned since.
  if (shown.height < (await store.firstHeight())) return
  const stored = await store.block(shown.height)
  const found = stored && blockId(decodeTrusted<Block>(blockCodec, stored.bytes).header)
  if (shown.height <= header.height && found === shown.id) return
  const detail = `block ${shown.height} ${shown.id} was shown once, the store ends with`
  throw new LedgerFault('store_rolled_back', `${detail} ${header.height} ${id}`)
}
