import {
  type Anchor,
  anchorOf,
  type ChainId,
  type ChannelParty,
  type Signer,
  TIMESTAMP_MAX,
  type Timestamp,
  timestamp,
} from '@tallystick/protocol'
import { forceCloseOperation } from '../guard/duties.js'
import { type ChannelFeePlan, channelFee } from '../ledger/channel-fee-transaction.js'
import type { WayOut } from './exit-plan.js'

/** How a side that leaves alone does it. */
export type LeavingParty = {
  readonly chainId: ChainId
  readonly party: ChannelParty
  /** Of the side's channel key. */
  readonly signer: Signer
  /** Whether it vouches for nothing (DSP-9): it may have signed more than it knows. */
  readonly unsure: boolean
  /** Base units due for 1,000 units of cost in the channel's asset. */
  readonly feePerKiloCost: number
  /** Ledger time: links of items that have expired are not made public any more. */
  readonly now: Timestamp
}

/**
 * The transaction that leaves a channel alone: asserts the newest proofs, makes known links public and
 * pays its fee out of the channel. It needs nothing but the store's record, and is valid for ever.
 */
export function leavingPlan(leaving: LeavingParty): ChannelFeePlan {
  const { chainId, party, signer, unsure, feePerKiloCost } = leaving
  return {
    ...{ chainId, channel: party.ledger.number, role: party.role, signer, feePerKiloCost },
    operations: [{ ...forceCloseOperation(party), unsure }],
    reveals: linksOf(leaving).map(({ index, link }) => ({ index, link })),
    validFrom: timestamp(0),
    validUntil: TIMESTAMP_MAX,
  }
}

/** The same, as the exit plan shows it; nothing is signed. `mayBeOld`: the store knows no better. */
export function wayOut(leaving: LeavingParty, mayBeOld: boolean): WayOut {
  const { party, unsure } = leaving
  return {
    operation: { ...forceCloseOperation(party), unsure },
    reveals: linksOf(leaving),
    fee: channelFee(leavingPlan(leaving)),
    mayBeOld,
  }
}

/** Known links of items of the other side that the ledger does not have yet, and that still count. */
function linksOf({ party, now }: LeavingParty): WayOut['reveals'] {
  const expiries = new Map(party.peer.items.map(({ id, expiry }) => [id, expiry]))
  const links = new Map<Anchor, WayOut['reveals'][number]>()
  for (const { id, known, onLedger } of party.incoming) {
    const expiry = expiries.get(id)
    if (known === undefined || onLedger >= known.index) continue
    if (expiry === undefined || now > expiry) continue
    const anchor = anchorOf(known.link, known.index)
    // The ledger takes a link once, however many items wait for it.
    if (known.index > (links.get(anchor)?.index ?? 0)) links.set(anchor, { ...known, anchor })
  }
  return [...links.values()]
}
