import {
  amount,
  CHANGES_MAX,
  type ChannelId,
  channelIdCodec,
  concatBytes,
  declineItem,
  draftChange,
  encode,
  type Forward,
  fromHex,
  type ItemId,
  isRejection,
  type KnownLink,
  LANE_ITEMS_MAX,
  type LaneEvent,
  learnLink,
  maySign,
  noteOf,
  type PendingItem,
  REVEAL_SECONDS,
  type Rejection,
  reject,
  spendable,
  TAG,
  taggedHash,
  tickFee,
  toHex,
  UNCONFIRMED_UPDATES_MAX,
} from '@tallystick/protocol'
import {
  channelWith,
  type HubChannel,
  idOf,
  onwardOf,
  originOf,
  WAITING_MAX,
  type Waiting,
} from './hub-channel.js'
import type { HubEffect } from './hub-effect.js'
import type { HubContext } from './hub-step.js'
import type { HubOverlay } from './hub-view.js'
import { noteOver, notePaid, noteShown, partOf } from './note-payment.js'
import { PARTS_MAX, type Payment, statusOf } from './payment.js'

/** Seconds that a payment must still have when it is carried on: two margins and one to act in. */
const FORWARD_SECONDS_MIN = 3 * REVEAL_SECONDS

/** What the lane event of one channel means for the channel that carries the same payment. */
export function routeEvent(
  state: HubOverlay,
  channel: ChannelId,
  event: LaneEvent,
  context: HubContext,
): HubEffect[] {
  switch (event.kind) {
    case 'itemAdded': {
      const { item, forward } = event
      const left = carryOn(state, channel, item, forward, context)
      if (left === undefined) return []
      const { id, anchor } = item
      const refused = isRejection(left)
        ? left
        : waitOn(state, left, { channel, id, anchor, forward: left.forward, since: context.now })
      return refused === undefined ? [] : decline(state, channel, item.id, refused)
    }
    case 'itemRedeemed':
      notePaid(state, channel, event.item, event.index, context)
      return event.index === event.item.ticks
        ? forgetOnward(state, channel, event.item.id)
        : giveBackRest(state, channel, event.item)
    case 'itemDropped':
      return forgetOnward(state, channel, event.item.id)
    case 'itemReleased':
      return giveBack(state, channel, event.id, context)
  }
}

/** The payee's channel that could carry an item on, if its lane had a place. */
export type FullLane = {
  readonly kind: 'fullLane'
  readonly to: HubChannel
  readonly forward: Forward
}

/**
 * Promises the payee what the payer has promised the hub, less the fee (HUB-2, HUB-13, HUB-14); or says why not, or
 * on which lane there is no place for it now (HUB-16).
 */
export function carryOn(
  state: HubOverlay,
  from: ChannelId,
  item: PendingItem,
  forward: Forward | undefined,
  context: HubContext,
): Rejection | FullLane | undefined {
  const { policy, now } = context
  if (forward === undefined) {
    return reject('no_destination', 'a routed payment names its payee')
  }
  const before = state.payment(item.anchor)
  const isFurther = before !== undefined && isPartOf(state, before, from, item, forward)
  if (before !== undefined && before.status !== 'failed' && !isFurther) {
    return reject('anchor_used', `a payment of this anchor is ${before.status} on this hub`)
  }
  // The ledger would pay the onward item at once, and this hub would never see why (INV-27).
  if (state.isPublic(item.anchor)) {
    return reject('anchor_used', 'the preimage of this anchor is on the ledger already')
  }
  const { anchor, ticks, expiry } = item
  const fee = item.unit - forward.amount
  if (fee < tickFee(policy, forward.amount, ticks)) {
    const due = tickFee(policy, forward.amount, ticks)
    return reject('fee_too_low', `the fee of each tick is ${due}, not ${fee}`)
  }
  if (expiry < now + FORWARD_SECONDS_MIN) {
    return reject('expiry_too_near', `a payment has ${FORWARD_SECONDS_MIN} seconds left at least`)
  }
  const to = destinationOf(state, from, forward, ticks)
  if ('kind' in to) return to
  const id = onwardItemId(from, item.id)
  const unit = forward.amount
  const add = { kind: 'add', id, anchor, unit, ticks, expiry, forward: undefined } as const
  const drafted = draftChange(to.party, add, now)
  if (isRejection(drafted)) return drafted
  const origin = [...to.origin, { id, channel: from, otherId: item.id }]
  state.setChannel(channelWith(to, { party: drafted, origin }))
  const payer = state.channel(from)
  if (payer !== undefined) {
    const onward = [...payer.onward, { id: item.id, channel: idOf(to), otherId: id }]
    state.setChannel(channelWith(payer, { onward }))
  }
  const part = {
    fromChannel: from,
    fromItem: item.id,
    toChannel: idOf(to),
    toItem: id,
    amount: forward.amount,
    fee: amount(fee),
    ticks,
    // A payer may have paid some of a stream while it waited (HUB-16).
    shown: item.paid,
    paid: item.paid,
    isOver: false,
  }
  const parts = isFurther ? [...before.parts, part] : [part]
  state.setPayment({ anchor, status: statusOf(parts), time: now, parts })
  return undefined
}

/**
 * Whether an item comes as a further part of a payment under way (HUB-13): from another channel of the same
 * payer, to the same payee, while nobody has shown, paid or given up any of it. Streams have one part.
 */
function isPartOf(
  state: HubOverlay,
  { status, parts }: Payment,
  from: ChannelId,
  item: PendingItem,
  { payee }: Forward,
): boolean {
  const [first] = parts
  if (status !== 'pending' || first === undefined || parts.length >= PARTS_MAX) return false
  const payer = state.channel(from)?.owner
  return (
    item.ticks === 1 &&
    first.ticks === 1 &&
    payer !== undefined &&
    state.channel(first.fromChannel)?.owner === payer &&
    state.channel(first.toChannel)?.owner === payee &&
    !parts.some(({ fromChannel, isOver }) => isOver || fromChannel === from)
  )
}

function destinationOf(
  state: HubOverlay,
  from: ChannelId,
  forward: Forward,
  ticks: number,
): HubChannel | FullLane | Rejection<'payee_unknown' | 'no_liquidity'> {
  const { payee, amount: tick } = forward
  const channels = state.channelsOf(payee).filter((channel) => idOf(channel) !== from)
  if (channels.length === 0) {
    return reject('payee_unknown', `nobody with a channel here goes by ${payee}`)
  }
  const value = ticks === 1 ? tick : tick * BigInt(ticks)
  // The fullest channel that suffices: what is large stays free for what is large.
  const able = channels
    .filter((channel) => canPay(channel, value))
    .sort((a, b) => (spendable(a.party) < spendable(b.party) ? -1 : 1))
  const best = able.find(hasPlace)
  if (best !== undefined) return best
  const [full] = able.sort((a, b) => a.waiting.length - b.waiting.length)
  if (full === undefined) {
    return reject('no_liquidity', `the hub cannot pay ${value} to ${payee} now`)
  }
  return { kind: 'fullLane', to: full, forward }
}

function canPay({ party }: HubChannel, value: bigint): boolean {
  return party.phase.kind === 'open' && maySign(party) && spendable(party) >= value
}

/** Whether one more item may be pending on the hub's lane, and may stand in its next proof. */
export function hasPlace({ party }: HubChannel): boolean {
  const { draft, own, cancelling, unconfirmed, ledger } = party
  const items = (draft?.lane ?? own).items.length + cancelling.length
  return (
    items < Math.min(ledger.terms.itemsMax, LANE_ITEMS_MAX) &&
    unconfirmed.length < UNCONFIRMED_UPDATES_MAX &&
    (draft?.changes.length ?? 0) < CHANGES_MAX
  )
}

/** Notes that an item waits for a place, or says why it does not (HUB-16). */
export function waitOn(
  state: HubOverlay,
  { to, forward }: FullLane,
  waiting: Waiting,
): Rejection | undefined {
  if (to.waiting.length >= WAITING_MAX) {
    return reject('no_liquidity', `${WAITING_MAX} payments wait for ${forward.payee} already`)
  }
  state.setChannel(channelWith(to, { waiting: [...to.waiting, waiting] }))
  return undefined
}

/** The hub's own name for an item that it carries on: no payer can make two of them collide. */
export function onwardItemId(channel: ChannelId, id: ItemId): ItemId {
  const origin = concatBytes(encode(channelIdCodec, channel), fromHex(id))
  return toHex(taggedHash(TAG.onwardItemId, origin).subarray(0, 16)) as ItemId
}

/** The payee has shown a link of what the hub pays it: the payer owes as much from now on. */
export function claimUpstream(
  state: HubOverlay,
  channel: ChannelId,
  item: PendingItem,
  known: KnownLink,
  context: HubContext,
): HubEffect[] {
  const payee = state.channel(channel)
  const origin = payee && originOf(payee, item.id)
  const payer = origin && state.channel(origin.channel)
  if (payee === undefined || origin === undefined || payer === undefined) return []
  noteShown(state, channel, item, known.index, context)
  // A stream goes on: of the rest a later link may be shown, or it is given back.
  if (known.index >= item.ticks) {
    state.setChannel(
      channelWith(payee, { origin: payee.origin.filter((carried) => carried !== origin) }),
    )
  }
  const party = learnLink(payer.party, origin.otherId, known)
  if (isRejection(party)) return []
  state.setChannel(channelWith(payer, { party }))
  // Shown once the payer's lane has gone on: what was forgotten might undo it (CH-18).
  if (party.lostAt !== undefined) return []
  const owed = noteOf(party, origin.otherId).known ?? known
  const { channel: to, otherId: id } = origin
  return [{ kind: 'send', channel: to, message: { kind: 'claim', channel: to, id, known: owed } }]
}

/** The payee has given up an item for good: only now is the payer asked to take it back. */
export function giveBack(
  state: HubOverlay,
  channel: ChannelId,
  id: ItemId,
  context: HubContext,
): HubEffect[] {
  const payee = state.channel(channel)
  const origin = payee && originOf(payee, id)
  if (payee === undefined || origin === undefined) return []
  state.setChannel(
    channelWith(payee, { origin: payee.origin.filter((carried) => carried !== origin) }),
  )
  const payer = state.channel(origin.channel)
  const carried = payer && onwardOf(payer, origin.otherId)
  // The payer may have taken its item back meanwhile, and named another, carried elsewhere, like it.
  if (carried?.channel !== channel || carried.otherId !== id) return []
  const item = payer?.party.peer.items.find((other) => other.id === origin.otherId)
  if (item === undefined) return []
  noteOver(state, origin.channel, item, context)
  // Nothing is given back of an item whose link became public: the payer owes it.
  return decline(state, origin.channel, origin.otherId, DECLINED_BY_PAYEE)
}

/** The payer has paid what was shown of a stream; if the payee has given up the rest, the payer need not wait. */
function giveBackRest(state: HubOverlay, channel: ChannelId, item: PendingItem): HubEffect[] {
  const part = partOf(state.payment(item.anchor), channel, item)
  if (part === undefined || !part.isOver || part.paid < part.shown) return []
  const payee = state.channel(part.toChannel)
  if (payee === undefined || originOf(payee, part.toItem) !== undefined) return []
  return decline(state, channel, item.id, DECLINED_BY_PAYEE)
}

const DECLINED_BY_PAYEE = reject('declined_by_payee', 'the payee did not take the payment')

/** Asks the payer to take an item back. */
export function decline(
  state: HubOverlay,
  channel: ChannelId,
  id: ItemId,
  { code }: Rejection,
): HubEffect[] {
  const payer = state.channel(channel)
  const party = payer && declineItem(payer.party, id)
  if (payer === undefined || party === undefined || isRejection(party)) return []
  state.setChannel(channelWith(payer, { party }))
  return [{ kind: 'send', channel, message: { kind: 'decline', channel, id, code } }]
}

function forgetOnward(state: HubOverlay, channel: ChannelId, id: ItemId): HubEffect[] {
  const payer = state.channel(channel)
  const onward = payer && onwardOf(payer, id)
  if (payer === undefined || onward === undefined) return []
  state.setChannel(
    channelWith(payer, { onward: payer.onward.filter((carried) => carried !== onward) }),
  )
  return []
}
