import type { PendingItem, SeenReveal } from '@tallystick/protocol'
import { inParallel } from './in-parallel.js'
import type { LedgerAccess } from './ledger-access.js'

/** Requests that are under way at a time. */
const PARALLEL_REQUESTS = 8

/** The newest link of each item that the ledger recorded in time, from proofs. Errors: `LedgerError`. */
export async function seenReveals(
  ledger: Pick<LedgerAccess, 'reveal'>,
  items: readonly Pick<PendingItem, 'anchor' | 'expiry'>[],
): Promise<SeenReveal[]> {
  const found = await inParallel(items, PARALLEL_REQUESTS, async ({ anchor, expiry }) => {
    const { value } = await ledger.reveal(anchor, expiry)
    if (value === undefined) return []
    const { index, link, time } = value
    return [{ anchor, known: { index, link }, time }]
  })
  return found.flat()
}
