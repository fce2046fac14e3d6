import { type LedgerAccess, LedgerError } from '@tallystick/client-sdk'
import { type Timestamp, timestamp } from '@tallystick/protocol'

/**
 * Ledger time of the newest block that a journal has met: what a hub goes by until it meets the next
 * one. The genesis' where there is none, or the node keeps it no more. Errors: `LedgerError`.
 */
export async function timeKnown(
  ledger: Pick<LedgerAccess, 'genesis' | 'block'>,
  height: number,
): Promise<Timestamp> {
  const genesisTime = timestamp(ledger.genesis.time)
  if (height < 1) return genesisTime
  try {
    return (await ledger.block(height)).header.time
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'pruned') return genesisTime
    throw error
  }
}
