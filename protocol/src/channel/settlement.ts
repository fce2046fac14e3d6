import {
  type ChannelSide,
  type Closing,
  type ClosingChannel,
  channelTotal,
  sideStake,
} from '../ledger/channel.js'
import type { Anchor } from '../ledger/identifiers.js'
import { partsPerMillion } from '../primitives/amount.js'
import type { Timestamp } from '../primitives/time.js'
import type { Bounty } from './appointment.js'
import { claimsOf, type LaneState, lockedOf } from './lane-state.js'
import type { PendingItem } from './pending-item.js'
import { otherRole, type Role } from './side.js'

/** Newest link (0: none) of an anchor's chain that the ledger knew at time `notAfter`. */
export type RevealLookup = (anchor: Anchor, notAfter: Timestamp) => number

/** What each side is certain to be paid, and what no event can bring it above. Base units. */
export type SettlementBounds = {
  readonly client: PayoutBounds
  readonly hub: PayoutBounds
  /** What the closing side loses for having shown an old state; the bounty is a part of it. */
  readonly penalty: PayoutBounds
  /** What goes to a guard out of a penalty. */
  readonly bounty: PayoutBounds
}
export type PayoutBounds = { readonly least: bigint; readonly most: bigint }

/**
 * What a closing channel pays (DSP-6, DSP-11). Items whose fate is open at ledger time `now` are the
 * whole difference between `least` and `most`; past the last expiry the two are equal.
 *
 * Invariant: closer.least + bounty.least + other.most = closer.most + bounty.most + other.least =
 * `channelTotal`, and none is negative, for every pair of lanes, also for forged or insolvent ones:
 * the ledger never mints. All three follow from what the closing side would be paid without a
 * penalty; rounding down lets none of them turn round where that rises or falls.
 */
export function settlementBounds(
  channel: ClosingChannel,
  revealedBy: RevealLookup,
  now: Timestamp,
): SettlementBounds {
  const { by } = channel.status
  const total = channelTotal(channel)
  const certain = (item: PendingItem) => revealedBy(item.anchor, item.expiry)
  const possible = (item: PendingItem) => (now > item.expiry ? certain(item) : item.ticks)
  const least = sharesOf(channel, wholeOf(channel, possible, certain))
  const most = sharesOf(channel, wholeOf(channel, certain, possible))
  const closer = { least: least.closer, most: most.closer }
  const other = {
    least: total - most.closer - most.bounty,
    most: total - least.closer - least.bounty,
  }
  const penalty = { least: least.penalty, most: most.penalty }
  const bounty = { least: least.bounty, most: most.bounty }
  return by === 'client'
    ? { client: closer, hub: other, penalty, bounty }
    : { client: other, hub: closer, penalty, bounty }
}

/**
 * What the closing side would be paid without a penalty, given what is claimed of its own items and
 * of the other side's. Of what was asserted and what a guard has shown, the one counts that pays the
 * guard's owner more: so no guard can cost its owner anything.
 */
function wholeOf(
  channel: ClosingChannel,
  ownClaims: (item: PendingItem) => number,
  otherClaims: (item: PendingItem) => number,
): bigint {
  const { by, closerLane, otherLane, guardCloserLane, guardOtherLane } = channel.status
  const paid = (lane: LaneState, claims: typeof ownClaims) =>
    lane.transferred + claimsOf(lane, claims)
  const asserted = paid(closerLane, ownClaims)
  const chosen = paid(otherLane, otherClaims)
  const paidAway = guardCloserLane && paid(guardCloserLane.lane, ownClaims)
  const received = guardOtherLane && paid(guardOtherLane.lane, otherClaims)
  return clamp(
    sideStake(channel[by]) -
      (paidAway !== undefined && paidAway > asserted ? paidAway : asserted) +
      (received !== undefined && received < chosen ? received : chosen),
    channelTotal(channel),
  )
}

/** What the closing side keeps of `whole`, and what of its penalty goes to a guard. */
function sharesOf(
  channel: ClosingChannel,
  whole: bigint,
): { readonly closer: bigint; readonly penalty: bigint; readonly bounty: bigint } {
  const { by, penalized } = channel.status
  if (!penalized) return { closer: whole, penalty: 0n, bounty: 0n }
  const penalty = penaltyOf(channel, by, whole)
  const ppm = bountyOf(channel.status)?.ppm ?? 0
  return { closer: whole - penalty, penalty, bounty: partsPerMillion(penalty, ppm) }
}

/**
 * Whom a penalty pays a bounty to (DSP-11): the guard whose proof is kept, or else its own lane. Who
 * answers itself owes nobody a bounty.
 */
export function bountyOf({
  challenged,
  replaced,
  guardCloserLane,
  guardOtherLane,
}: Closing): Bounty | undefined {
  return challenged || replaced ? undefined : (guardCloserLane ?? guardOtherLane)?.bounty
}

/** What a side whose payout would be `whole` loses when it is penalized, base units, rounded down. */
export function penaltyOf(channel: ClosingChannel, role: Role, whole: bigint): bigint {
  const { clientPenaltyPpm, hubPenaltyPpm } = channel.terms
  return partsPerMillion(whole, role === 'client' ? clientPenaltyPpm : hubPenaltyPpm)
}

/** Whether both sides could pay everything their lanes promise (DSP-3). */
export function isSolvent(
  sides: Readonly<Record<Role, ChannelSide>>,
  lanes: Readonly<Record<Role, LaneState>>,
): boolean {
  const covered = (role: Role) =>
    sideStake(sides[role]) + lanes[otherRole(role)].transferred >=
    lanes[role].transferred + lockedOf(lanes[role])
  return covered('client') && covered('hub')
}

/** What finalizes have paid a side so far, base units. */
export function paidSoFar(closing: Closing, role: Role): bigint {
  return role === 'client' ? closing.paidClient : closing.paidHub
}

function clamp(value: bigint, most: bigint): bigint {
  return value < 0n ? 0n : value > most ? most : value
}
