import type { ChannelParty, PendingItem, RevealLookup } from '@tallystick/protocol'
import { isClosing } from '@tallystick/protocol'
import { settledLanes } from '../guard/answer-force-close.js'
import type { LedgerAccess } from '../ledger/ledger-access.js'

/** What the ledger knows of every item of a channel, whether it is closing or not. */
export async function itemReveals(
  ledger: Pick<LedgerAccess, 'reveal'>,
  { own, peer, ledger: channel }: Pick<ChannelParty, 'own' | 'peer' | 'ledger'>,
): Promise<RevealLookup> {
  const settled = isClosing(channel)
    ? [...settledLanes(channel, 'client'), ...settledLanes(channel, 'hub')]
    : []
  return revealsOfItems(
    ledger,
    [own, peer, ...settled].flatMap(({ items }) => items),
  )
}

/** What the ledger knows of these items. */
export async function revealsOfItems(
  ledger: Pick<LedgerAccess, 'reveal'>,
  items: readonly PendingItem[],
): Promise<RevealLookup> {
  const known = new Map<string, number>()
  for (const { anchor, expiry } of items) {
    const name = `${anchor}:${expiry}`
    if (known.has(name)) continue
    const { value } = await ledger.reveal(anchor, expiry)
    known.set(name, value?.index ?? 0)
  }
  return (anchor, notAfter) => known.get(`${anchor}:${notAfter}`) ?? 0
}
