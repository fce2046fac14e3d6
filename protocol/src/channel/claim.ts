import { type Decoded, integer, struct, text } from '../codec/codec.js'
import { linkBelow } from '../crypto/link-below.js'
import { type Anchor, channelIdCodec, type ItemId, itemIdCodec } from '../ledger/identifiers.js'
import { type Rejection, reject } from '../primitives/outcome.js'
import type { Timestamp } from '../primitives/time.js'
import type { ChannelRejection } from './channel-rejection.js'
import { draftChange } from './draft.js'
import { isLinkOf, trustBelow, trustLink } from './item-link.js'
import { CLAIM_MARGIN_SECONDS } from './limits.js'
import {
  type ChannelParty,
  draftedLane,
  isUsable,
  type KnownLink,
  knownLinkCodec,
  maySign,
  noteOf,
  partyWith,
  withNote,
} from './party.js'
import type { PendingItem } from './pending-item.js'

/** The payee shows a link and asks for its money off the ledger. */
export const claimCodec = struct({
  channel: channelIdCodec,
  id: itemIdCodec,
  known: knownLinkCodec,
})
export type Claim = Decoded<typeof claimCodec>

/** The payee asks the payer to drop an item; `code` tells programs why, at most 64 bytes. */
export const declineCodec = struct({ channel: channelIdCodec, id: itemIdCodec, code: text(64) })
export type Decline = Decoded<typeof declineCodec>

/** The peer confirms that it has stored this side's lane up to `version`. */
export const storedCodec = struct({ channel: channelIdCodec, version: integer(2 ** 48) })

/** As payee: notes that a link of an incoming item is known; a claim is owed from now on. */
export function learnLink(
  party: ChannelParty,
  id: ItemId,
  known: KnownLink,
): ChannelParty | Rejection<'item_missing' | 'link_mismatch'> {
  const item = party.peer.items.find((other) => other.id === id)
  if (item === undefined) return reject('item_missing', `there is no item ${id} on this lane`)
  if (!isLinkOf(item, known)) {
    return reject('link_mismatch', `the link does not hash to the anchor of item ${id}`)
  }
  return noteLink(party, item, known)
}

/** The same of a link that this side has followed to the anchor itself: it is not hashed again. */
export function learnCheckedLink(
  party: ChannelParty,
  id: ItemId,
  known: KnownLink,
): ChannelParty | Rejection<'item_missing'> {
  const item = party.peer.items.find((other) => other.id === id)
  if (item === undefined) return reject('item_missing', `there is no item ${id} on this lane`)
  trustLink(item, known)
  return noteLink(party, item, known)
}

function noteLink(party: ChannelParty, item: PendingItem, known: KnownLink): ChannelParty {
  const note = noteOf(party, item.id)
  const shown = linkFor(item, known)
  return (note.known?.index ?? 0) >= shown.index
    ? party
    : withNote(party, { ...note, known: shown })
}

/**
 * As payee: asks the payer to drop an item, or what is left of it. Refused while a link is known that is not
 * paid yet: it is money.
 */
export function declineItem(
  party: ChannelParty,
  id: ItemId,
): ChannelParty | Rejection<'item_missing'> {
  const note = noteOf(party, id)
  const item = party.peer.items.find((other) => other.id === id)
  if (item === undefined || (note.known?.index ?? 0) > item.paid) {
    return reject('item_missing', `item ${id} cannot be declined: it is gone or its link is known`)
  }
  return withNote(party, { ...note, declined: true })
}

/** A claim changed the payer's books, or said nothing new. */
export type ReceivedClaim =
  | { readonly kind: 'claimed'; readonly party: ChannelParty; readonly item: PendingItem }
  | { readonly kind: 'known' }

/** As payer: takes a claim while a reveal on the ledger could still be included (CH-6.5). */
export function receiveClaim(
  party: ChannelParty,
  { id, known }: Pick<Claim, 'id' | 'known'>,
  now: Timestamp,
): ReceivedClaim | ChannelRejection {
  const item = draftedLane(party).items.find((other) => other.id === id)
  // What is not signed yet cannot be known to the payee but from somebody else.
  const isSigned = party.own.items.some((other) => other.id === id)
  if (item === undefined || !isSigned || known.index <= item.paid) return { kind: 'known' }
  if (known.index > item.ticks || !isLinkOf(item, known)) {
    return reject('link_mismatch', `the link does not hash to the anchor of item ${id}`)
  }
  if (now > item.expiry - CLAIM_MARGIN_SECONDS) {
    return reject('claim_too_late', `item ${id} expires at ${item.expiry}: reveal on the ledger`)
  }
  return owe(party, item, known, now)
}

function owe(
  party: ChannelParty,
  item: PendingItem,
  known: KnownLink,
  now: Timestamp,
): ReceivedClaim | ChannelRejection {
  const { index, link } = known
  const drafted = draftChange(party, { kind: 'redeem', id: item.id, index, link }, now)
  if (!('kind' in drafted)) return { kind: 'claimed', party: drafted, item }
  // Paid as soon as something can be signed again: the peer catches up, or the lane goes on (CH-18).
  const isLater = drafted.code === 'too_many_unconfirmed' || (isUsable(party) && !maySign(party))
  if (!isLater) return drafted
  const others = party.owed.filter(({ id }) => id !== item.id)
  return {
    kind: 'claimed',
    party: partyWith(party, { owed: [...others, { id: item.id, known }] }),
    item,
  }
}

/** As payer: drafts what is owed and could not be paid before. */
export function draftOwed(party: ChannelParty, now: Timestamp): ChannelParty {
  return party.owed.reduce((current, { id, known }) => {
    const next = draftChange(current, { kind: 'redeem', id, ...known }, now)
    return 'kind' in next ? current : next
  }, party)
}

/** A link that became public on the ledger, and when. */
export type SeenReveal = {
  readonly anchor: Anchor
  readonly known: KnownLink
  readonly time: Timestamp
}

/**
 * A link became public on the ledger at `time`: it decides every item with its anchor, on both
 * lanes, whose expiry it made. Answers the items of this side's lane that it now pays.
 */
export function seeReveal(
  party: ChannelParty,
  reveal: SeenReveal,
  now: Timestamp,
): { readonly party: ChannelParty; readonly paid: readonly PendingItem[] } {
  let next = party
  const { anchor, known, time } = reveal
  for (const item of party.peer.items) {
    if (item.anchor !== anchor || time > item.expiry) continue
    const note = noteOf(next, item.id)
    if (Math.min(known.index, item.ticks) <= note.onLedger) continue
    const shown = linkFor(item, known)
    const newer = shown.index > (note.known?.index ?? 0) ? shown : note.known
    next = withNote(next, { ...note, known: newer, onLedger: shown.index })
  }
  const paid: PendingItem[] = []
  for (const item of draftedLane(party).items) {
    if (item.anchor !== anchor || time > item.expiry || known.index <= item.paid) continue
    const shown = linkFor(item, known)
    trustBelow(item, known, shown)
    const owed = owe(next, item, shown, now)
    // Where nothing can be signed any more, the ledger itself pays the item by this reveal.
    if (owed.kind === 'claimed') next = owed.party
    paid.push(item)
  }
  return { party: next, paid }
}

/** The link that `known` shows of an item with fewer ticks than its chain has links. */
function linkFor({ ticks }: PendingItem, known: KnownLink): KnownLink {
  const index = Math.min(known.index, ticks)
  return { index, link: linkBelow(known, index) }
}
