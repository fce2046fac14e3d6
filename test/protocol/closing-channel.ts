import {
  type Amount,
  amount,
  balanceProofDigest,
  type Channel,
  type ClosingChannel,
  forceClose,
  LANE_START,
  type LaneState,
  type PendingItem,
  type Role,
  type SignedLane,
  type Timestamp,
} from '@tallystick/protocol'
import {
  accepted,
  anchorFor,
  at,
  CHAIN,
  type Dice,
  evidenceOf,
  itemId,
  NOW,
  SIGNERS,
} from './test-channel.js'

/** A pending item as it stands on a lane; the anchor's chain is as long as its ticks. */
export function pendingItem(
  name: number,
  change: { unit?: bigint; ticks?: number; paid?: number; expiry?: number } = {},
): PendingItem {
  const { unit = 100n, ticks = 1, paid = 0, expiry = 600 } = change
  const [id, anchor] = [itemId(name), anchorFor(name, ticks)]
  return { id, anchor, unit: amount(unit), ticks, paid, expiry: at(expiry) }
}

export type LaneSetup = {
  readonly version?: number
  readonly epoch?: number
  readonly resumeNonce?: Uint8Array | undefined
  readonly acked?: number
  readonly transferred?: bigint
  readonly items?: readonly PendingItem[]
}

/** A lane of version 1 that has paid nothing, unless told otherwise. */
export function laneOf({
  version = 1,
  epoch = 0,
  resumeNonce,
  acked = 0,
  transferred = 0n,
  items = [],
}: LaneSetup): LaneState {
  return { epoch, resumeNonce, version, acked, transferred: amount(transferred), items }
}

/** `lane` as its payer signed it. */
export function signedLane(channel: Channel, payer: Role, lane: LaneState): SignedLane {
  const digest = balanceProofDigest(CHAIN, channel.id, payer, lane)
  return { lane, evidence: evidenceOf(digest, SIGNERS[payer]) }
}

/** `channel` after `by` has asserted these lanes at time 0 of the tests: the deadline is 1,000. */
export function closed(
  channel: Channel,
  by: Role,
  own: LaneState,
  peer: LaneState = LANE_START,
  now: Timestamp = NOW,
): ClosingChannel {
  const other = by === 'client' ? 'hub' : 'client'
  const chosen = peer === LANE_START ? undefined : signedLane(channel, other, peer)
  return accepted(
    forceClose(CHAIN, channel, { by, own, unsure: false, resume: undefined, peer: chosen }, now),
  ) as ClosingChannel
}

/** Amounts where rules break: around 0, around what there is, and at the upper end. */
export function anyAmount(dice: Dice, near: bigint): Amount {
  const most = 2n ** 63n - 1n
  const value = dice.pick([
    0n,
    1n,
    near,
    near + 1n,
    BigInt(dice.roll(1_000_000)),
    most,
    most - BigInt(dice.roll(9)),
  ])
  return amount(value > most ? most : value)
}

/** Any lane that can be encoded, solvent or not. */
export function anyLane(dice: Dice, near: bigint): LaneState {
  const names = Array.from({ length: dice.roll(5) }, (_, i) => i + 1 + 10 * dice.roll(2))
  const items = [...new Set(names)]
    .sort((a, b) => a - b)
    .map((name): PendingItem => {
      const ticks = dice.pick([1, 1, 2, 5])
      const unit = anyAmount(dice, near) / BigInt(ticks) || 1n
      const paid = dice.roll(ticks)
      return {
        ...pendingItem(name, { unit, ticks, paid, expiry: dice.roll(2_000) }),
        anchor: anchorFor(name % 10),
      }
    })
  return {
    epoch: dice.roll(2),
    resumeNonce: dice.chance(50) ? undefined : new Uint8Array(16),
    version: dice.roll(9),
    acked: dice.roll(9),
    transferred: anyAmount(dice, near),
    items,
  }
}
