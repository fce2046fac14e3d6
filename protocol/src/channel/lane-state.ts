import { amountCodec, type Decoded, integer, optional, struct } from '../codec/codec.js'
import { resumeNonceCodec } from '../ledger/identifiers.js'
import { COUNTER_MAX } from '../ledger/limits.js'
import { ZERO } from '../primitives/amount.js'
import { claimableOf, lockedBy, pendingItemsCodec } from './pending-item.js'

/** Everything that a payer's newest proof promises, its pending items spelled out (CH-2). */
export const laneStateCodec = struct({
  /** 0; raised only by a resume (CH-18). Proofs are ordered by epoch, then version. */
  epoch: integer(COUNTER_MAX),
  /** Names the resume that began the epoch; absent in epoch 0. */
  resumeNonce: optional(resumeNonceCodec),
  /** 0 before anything was signed; every signed state is one higher than the one before. */
  version: integer(COUNTER_MAX),
  /** Newest version of the other lane that this payer has stored; it gives up all older ones. */
  acked: integer(COUNTER_MAX),
  /** All that this payer has ever paid the other side, base units. */
  transferred: amountCodec,
  items: pendingItemsCodec,
})
export type LaneState = Decoded<typeof laneStateCodec>

/** A lane before its first proof; both sides know it without a signature. */
export const LANE_START: LaneState = {
  epoch: 0,
  resumeNonce: undefined,
  version: 0,
  acked: 0,
  transferred: ZERO,
  items: [],
}

/** `lane` with some of it replaced; why not `{ ...lane }`: `partyWith`. */
export function laneWith(lane: LaneState, changes: Partial<LaneState>): LaneState {
  const copy: LaneState = {
    epoch: lane.epoch,
    resumeNonce: lane.resumeNonce,
    version: lane.version,
    acked: lane.acked,
    transferred: lane.transferred,
    items: lane.items,
  }
  return Object.assign(copy, changes)
}

/** Sum of what the pending items may still cost the payer, base units. */
export function lockedOf({ items }: LaneState): bigint {
  const isShort = items.length <= SHORT_LIST
  const known = isShort ? undefined : LOCKED.get(items)
  if (known !== undefined) return known
  const locked = items.reduce((sum, item) => sum + lockedBy(item), 0n)
  if (!isShort) LOCKED.set(items, locked)
  return locked
}

/** Lists that are summed up sooner than their sum is put away and found. */
const SHORT_LIST = 4

/** A list of items never changes, and every rule of solvency asks for its sum again. */
const LOCKED = new WeakMap<LaneState['items'], bigint>()

/** Sum of what the payee may claim, given the newest link known of each item. */
export function claimsOf(
  lane: LaneState,
  revealed: (item: LaneState['items'][number]) => number,
): bigint {
  return lane.items.reduce((sum, item) => sum + claimableOf(item, revealed(item)), 0n)
}

/** Order of two states of one lane by epoch, then version: negative, zero or positive. */
export function compareVersions(a: LaneVersion, b: LaneVersion): number {
  return a.epoch - b.epoch || a.version - b.version
}

export type LaneVersion = Pick<LaneState, 'epoch' | 'version'>
