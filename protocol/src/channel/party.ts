import {
  amountCodec,
  type Decoded,
  encode,
  fixedBytes,
  flag,
  integer,
  list,
  optional,
  struct,
  timestampCodec,
  union,
} from '../codec/codec.js'
import { type Channel, channelCodec, isClosing } from '../ledger/channel.js'
import { type ItemId, itemIdCodec, resumeNonceCodec } from '../ledger/identifiers.js'
import { COUNTER_MAX, ITEM_TICKS_MAX, LANE_ITEMS_MAX } from '../ledger/limits.js'
import type { Change } from './change.js'
import { evidenceCodec } from './evidence.js'
import { LANE_START, type LaneState, laneStateCodec } from './lane-state.js'
import { laneUpdateCodec } from './lane-update.js'
import { UNCONFIRMED_UPDATES_MAX } from './limits.js'
import { signedResumeCodec } from './resume.js'
import { otherRole, type Role, roleCodec } from './side.js'
import { spendableBy, stakeOf } from './spendable.js'

/** A link of an item's hash chain that this party knows. */
export const knownLinkCodec = struct({ index: integer(ITEM_TICKS_MAX, 1), link: fixedBytes(32) })
export type KnownLink = Decoded<typeof knownLinkCodec>

/** Cancels that one side may have unacked: every one sits in an unconfirmed or unacked update. */
const CANCELLING_MAX = 65_536

/** What a payee knows about an item of the other side's lane. */
const incomingNoteCodec = struct({
  id: itemIdCodec,
  /** Newest link known; a claim is owed to this party up to it. */
  known: optional(knownLinkCodec),
  /** Newest link that the ledger recorded in time; 0: none. */
  onLedger: integer(ITEM_TICKS_MAX),
  /** Whether this party has asked the payer to drop the item. */
  declined: flag,
})
export type IncomingNote = Decoded<typeof incomingNoteCodec>

/** An own item that the payee has a right to: its link is known, the proof that pays it is due. */
const owedCodec = struct({ id: itemIdCodec, known: knownLinkCodec })

/** An own item dropped at the payee's wish: still owed until the payee acks `version` (CH-6.3). */
const cancellingCodec = struct({ id: itemIdCodec, version: integer(COUNTER_MAX, 1) })

/** How far the two sides are on the way to the end of the channel. */
export const partyPhaseCodec = union({
  /** Pays and is paid. */
  open: [0, struct({})],
  /** Takes and makes no new items; what is pending still settles. */
  draining: [1, struct({})],
  /** A close agreement is signed; nothing else is, until ledger time has passed `validUntil`. */
  agreed: [
    2,
    struct({
      clientPayout: amountCodec,
      validUntil: timestampCodec,
      /** The client's signature under the agreement. */
      signature: fixedBytes(64),
    }),
  ],
  /** This side closes alone; it never signs on this channel again. */
  leaving: [3, struct({})],
  /** The ledger has settled the channel or is about to: the close agreement was applied. */
  closed: [4, struct({})],
})
export type PartyPhase = Decoded<typeof partyPhaseCodec>

/** A withdrawal under way: the money counts as gone until the ledger shows it, or its time is over. */
const pendingWithdrawalCodec = struct({
  role: roleCodec,
  /** The new cumulative total, base units. */
  withdrawn: amountCodec,
  validUntil: timestampCodec,
  /** The client's signature under the `Withdrawal`; absent: this side asked, and waits for it. */
  signature: optional(fixedBytes(64)),
})
export type PendingWithdrawal = Decoded<typeof pendingWithdrawalCodec>

/** One side's own record of a channel: all it needs to go on, to dispute, and to prove. */
export const channelPartyCodec = struct({
  role: roleCodec,
  /** The channel as this side last saw it proved on the ledger. */
  ledger: channelCodec,
  phase: partyPhaseCodec,
  /** This side's lane as it signed it last. */
  own: laneStateCodec,
  /** The other side's lane and its signature: the evidence that must never be lost. */
  peer: laneStateCodec,
  peerEvidence: optional(evidenceCodec),
  /** Signed updates, oldest first, that the peer has not confirmed to have stored. */
  unconfirmed: list(laneUpdateCodec, UNCONFIRMED_UPDATES_MAX),
  incoming: list(incomingNoteCodec, LANE_ITEMS_MAX),
  owed: list(owedCodec, LANE_ITEMS_MAX),
  cancelling: list(cancellingCodec, CANCELLING_MAX),
  /** Whether the peer waits for a proof that acks what it sent. */
  ackDue: flag,
  withdrawing: optional(pendingWithdrawalCodec),
  /** This side has lost data and asked for a resume (CH-18): until it comes, nothing is signed. */
  resuming: optional(resumeNonceCodec),
  /**
   * Ledger time at which this side found that it may have lost data. Until the other lane goes on
   * from a resume that was granted after it, no proof of it is taken and nothing is signed (CH-18).
   */
  lostAt: optional(timestampCodec),
  /** The newest resume that this side's lane went on from: shown in every dispute. */
  ownResume: optional(signedResumeCodec),
  /** The newest resume of the other lane that this side has signed. */
  grantedResume: optional(signedResumeCodec),
})
export type StoredParty = Decoded<typeof channelPartyCodec>

/** A party with the changes that its next proof will state; they are durable only once sealed. */
export type ChannelParty = StoredParty & { readonly draft: LaneDraft | undefined }
export type LaneDraft = { readonly lane: LaneState; readonly changes: readonly Change[] }

/** The record of a channel that was just opened. */
export function newParty(role: Role, ledger: Channel): ChannelParty {
  return {
    role,
    ledger,
    phase: { kind: 'open' },
    own: LANE_START,
    peer: LANE_START,
    peerEvidence: undefined,
    unconfirmed: [],
    incoming: [],
    owed: [],
    cancelling: [],
    ackDue: false,
    withdrawing: undefined,
    resuming: undefined,
    lostAt: undefined,
    ownResume: undefined,
    grantedResume: undefined,
    draft: undefined,
  }
}

/**
 * `party` with some of it replaced. Spelled out, as `laneWith` is: V8 (11) makes a hidden class for what `{ ...party }`
 * gives at each place where it stands, and places that go on from each other's results soon know none of them. Then
 * they copy field by field through its slowest way: 0.4 us for 17 fields where this takes 0.04.
 */
export function partyWith(party: ChannelParty, changes: Partial<ChannelParty>): ChannelParty {
  return Object.assign(partyOf(party, party.draft), changes)
}

/** A party as it was stored: nothing is drafted. */
export function undrafted(stored: StoredParty): ChannelParty {
  return partyOf(stored, undefined)
}

function partyOf(stored: StoredParty, draft: LaneDraft | undefined): ChannelParty {
  return {
    role: stored.role,
    ledger: stored.ledger,
    phase: stored.phase,
    own: stored.own,
    peer: stored.peer,
    peerEvidence: stored.peerEvidence,
    unconfirmed: stored.unconfirmed,
    incoming: stored.incoming,
    owed: stored.owed,
    cancelling: stored.cancelling,
    ackDue: stored.ackDue,
    withdrawing: stored.withdrawing,
    resuming: stored.resuming,
    lostAt: stored.lostAt,
    ownResume: stored.ownResume,
    grantedResume: stored.grantedResume,
    draft,
  }
}

/** The bytes of a party as they are stored; what was drafted but not sealed is not among them. */
export function encodeParty({ draft: _, ...stored }: ChannelParty): Uint8Array {
  return encode(channelPartyCodec, stored)
}

/** This side's lane with what is drafted on top. */
export function draftedLane(party: ChannelParty): LaneState {
  return party.draft?.lane ?? party.own
}

/** What this side could still promise, base units: its balance less the reserve for its exit. */
export function spendable(party: ChannelParty): bigint {
  return spendableBy(party, party.role, draftedLane(party), party.peer)
}

/** What the other side could still promise, base units: the most that this side can be paid. */
export function receivable(party: ChannelParty): bigint {
  return spendableBy(party, otherRole(party.role), party.peer, draftedLane(party))
}

/** What this side would be paid now if no pending item were claimed, base units. */
export function balanceOf(party: ChannelParty): bigint {
  return stakeOf(party, party.role) + party.peer.transferred - draftedLane(party).transferred
}

/** Whether the channel is in use: neither closing, nor bound to be closed (CH-6.6). */
export function isUsable({ phase: { kind }, ledger }: ChannelParty): boolean {
  return (kind === 'open' || kind === 'draining') && !isClosing(ledger)
}

/** Whether this side may sign new proofs at all (CH-6.6): not while it may lack some of either lane. */
export function maySign(party: ChannelParty): boolean {
  const { role, resuming, lostAt, grantedResume } = party
  if (!isUsable(party) || resuming !== undefined) return false
  // Where both lack something, one has to sign first: the hub, whose client can leave unsure.
  const isFirst = role === 'hub' && (grantedResume?.point.epoch ?? 0) > (lostAt ?? 0)
  return lostAt === undefined || isFirst
}

/**
 * Whether this side may grant a resume, or take proofs of a lane that goes on from one: not before it
 * knows again what it has signed itself.
 */
export function mayGrant(party: ChannelParty): boolean {
  return isUsable(party) && (party.resuming === undefined || party.lostAt === undefined)
}

/** What this party knows about an item of the other side's lane. */
export function noteOf(party: ChannelParty, id: ItemId): IncomingNote {
  return (
    party.incoming.find((note) => note.id === id) ?? {
      id,
      known: undefined,
      onLedger: 0,
      declined: false,
    }
  )
}

/** `party` with the note of one incoming item replaced. */
export function withNote(party: ChannelParty, note: IncomingNote): ChannelParty {
  return partyWith(party, {
    incoming: [...party.incoming.filter(({ id }) => id !== note.id), note],
  })
}
