import {
  type ChannelParty,
  isClosing,
  type PendingItem,
  type RevealLookup,
} from '@tallystick/protocol'
import type { LedgerAccess } from '../ledger/ledger-access.js'
import { settledLanes } from './answer-force-close.js'

/** The reveals that settle closing channels, looked up before the pure rules ask for them. */
export async function revealLookupOf(
  ledger: LedgerAccess,
  parties: readonly Pick<ChannelParty, 'ledger'>[],
): Promise<RevealLookup> {
  const known = new Map<string, number>()
  for (const { anchor, expiry } of parties.flatMap(closingItems)) {
    const name = `${anchor}:${expiry}`
    if (known.has(name)) continue
    const { value } = await ledger.reveal(anchor, expiry)
    known.set(name, value?.index ?? 0)
  }
  return (anchor, notAfter) => known.get(`${anchor}:${notAfter}`) ?? 0
}

function closingItems({ ledger }: Pick<ChannelParty, 'ledger'>): readonly PendingItem[] {
  if (!isClosing(ledger)) return []
  return [...settledLanes(ledger, 'client'), ...settledLanes(ledger, 'hub')].flatMap(
    ({ items }) => items,
  )
}
