import type { Closing, ClosingChannel, GuardedLane } from '../ledger/channel.js'
import type { ChainId } from '../ledger/identifiers.js'
import { compareBytes } from '../primitives/bytes.js'
import { compareText } from '../primitives/order.js'
import type { Bounty } from './appointment.js'
import { balanceProofDigest } from './balance-proof.js'
import { compareVersions, type LaneState, lockedOf } from './lane-state.js'
import { otherRole, type Role } from './side.js'

/** Lanes that were shown and found relevant: of the closing side, and of the other. */
export type ShownLanes = {
  readonly closer: LaneState | undefined
  readonly other: LaneState | undefined
}

/**
 * The owner's own word (DSP-4, DSP-5): it takes the place of what was asserted or chosen; of several,
 * the greatest stays.
 */
export function answeredByOwner(
  chainId: ChainId,
  channel: ClosingChannel,
  { closer, other }: ShownLanes,
): Pick<Closing, 'challenged' | 'replaced' | 'closerLane' | 'otherLane'> {
  const { by, challenged, replaced, closerLane, otherLane } = channel.status
  const greatest = (payer: Role, isShown: boolean, held: LaneState, shown: LaneState) =>
    isShown && compareLanes(chainId, channel, payer, held, shown) >= 0 ? held : shown
  return {
    challenged: challenged || closer !== undefined,
    replaced: replaced || other !== undefined,
    closerLane: closer === undefined ? closerLane : greatest(by, challenged, closerLane, closer),
    otherLane:
      other === undefined ? otherLane : greatest(otherRole(by), replaced, otherLane, other),
  }
}

/**
 * A guard's word (DSP-11): kept beside what was asserted and chosen, or shown by the owner itself.
 * What the closing side has signed is ordered by what it pays for sure first: so a closing side that
 * signs something new for a guard that it has bribed has to pay at least what an honest guard could
 * show.
 */
export function answeredByGuard(
  chainId: ChainId,
  channel: ClosingChannel,
  { closer, other }: ShownLanes,
  bounty: Bounty,
): Pick<Closing, 'guardCloserLane' | 'guardOtherLane'> {
  const { by, guardCloserLane, guardOtherLane } = channel.status
  const order = (payer: Role) => (a: LaneState, b: LaneState) =>
    compareLanes(chainId, channel, payer, a, b)
  const paidFirst = (a: LaneState, b: LaneState) =>
    Number(a.transferred - b.transferred) || order(by)(a, b)
  const greatest = (held: GuardedLane | undefined, lane: LaneState, compare: typeof paidFirst) => {
    if (held === undefined) return { lane, bounty }
    const after = compare(lane, held.lane) || compareBounties(bounty, held.bounty)
    return after > 0 ? { lane, bounty } : held
  }
  return {
    guardCloserLane:
      closer === undefined ? guardCloserLane : greatest(guardCloserLane, closer, paidFirst),
    guardOtherLane:
      other === undefined ? guardOtherLane : greatest(guardOtherLane, other, order(otherRole(by))),
  }
}

/** A total order over what can be shown of a lane, so that the order of arrival never matters. */
function compareLanes(
  chainId: ChainId,
  channel: ClosingChannel,
  payer: Role,
  a: LaneState,
  b: LaneState,
): number {
  const digest = (lane: LaneState) => balanceProofDigest(chainId, channel.id, payer, lane)
  const worth = (lane: LaneState) => lane.transferred + lockedOf(lane)
  return compareVersions(a, b) || Number(worth(a) - worth(b)) || compareBytes(digest(a), digest(b))
}

/** Of guards that show the same, the one that costs the owner least; no race decides it. */
function compareBounties(a: Bounty, b: Bounty): number {
  return b.ppm - a.ppm || compareText(b.payoutLock, a.payoutLock)
}
