import type { ChainId, ItemId } from '../ledger/identifiers.js'
import { invariant } from '../primitives/invariant.js'
import { keep } from '../primitives/keep.js'
import { reject } from '../primitives/outcome.js'
import { addSeconds, type Timestamp } from '../primitives/time.js'
import { balanceProofDigest } from './balance-proof.js'
import { applyChange, type Change, type ChangeOf } from './change.js'
import type { ChannelRejection } from './channel-rejection.js'
import type { Evidence } from './evidence.js'
import { type LaneState, laneWith } from './lane-state.js'
import type { LaneUpdate } from './lane-update.js'
import { CHANGES_MAX, EXPIRE_GRACE_SECONDS, UNCONFIRMED_UPDATES_MAX } from './limits.js'
import {
  type ChannelParty,
  draftedLane,
  type KnownLink,
  maySign,
  partyWith,
  spendable,
} from './party.js'

/**
 * Puts a change of this side's own lane into its next proof. Every number of changes shares one
 * signature; nothing is promised before `seal`.
 */
export function draftChange(
  party: ChannelParty,
  change: Change,
  now: Timestamp,
): ChannelParty | ChannelRejection {
  if (!maySign(party)) {
    return reject('channel_not_usable', `channel ${party.ledger.id} is closing; it pays no more`)
  }
  if (party.unconfirmed.length >= UNCONFIRMED_UPDATES_MAX) {
    return reject('too_many_unconfirmed', 'the peer confirms nothing; it must catch up first')
  }
  const changes = [...othersThan(change, party.draft?.changes ?? []), change]
  if (changes.length > CHANGES_MAX) {
    return reject('too_many_unconfirmed', `a proof states at most ${CHANGES_MAX} changes`)
  }
  const before = draftedLane(party)
  const refusal = checkOwnChange(party, before, change, now)
  if (refusal !== undefined) return refusal
  const lane = applyChange(before, change)
  if ('kind' in lane) return lane
  const drafted = partyWith(party, { draft: { lane, changes } })
  return change.kind === 'add' && spendable(drafted) < 0n
    ? reject(
        'insolvent',
        `${spendable(party)} base units can be paid on channel ${party.ledger.id}`,
      )
    : drafted
}

/** What stays of the changes drafted before: links that a stream has gone beyond need no showing. */
function othersThan(change: Change, drafted: readonly Change[]): readonly Change[] {
  if (change.kind !== 'redeem' || change.index === 1) return drafted
  return keep(drafted, ({ kind, id }) => kind !== 'redeem' || id !== change.id)
}

function checkOwnChange(
  party: ChannelParty,
  lane: LaneState,
  change: Change,
  now: Timestamp,
): ChannelRejection | undefined {
  switch (change.kind) {
    case 'add':
      return checkOwnItem(party, lane, change, now)
    case 'expire': {
      const item = lane.items.find(({ id }) => id === change.id)
      const owed = party.owed.some(({ id }) => id === change.id)
      return item !== undefined && (owed || now <= item.expiry + EXPIRE_GRACE_SECONDS)
        ? reject('not_expired', `item ${item.id} is owed, or may be claimed until ${item.expiry}`)
        : undefined
    }
    case 'redeem':
    case 'cancel':
      return undefined
  }
}

/** What only the payer can see of its new item; the rest both sides judge alike. */
function checkOwnItem(
  party: ChannelParty,
  lane: LaneState,
  change: ChangeOf<'add'>,
  now: Timestamp,
): ChannelRejection | undefined {
  const { phase, ledger, cancelling, own } = party
  const { id, expiry } = change
  if (phase.kind !== 'open') {
    return reject('channel_not_usable', `channel ${ledger.id} is being closed`)
  }
  // A cancelled item is owed until the payee acks: until then its name and its place are taken.
  if ([...own.items, ...cancelling].some((other) => other.id === id)) {
    return reject('item_exists', `item ${id} is pending, or is not given up by the payee`)
  }
  const { itemsMax, expirySecondsMax } = ledger.terms
  if (lane.items.length + cancelling.length >= itemsMax) {
    return reject('too_many_items', `${itemsMax} items are pending already; one must settle first`)
  }
  if (expiry <= now) {
    return reject('expiry_out_of_bounds', `at ledger time ${now} an item expires after that`)
  }
  return checkNewItem(party, lane, change, addSeconds(now, expirySecondsMax))
}

/**
 * The bounds of an item by the channel's terms (CH-6.4), for its payer and its payee alike. An item
 * that has expired by the time it arrives pays nothing and is taken: the payer cannot unsign it.
 */
export function checkNewItem(
  { ledger }: ChannelParty,
  lane: LaneState,
  { unit, ticks, expiry }: ChangeOf<'add'>,
  expiryMax: Timestamp,
): ChannelRejection | undefined {
  const { itemsMax, itemAmountMin } = ledger.terms
  if (lane.items.length >= itemsMax) {
    return reject('too_many_items', `${itemsMax} items are pending already; one must settle first`)
  }
  if (unit * BigInt(ticks) < itemAmountMin) {
    return reject('amount_too_small', `an item is at least ${itemAmountMin} base units here`)
  }
  if (expiry > expiryMax) {
    return reject('expiry_out_of_bounds', `an item expires by ${expiryMax} now, not at ${expiry}`)
  }
  return undefined
}

/**
 * Whether the next proof has something to say: changes, or an ack that the peer waits for. A peer
 * that confirms nothing waits for its ack: what is kept for it stays bounded (CH-11).
 */
export function hasDraft(party: ChannelParty): boolean {
  const { draft, ackDue, unconfirmed } = party
  const mayAck = maySign(party) && unconfirmed.length < UNCONFIRMED_UPDATES_MAX
  return draft !== undefined || (ackDue && mayAck)
}

/** The lane that the next proof states: one version on, acking all that is held of the peer. */
export function nextLane(party: ChannelParty): LaneState {
  const { own, peer, ownResume } = party
  const [epoch, resumeNonce] = [ownResume?.point.epoch ?? 0, ownResume?.point.nonce]
  const [version, acked] = [own.version + 1, peer.version]
  return laneWith(draftedLane(party), { epoch, resumeNonce, version, acked })
}

/** The 32 bytes that this side signs for its next proof. */
export function draftDigest(chainId: ChainId, party: ChannelParty): Uint8Array {
  return balanceProofDigest(chainId, party.ledger.id, party.role, nextLane(party))
}

/** The party with its draft signed, and the update that may be sent once the party is durable. */
export function seal(
  party: ChannelParty,
  evidence: Evidence,
): { readonly party: ChannelParty; readonly update: LaneUpdate } {
  invariant(hasDraft(party) && maySign(party), 'only a party with something to say signs')
  const own = nextLane(party)
  const changes = party.draft?.changes ?? []
  const { epoch, version, acked } = own
  const update = { channel: party.ledger.id, epoch, version, acked, changes, evidence }
  const cancelled = changes
    .filter(({ kind }) => kind === 'cancel')
    .map(({ id }) => ({ id, version }))
  return {
    party: partyWith(party, {
      own,
      draft: undefined,
      ackDue: false,
      unconfirmed: [...party.unconfirmed, update],
      owed: keep(party.owed, ({ id, known }) => !changes.some((change) => pays(change, id, known))),
      cancelling: cancelled.length === 0 ? party.cancelling : [...party.cancelling, ...cancelled],
    }),
    update,
  }
}

function pays(change: Change, id: ItemId, { index }: KnownLink): boolean {
  return change.kind === 'redeem' && change.id === id && change.index >= index
}

/** The peer has stored everything up to `version` of this side's lane. */
export function confirmStored(party: ChannelParty, version: number): ChannelParty {
  if (version > party.own.version) return party
  const unconfirmed = keep(party.unconfirmed, (update) => update.version > version)
  return unconfirmed === party.unconfirmed ? party : partyWith(party, { unconfirmed })
}
