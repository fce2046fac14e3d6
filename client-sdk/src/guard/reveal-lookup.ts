import {
  type Channel,
  type ChannelParty,
  isClosing,
  type PendingItem,
  type RevealLookup,
} from '@tallystick/protocol'
import type { LedgerClient } from '../ledger/ledger-client.js'
import { settledLanes } from './answer-force-close.js'

/** The reveals that settle closing channels, looked up before the pure rules ask for them. */
export function revealLookupOf(
  ledger: LedgerClient,
  parties: readonly Pick<ChannelParty, 'ledger'>[],
): Promise<RevealLookup> {
  return revealLookupFor(
    ledger,
    parties.flatMap((party) => closingItems(party.ledger)),
  )
}

/** The reveals of `items`, each asked for once. `signal`: the caller has waited long enough. */
export async function revealLookupFor(
  ledger: LedgerClient,
  items: readonly PendingItem[],
  signal?: AbortSignal,
): Promise<RevealLookup> {
  const known = new Map<string, number>()
  for (const { anchor, expiry } of items) {
    const name = `${anchor}:${expiry}`
    if (known.has(name)) continue
    const { value } = await ledger.reveal(anchor, expiry, signal)
    known.set(name, value?.index ?? 0)
  }
  return (anchor, notAfter) => known.get(`${anchor}:${notAfter}`) ?? 0
}

/** The items of all lanes that a closing channel may be settled with. */
export function closingItems(ledger: Channel): readonly PendingItem[] {
  if (!isClosing(ledger)) return []
  return [...settledLanes(ledger, 'client'), ...settledLanes(ledger, 'hub')].flatMap(
    ({ items }) => items,
  )
}
