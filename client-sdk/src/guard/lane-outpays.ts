import {
  claimableOf,
  type LaneState,
  type PendingItem,
  type RevealLookup,
  type Timestamp,
} from '@tallystick/protocol'

/**
 * Whether some future would make `held` pay more than `settled`, two states of one lane that its
 * payer signed. By the law of the lane the newer one pays at least as much in every future; where
 * it does not, an item was dropped without right. At ledger time `now` an item that has not expired
 * may still be revealed to its last tick; an expired one pays what was revealed in time.
 *
 * Items with one anchor and one expiry share their fate, whatever else differs. Those of different
 * expiries are judged apart, as if a link could come in time for either alone: so the answer may be
 * yes too often, which costs a fee, and never no too often, which would cost the item.
 */
export function laneOutpays(
  held: LaneState,
  settled: LaneState,
  revealedBy: RevealLookup,
  now: Timestamp,
): boolean {
  const fates = new Map<string, { held: PendingItem[]; settled: PendingItem[] }>()
  for (const [side, lane] of [['held', held] as const, ['settled', settled] as const]) {
    for (const item of lane.items) {
      const name = `${item.anchor}:${item.expiry}`
      const fate = fates.get(name) ?? { held: [], settled: [] }
      fate[side].push(item)
      fates.set(name, fate)
    }
  }
  const most = [...fates.values()].reduce(
    (sum, fate) => sum + mostGain(fate.held, fate.settled, revealedBy, now),
    0n,
  )
  return held.transferred + most > settled.transferred
}

/** The most by which `held` may pay more than `settled`; negative: it pays less in any case. */
function mostGain(
  held: readonly PendingItem[],
  settled: readonly PendingItem[],
  revealedBy: RevealLookup,
  now: Timestamp,
): bigint {
  const items = [...held, ...settled]
  const worth = (of: readonly PendingItem[], link: number) =>
    of.reduce((sum, item) => sum + claimableOf(item, link), 0n)
  // Between two of these links both sums are straight lines, so one of them is the best.
  const links = items.flatMap((item) => {
    const certain = revealedBy(item.anchor, item.expiry)
    return now > item.expiry
      ? [certain]
      : [certain, ...[item.paid, item.ticks].filter((link) => link > certain)]
  })
  const gains = links.map((link) => worth(held, link) - worth(settled, link))
  return gains.reduce((best, gain) => (gain > best ? gain : best))
}
