import assert from 'node:assert/strict'
import {
  type Anchor,
  claimableOf,
  claimsOf,
  type LaneState,
  noteOf,
  otherRole,
  type PendingItem,
  type Role,
} from '@tallystick/protocol'
import type { TwoPartiesWorld } from './two-parties-world.js'

/** INV-6 from one version to the next: with nothing, everything and a random part revealed. */
export function checkLaw(
  world: TwoPartiesWorld,
  role: Role,
  before: LaneState,
  after: LaneState,
): void {
  const gone = before.items.filter(({ id }) => !after.items.some((item) => item.id === id))
  const payee = world.sides[otherRole(role)].memory
  const mayGo = ({ id, anchor, expiry, paid }: PendingItem) =>
    (world.now > expiry || world.declined.has(id) || noteOf(payee, id).declined) &&
    world.revealedBy(anchor, expiry) <= paid
  const luck = new Map<Anchor, number>()
  const anything = ({ anchor, ticks }: PendingItem) => {
    const index = luck.get(anchor) ?? world.dice.roll(ticks + 1)
    luck.set(anchor, index)
    return index
  }
  for (const revealed of [() => 0, ({ ticks }: PendingItem) => ticks, anything]) {
    const dropped = gone
      .filter(mayGo)
      .reduce((sum, item) => sum + claimableOf(item, revealed(item)), 0n)
    const worth = (lane: LaneState) => lane.transferred + claimsOf(lane, revealed)
    assert.ok(worth(after) >= worth(before) - dropped, 'INV-6 the law of the lane')
  }
}
