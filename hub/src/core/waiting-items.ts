import {
  type ChannelId,
  isRejection,
  isUsable,
  noteOf,
  type PendingItem,
  reject,
} from '@tallystick/protocol'
import { channelWith, type HubChannel, idOf, onwardOf, type Waiting } from './hub-channel.js'
import type { HubEffect } from './hub-effect.js'
import type { HubContext } from './hub-step.js'
import type { HubOverlay } from './hub-view.js'
import { carryOn, decline, hasPlace, waitOn } from './routing.js'

/*
 * Payments to one payee for which its lane has no place wait for one at the hub (HUB-16), in the order in which they
 * came: they stand with the channel of the payee, and nothing is promised to it for them before.
 */

/** Seconds of ledger time for which an item waits at most. */
const WAIT_SECONDS_MAX = 30

/**
 * Carries on what waits for the lane of channel `id`, the oldest first, while there are places, there or on another
 * channel of the payee; it looks at `most` items.
 */
export function carryOnWaiting(
  state: HubOverlay,
  id: ChannelId,
  context: HubContext,
  most: number,
): HubEffect[] {
  const lost = state.channel(id)
  if (lost !== undefined && isLost(lost)) {
    state.setChannel(channelWith(lost, { waiting: [] }))
    return []
  }
  const effects: HubEffect[] = []
  for (let looked = 0; looked < most; looked++) {
    const payee = state.channel(id)
    const first = payee?.waiting[0]
    if (payee === undefined || first === undefined) break
    const item = waitingItem(state, first)
    const left = item && carryOn(state, first.channel, item, first.forward, context)
    const isFull = left !== undefined && !isRejection(left)
    if (isFull && !hasPlace(payee)) break
    const carried = state.channel(id) ?? payee
    state.setChannel(channelWith(carried, { waiting: carried.waiting.slice(1) }))
    // There is a place, and too little money by now; another channel of the payee has enough.
    const refused = isFull ? waitOn(state, left, first) : left
    if (refused !== undefined) effects.push(...decline(state, first.channel, first.id, refused))
  }
  return effects
}

/** Gives back what has waited for the lane of channel `id` for too long. */
export function endWaiting(state: HubOverlay, id: ChannelId, { now }: HubContext): HubEffect[] {
  const payee = state.channel(id)
  if (payee === undefined || isLost(payee)) return []
  const isOver = ({ since }: Waiting) => now >= since + WAIT_SECONDS_MAX
  const over = payee.waiting.filter(isOver)
  if (over.length === 0) return []
  const kept = payee.waiting.filter((waiting) => !isOver(waiting))
  state.setChannel(channelWith(payee, { waiting: kept }))
  return over.flatMap((waiting) =>
    waitingItem(state, waiting) === undefined
      ? []
      : decline(state, waiting.channel, waiting.id, NO_PLACE),
  )
}

const NO_PLACE = reject('no_liquidity', 'no place became free on the lane to the payee in time')

/** Whether the hub has asked what it did on the channel, which it may have lost (HUB-8). */
function isLost({ party: { resuming, lostAt } }: HubChannel): boolean {
  return resuming !== undefined && lostAt !== undefined
}

/**
 * The hub may have lost what it did on channel `id` (HUB-8): what waited for its lane, or was to be paid out of it,
 * may have been carried on meanwhile. It rests.
 */
export function forgetWaiting(state: HubOverlay, id: ChannelId): void {
  for (const busy of [...state.busyChannels()]) {
    const kept = idOf(busy) === id ? [] : busy.waiting.filter(({ channel }) => channel !== id)
    if (kept.length < busy.waiting.length) state.setChannel(channelWith(busy, { waiting: kept }))
  }
}

/** How many items wait for a place, on all lanes together. */
export function countWaiting(channels: Iterable<HubChannel>): number {
  let count = 0
  for (const { waiting } of channels) count += waiting.length
  return count
}

/**
 * What is still to be carried on of it: its payer's lane is known whole and in use, and has it. What was declined
 * is the payer's to take back, also where another one of its name waits still.
 */
function waitingItem(state: HubOverlay, { channel, id, anchor }: Waiting): PendingItem | undefined {
  const payer = state.channel(channel)
  if (payer === undefined || onwardOf(payer, id) !== undefined) return undefined
  const { peer, resuming, lostAt } = payer.party
  if (!isUsable(payer.party) || resuming !== undefined || lostAt !== undefined) return undefined
  if (noteOf(payer.party, id).declined) return undefined
  return peer.items.find((item) => item.id === id && item.anchor === anchor)
}
