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
import { claimsOf, type LaneState, lockedOf } from './lane-state.js'
import type { PendingItem } from './pending-item.js'
import { otherRole, type Role } from './side.js'

/** Newest link (0: none) of an anchor's chain that the ledger knew at time `notAfter`. */
export type RevealLookup = (anchor: Anchor, notAfter: Timestamp) => number

/** What each side is certain to be paid, and what no event can bring it above. Base units. */
export type SettlementBounds = {
  readonly client: PayoutBounds
  readonly hub: PayoutBounds
}
export type PayoutBounds = { readonly least: bigint; readonly most: bigint }

/**
 * What a closing channel pays (DSP-6). Items whose fate is open at ledger time `now` are the whole
 * difference between `least` and `most`; past the last expiry the two are equal.
 *
 * Invariant: `client.least + hub.most = client.most + hub.least = channelTotal`, and none is
 * negative, for every pair of lanes, also for forged or insolvent ones: the ledger never mints.
 */
export function settlementBounds(
  channel: ClosingChannel,
  revealedBy: RevealLookup,
  now: Timestamp,
): SettlementBounds {
  const { by, closerLane, otherLane, penalized } = channel.status
  const total = channelTotal(channel)
  const certain = (item: PendingItem) => revealedBy(item.anchor, item.expiry)
  const possible = (item: PendingItem) => (now > item.expiry ? certain(item) : item.ticks)
  const value = (ownClaims: typeof certain, otherClaims: typeof certain) => {
    const paidAway = closerLane.transferred + claimsOf(closerLane, ownClaims)
    const received = otherLane.transferred + claimsOf(otherLane, otherClaims)
    const whole = clamp(sideStake(channel[by]) - paidAway + received, total)
    return penalized ? whole - penaltyOf(channel, by, whole) : whole
  }
  const closer = { least: value(possible, certain), most: value(certain, possible) }
  const other = { least: total - closer.most, most: total - closer.least }
  return by === 'client' ? { client: closer, hub: other } : { client: other, hub: closer }
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
