import {
  BrokenInvariant,
  type ChannelParty,
  claimableOf,
  isClosing,
  lockedOf,
  type PendingItem,
  type Role,
  sideStake,
} from '@tallystick/protocol'
import { type HubChannel, idOf } from './hub-channel.js'
import type { HubOverlay, HubView } from './hub-view.js'
import type { PaymentPart } from './payment.js'

/**
 * HUB-9, INV-8 for one batch, from its writes alone: every unit that the hub has signed away on a lane is of a
 * payment whose payee has shown the link, what settled has come in with its fee, and no lane promises
 * more than the ledger holds for its payer. A breach stops the hub before anything is stored or said.
 * A lane that went on from a resume in this batch is taken as the two sides have agreed on it (CH-18).
 */
export function booksBalance(before: HubView, after: HubOverlay): void {
  const { channels, payments } = after.writes()
  const received = new Map<string, bigint>()
  for (const [id, channel] of channels) {
    const { party } = channel
    checkCovered(party, 'client')
    checkCovered(party, 'hub')
    const was = before.channel(id)?.party
    if (was === undefined || isResumed(was, party)) continue
    received.set(id, party.peer.transferred - was.peer.transferred)
    checkPaidOut(after, channel, was)
  }
  for (const payment of payments.values()) {
    const { status, anchor, parts } = payment
    if (status === 'pending' || status === 'failed') continue
    const was = before.payment(anchor)
    if (was?.status === 'settled') continue
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]
      if (part === undefined || part.paid === 0) continue
      const came = received.get(part.fromChannel)
      // Nothing is known of what came in over a lane that was resumed.
      if (came === undefined) continue
      const left = came - (part.amount + part.fee) * newlyPaid(before, part, was?.parts[i])
      if (left < 0n) breach(`payment ${anchor} is paid, and ${-left} base units are missing`)
      received.set(part.fromChannel, left)
    }
  }
}

/** Ticks that the payer has paid since; rows of a stream may be older than its lane was (CH-18). */
function newlyPaid(before: HubView, part: PaymentPart, was: PaymentPart | undefined): bigint {
  if (part.paid === (was?.paid ?? 0)) return 0n
  if (part.ticks === 1) return 1n
  const { items } = before.channel(part.fromChannel)?.party.peer ?? { items: [] }
  const item = items.find(({ id }) => id === part.fromItem)
  return BigInt(part.paid - (item?.paid ?? was?.paid ?? 0))
}

/** What the hub has signed away since `was`, item by item. */
function checkPaidOut(after: HubOverlay, channel: HubChannel, was: ChannelParty): void {
  const { own, unconfirmed } = channel.party
  let paid = 0n
  for (const { version, changes } of unconfirmed) {
    if (version <= was.own.version) continue
    for (const change of changes) {
      if (change.kind !== 'redeem') continue
      const item = was.own.items.find(({ id }) => id === change.id)
      if (item === undefined) breach(`item ${change.id} was signed before it is paid`)
      paid += claimableOf(item, change.index)
      checkIsOwed(after, channel, item, change.index)
    }
  }
  const rise = own.transferred - was.own.transferred
  if (rise !== paid)
    breach(`the hub paid ${rise} on channel ${idOf(channel)}, its books say ${paid}`)
}

function checkIsOwed(
  after: HubOverlay,
  channel: HubChannel,
  item: PendingItem,
  index: number,
): void {
  const id = idOf(channel)
  const part = after
    .payment(item.anchor)
    ?.parts.find(({ toItem, toChannel }) => toItem === item.id && toChannel === id)
  // The rows of payments that a hub lost with its data are not needed to pay what it owes.
  if (part === undefined && channel.party.ownResume !== undefined) return
  const isOwed = part !== undefined && part.amount >= item.unit && part.shown >= index
  if (!isOwed) breach(`item ${item.id} is paid, and no payer owes it to the hub`)
}

/**
 * Whether the ledger holds what a side has promised, by the newest proofs of both. On a closing
 * channel the ledger decides what is paid, and a side's fees come out of what it has promised away;
 * lanes that wait for a resume may be older than what the ledger shows (CH-18).
 */
function checkCovered({ role, ledger, own, peer, resuming }: ChannelParty, payer: Role): void {
  if (isClosing(ledger) || resuming !== undefined) return
  const [lane, other] = payer === role ? [own, peer] : [peer, own]
  const left = sideStake(ledger[payer]) + other.transferred - lane.transferred - lockedOf(lane)
  if (left < 0n) breach(`the ${payer} of channel ${ledger.id} promised ${-left} more than it has`)
}

function isResumed(was: ChannelParty, is: ChannelParty): boolean {
  return (
    was.ownResume?.point.epoch !== is.ownResume?.point.epoch ||
    was.grantedResume?.point.epoch !== is.grantedResume?.point.epoch ||
    was.resuming !== undefined
  )
}

/** Says what does not balance: words that are put together only then. */
function breach(what: string): never {
  throw new BrokenInvariant(what)
}
