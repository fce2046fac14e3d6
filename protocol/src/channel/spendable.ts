import { sideStake } from '../ledger/channel.js'
import { type LaneState, lockedOf } from './lane-state.js'
import type { StoredParty } from './party.js'
import type { Role } from './side.js'

/**
 * What a side has in the channel by the ledger, base units, less what a withdrawal that is under
 * way may take out any moment (CH-17). May be negative.
 */
export function stakeOf({ ledger, withdrawing }: StoredParty, role: Role): bigint {
  const stake = sideStake(ledger[role])
  if (withdrawing?.role !== role) return stake
  const due = withdrawing.withdrawn - ledger[role].withdrawn
  return due > 0n ? stake - due : stake
}

/** What the payer of `lane` could still promise beside its exit reserve, base units (CH-6.2). */
export function spendableBy(
  party: StoredParty,
  payer: Role,
  lane: LaneState,
  other: LaneState,
): bigint {
  const { exitReserve } = party.ledger.terms
  return stakeOf(party, payer) + other.transferred - lane.transferred - lockedOf(lane) - exitReserve
}
