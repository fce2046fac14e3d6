import {
  type Amount,
  amount,
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
  lockedBy,
  maySign,
  noteOf,
  type PendingItem,
  REVEAL_SECONDS,
  type Rejection,
  reject,
  routingFee,
  spendable,
  TAG,
  taggedHash,
  toHex,
} from '@tallystick/protocol'
import { type HubChannel, idOf, onwardOf, originOf } from './hub-channel.js'
import type { HubEffect } from './hub-effect.js'
import type { HubContext } from './hub-step.js'
import type { HubOverlay } from './hub-view.js'
import type { Payment, PaymentStatus } from './payment.js'

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
      const refused = carryOn(state, channel, event.item, event.forward, context)
      return refused === undefined ? [] : decline(state, channel, event.item.id, refused)
    }
    case 'itemRedeemed':
      setStatus(state, channel, event.item, 'settled', context)
      return forgetOnward(state, channel, event.item.id)
    case 'itemDropped':
      return forgetOnward(state, channel, event.item.id)
    case 'itemReleased':
      return giveBack(state, channel, event.id, context)
  }
}

/** Promises the payee what the payer has promised the hub, less the fee (HUB-2). */
function carryOn(
  state: HubOverlay,
  from: ChannelId,
  item: PendingItem,
  forward: Forward | undefined,
  context: HubContext,
): Rejection | undefined {
  const { policy, now } = context
  if (forward === undefined || item.ticks !== 1) {
    return reject('no_destination', 'a routed payment has one tick and names its payee')
  }
  const before = state.payment(item.anchor)
  if (before !== undefined && before.status !== 'failed') {
    return reject('anchor_used', `a payment of this anchor is ${before.status} on this hub`)
  }
  // The ledger would pay the onward item at once, and this hub would never see why (INV-27).
  if (state.isPublic(item.anchor)) {
    return reject('anchor_used', 'the preimage of this anchor is on the ledger already')
  }
  const fee = lockedBy(item) - forward.amount
  if (fee < routingFee(policy, forward.amount)) {
    return reject('fee_too_low', `the fee is ${routingFee(policy, forward.amount)}, not ${fee}`)
  }
  if (item.expiry < now + FORWARD_SECONDS_MIN) {
    return reject('expiry_too_near', `a payment has ${FORWARD_SECONDS_MIN} seconds left at least`)
  }
  const to = destinationOf(state, from, forward)
  if (isRejection(to)) return to
  const id = onwardItemId(from, item.id)
  const { anchor, expiry } = item
  const add = { id, anchor, unit: forward.amount, ticks: 1, expiry, forward: undefined }
  const drafted = draftChange(to.party, { kind: 'add', ...add }, now)
  if (isRejection(drafted)) return drafted
  const origin = [...to.origin, { id, channel: from, otherId: item.id }]
  state.setChannel({ ...to, party: drafted, origin })
  const payer = state.channel(from)
  if (payer !== undefined) {
    const onward = [...payer.onward, { id: item.id, channel: idOf(to), otherId: id }]
    state.setChannel({ ...payer, onward })
  }
  state.setPayment({
    anchor,
    fromChannel: from,
    fromItem: item.id,
    toChannel: idOf(to),
    toItem: id,
    amount: forward.amount,
    fee: amount(fee),
    status: 'pending',
    time: now,
  })
  return undefined
}

function destinationOf(
  state: HubOverlay,
  from: ChannelId,
  { payee, amount: value }: Forward,
): HubChannel | Rejection<'payee_unknown' | 'no_liquidity'> {
  const channels = state.channelsOf(payee).filter((channel) => idOf(channel) !== from)
  if (channels.length === 0) {
    return reject('payee_unknown', `nobody with a channel here goes by ${payee}`)
  }
  const able = channels.filter((channel) => canCarry(channel, value))
  // The fullest channel that suffices: what is large stays free for what is large.
  const [best] = able.sort((a, b) => (spendable(a.party) < spendable(b.party) ? -1 : 1))
  return best ?? reject('no_liquidity', `the hub cannot pay ${value} to ${payee} now`)
}

function canCarry({ party }: HubChannel, value: Amount): boolean {
  return (
    party.phase.kind === 'open' &&
    maySign(party) &&
    spendable(party) >= value &&
    (party.draft?.lane ?? party.own).items.length <
      Math.min(party.ledger.terms.itemsMax, LANE_ITEMS_MAX)
  )
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
  setStatus(state, channel, item, 'claimed', context)
  state.setChannel({ ...payee, origin: payee.origin.filter((carried) => carried !== origin) })
  const party = learnLink(payer.party, origin.otherId, known)
  if (isRejection(party)) return []
  state.setChannel({ ...payer, party })
  // Shown once the payer's lane has gone on: what was forgotten might undo it (CH-18).
  if (party.lostAt !== undefined) return []
  const owed = noteOf(party, origin.otherId).known ?? known
  const claim = { channel: origin.channel, id: origin.otherId, known: owed }
  return [{ kind: 'send', channel: origin.channel, message: { kind: 'claim', ...claim } }]
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
  state.setChannel({ ...payee, origin: payee.origin.filter((carried) => carried !== origin) })
  const payer = state.channel(origin.channel)
  const carried = payer && onwardOf(payer, origin.otherId)
  // The payer may have taken its item back meanwhile, and named another, carried elsewhere, like it.
  if (carried?.channel !== channel || carried.otherId !== id) return []
  const item = payer?.party.peer.items.find((other) => other.id === origin.otherId)
  if (item === undefined) return []
  const refused = reject('declined_by_payee', 'the payee did not take the payment')
  const declined = decline(state, origin.channel, origin.otherId, refused)
  // Nothing is given back of an item whose link became public: the payer owes it.
  if (declined.length > 0) setStatus(state, origin.channel, item, 'failed', context)
  return declined
}

function decline(
  state: HubOverlay,
  channel: ChannelId,
  id: ItemId,
  { code }: Rejection,
): HubEffect[] {
  const payer = state.channel(channel)
  const party = payer && declineItem(payer.party, id)
  if (payer === undefined || party === undefined || isRejection(party)) return []
  state.setChannel({ ...payer, party })
  return [{ kind: 'send', channel, message: { kind: 'decline', channel, id, code } }]
}

function forgetOnward(state: HubOverlay, channel: ChannelId, id: ItemId): HubEffect[] {
  const payer = state.channel(channel)
  const onward = payer && onwardOf(payer, id)
  if (payer === undefined || onward === undefined) return []
  state.setChannel({ ...payer, onward: payer.onward.filter((carried) => carried !== onward) })
  return []
}

/** Whether an item of `channel` is the one that the payment came by, or was carried on by. */
function isOf(payment: Payment, channel: ChannelId, { id, unit, ticks }: PendingItem): boolean {
  if (payment.toChannel === channel) return payment.toItem === id
  // A client may name a smaller item like one that failed: what it pays by it settles nothing.
  const isWhole = ticks === 1 && unit === payment.amount + payment.fee
  return payment.fromChannel === channel && payment.fromItem === id && isWhole
}

/**
 * Keeps the books of the payment that an item of `channel` belongs to; another one of the same
 * anchor is left alone, and what has settled never goes back.
 */
export function setStatus(
  state: HubOverlay,
  channel: ChannelId,
  item: PendingItem,
  status: PaymentStatus,
  { now }: HubContext,
): void {
  const payment = state.payment(item.anchor)
  if (payment === undefined || payment.status === 'settled') return
  if (isOf(payment, channel, item)) state.setPayment({ ...payment, status, time: now })
}
