import { type Anchor, type ChannelParty, isClosing, type RevealLookup } from '@tallystick/protocol'
import type { LedgerClient } from '../ledger/ledger-client.js'

/** The reveals that settle closing channels, looked up before the pure rules ask for them. */
export async function revealLookupOf(
  ledger: LedgerClient,
  parties: readonly ChannelParty[],
): Promise<RevealLookup> {
  const newest = new Map<Anchor, { readonly index: number; readonly time: number }>()
  for (const anchor of new Set(parties.flatMap(closingAnchors))) {
    const { value } = await ledger.reveal(anchor)
    if (value !== undefined) newest.set(anchor, value)
  }
  return (anchor, notAfter) => {
    const step = newest.get(anchor)
    return step !== undefined && step.time <= notAfter ? step.index : 0
  }
}

function closingAnchors({ ledger }: ChannelParty): Anchor[] {
  if (!isClosing(ledger)) return []
  const { closerLane, otherLane } = ledger.status
  return [...closerLane.items, ...otherLane.items].map(({ anchor }) => anchor)
}
