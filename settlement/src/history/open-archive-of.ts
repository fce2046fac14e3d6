import type { ChainId } from '@tallystick/protocol'
import { LedgerFault } from '../ledger-fault.js'
import { Archive } from './archive.js'

/**
 * Opens an archive in a folder or at an address. `chainId`: the chain that is meant; absent: the
 * archive's word for it is taken. Throws `history_corrupt` and `store_of_another_chain`.
 */
export async function openArchiveOf(
  location: string,
  chainId: ChainId | undefined,
): Promise<Archive> {
  const archive = await Archive.open(location)
  if (chainId === undefined || archive.chainId === chainId) return archive
  const detail = `${location} is of chain ${archive.chainId}, not ${chainId}`
  throw new LedgerFault('store_of_another_chain', detail)
}
