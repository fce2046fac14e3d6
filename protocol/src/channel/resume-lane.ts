import { type Decoded, optional, struct } from '../codec/codec.js'
import type { Signer } from '../crypto/ed25519.js'
import { isClosing } from '../ledger/channel.js'
import type { ChainId, ItemId } from '../ledger/identifiers.js'
import { signedLaneCodec } from '../ledger/operation.js'
import { parseAmount } from '../primitives/amount.js'
import { equalBytes } from '../primitives/bytes.js'
import { invariant } from '../primitives/invariant.js'
import { reject } from '../primitives/outcome.js'
import type { Timestamp } from '../primitives/time.js'
import { balanceProofDigest } from './balance-proof.js'
import type { ChannelRejection } from './channel-rejection.js'
import { checkSignedLane } from './dispute.js'
import { signEvidence } from './evidence.js'
import { compareVersions, LANE_START, type LaneState, lockedOf } from './lane-state.js'
import { type ChannelParty, isUsable, mayGrant, noteOf, partyWith } from './party.js'
import { claimableOf, lockedBy, type PendingItem } from './pending-item.js'
import {
  isGivenUp,
  isUnderResume,
  laneHead,
  type ResumePoint,
  resumeDigest,
  type SignedResume,
  signedResumeCodec,
  verifyResume,
} from './resume.js'
import type { Position } from './resync.js'
import { otherRole, type Role } from './side.js'
import { stakeOf } from './spendable.js'

/** What a side that has lost data is given back (CH-18). */
export const resumeAnswerCodec = struct({
  resume: signedResumeCodec,
  /** The proof that the lane goes on from, signed by whoever asked; absent: it never signed one. */
  base: optional(signedLaneCodec),
  /** The newest proof of the side that answers; absent: it never signed one. */
  lane: optional(signedLaneCodec),
  /** The resume that this lane went on from, signed by whoever asked; absent: there was none. */
  laneResume: optional(signedResumeCodec),
})
export type ResumeAnswer = Decoded<typeof resumeAnswerCodec>

/**
 * Asks from where this side's lane goes on; it signs nothing more until the other side has said so.
 * `nonce` is 16 fresh random bytes, never used for another request. `lostAt`: ledger time at which this
 * side found that it may lack proofs that it has signed or taken; absent: it lacks none, and asks
 * because the other side has lost data (CH-18).
 */
export function askToResume(
  party: ChannelParty,
  nonce: Uint8Array,
  lostAt: Timestamp | undefined,
): ChannelParty | ChannelRejection {
  const { phase, ledger } = party
  // An agreement that lapses must not wake a side that may have signed more than it knows.
  return isUsable(party) || (phase.kind === 'agreed' && !isClosing(ledger))
    ? partyWith(party, {
        resuming: nonce,
        lostAt: lostAt ?? party.lostAt,
        owed: owedWithDraft(party),
        draft: undefined,
        ackDue: false,
      })
    : reject('channel_not_usable', `channel ${ledger.id} is closing; nothing goes on there`)
}

/** What was shown to be earned stays owed, though the proof that was to pay it is never signed. */
function owedWithDraft({ owed, draft }: ChannelParty): ChannelParty['owed'] {
  const earned = (draft?.changes ?? []).flatMap((change) => {
    const { kind, id } = change
    return kind === 'redeem' ? { id, known: { index: change.index, link: change.link } } : []
  })
  return [...owed.filter(({ id }) => !earned.some((other) => other.id === id)), ...earned]
}

/** What the other side's position says of its request (CH-11). */
export type ResumeRequest = {
  readonly nonce: Uint8Array
  /** When it found that it has lost data; absent: it has not. */
  readonly lostAt: Timestamp | undefined
}

/**
 * As payee: signs from where the other side's lane goes on (CH-18). The party, which takes no proof
 * of an earlier epoch any more, is durable before the answer leaves. The epoch is ledger time, `now`:
 * so it is above all that either side may have forgotten, once time has moved on.
 */
export function grantResume(
  chainId: ChainId,
  party: ChannelParty,
  { nonce, lostAt }: ResumeRequest,
  signer: Signer,
  now: Timestamp,
):
  | { readonly kind: 'granted'; readonly party: ChannelParty; readonly answer: ResumeAnswer }
  | ChannelRejection {
  const refusal = checkGrant(party)
  if (refusal !== undefined) return refusal
  const { grantedResume: before } = party
  const forgotten = Math.max(lostAt ?? 0, party.lostAt ?? 0)
  const isRepeated =
    before !== undefined && equalBytes(before.point.nonce, nonce) && before.point.epoch > forgotten
  if (isRepeated && party.peer.epoch === before.point.epoch) {
    return reject(
      'resume_used',
      'the lane has gone on from this resume; a new one needs a new nonce',
    )
  }
  if (!isRepeated && now <= Math.max(forgotten, before?.point.epoch ?? 0)) {
    return reject('resume_too_soon', `ledger time has to move on from ${now} first; ask again`)
  }
  const resume = isRepeated ? before : newResume(chainId, party, nonce, signer, now)
  const granted = partyWith(party, { grantedResume: resume })
  return { kind: 'granted', party: granted, answer: resumeAnswer(chainId, granted, resume, signer) }
}

/**
 * Whether a side that has granted a resume to one that lost data asks for one of its own lane in the
 * same breath: not where it is waiting for one, nor where its lane has gone on since the loss from one
 * that the other side names (`heldResume`), and so remembers. Else two that have both lost data would
 * ask for ever. Another device may have granted what this one does not name.
 */
export function mustAskAsWell(
  { resuming, ownResume }: ChannelParty,
  { lostAt, heldResume }: Pick<Position, 'lostAt' | 'heldResume'>,
): boolean {
  if (lostAt === undefined || resuming !== undefined) return false
  const isRemembered =
    ownResume !== undefined &&
    heldResume !== undefined &&
    ownResume.point.epoch > lostAt &&
    equalBytes(ownResume.point.nonce, heldResume.nonce)
  return !isRemembered
}

function checkGrant(party: ChannelParty): ChannelRejection | undefined {
  if (!mayGrant(party)) {
    return reject(
      'channel_not_usable',
      `channel ${party.ledger.id} is closing, or lost data here too`,
    )
  }
  return party.withdrawing === undefined
    ? undefined
    : reject('withdrawal_pending', 'who has lost data may not know of the withdrawal under way')
}

function newResume(
  chainId: ChainId,
  { role, ledger, peer }: ChannelParty,
  nonce: Uint8Array,
  signer: Signer,
  epoch: Timestamp,
): SignedResume {
  const payer = otherRole(role)
  const { version, acked, transferred, digest: base } = laneHead(chainId, ledger, payer, peer)
  const point: ResumePoint = { epoch, nonce, base, version, acked, transferred }
  return { point, signature: signer.sign(resumeDigest(chainId, ledger, payer, point)) }
}

/** The proof of this side is signed again: the same content at the same version (INV-16). */
function resumeAnswer(
  chainId: ChainId,
  { role, ledger, own, peer, peerEvidence, ownResume: laneResume }: ChannelParty,
  resume: SignedResume,
  signer: Signer,
): ResumeAnswer {
  const base = peerEvidence && { lane: peer, evidence: peerEvidence }
  if (own.version === 0) return { resume, base, lane: undefined, laneResume }
  const digest = balanceProofDigest(chainId, ledger.id, role, own)
  const [evidence] = signEvidence(chainId, signer, [digest])
  invariant(evidence !== undefined, 'one digest has one evidence')
  return { resume, base, lane: { lane: own, evidence }, laneResume }
}

/**
 * What this side goes on with, and own items that have certainly ended unpaid: the other side never
 * held them, or gave them up. What became of others that are gone, a side that lost data cannot know.
 */
export type Resumed = {
  readonly kind: 'resumed'
  readonly party: ChannelParty
  readonly released: readonly ItemId[]
}

/**
 * As payer: goes on from where the other side says (CH-18). It may show old proofs, but none that
 * were never signed, and nothing less than what is held of its own lane. `now` is ledger time.
 */
export function takeResume(
  chainId: ChainId,
  party: ChannelParty,
  answer: ResumeAnswer,
  now: Timestamp,
): Resumed | ChannelRejection {
  const own = answer.base?.lane ?? LANE_START
  const peer = answer.lane?.lane ?? LANE_START
  const refusal =
    checkResumePoint(chainId, party, answer, { own, now }) ??
    checkLaneResume(chainId, party, answer.laneResume, peer) ??
    checkResumedLanes(party, own, peer, now)
  if (refusal !== undefined) return refusal
  return {
    kind: 'resumed',
    released: releasedBy(party, own),
    party: partyWith(party, {
      own,
      peer,
      peerEvidence: answer.lane?.evidence,
      unconfirmed: [],
      incoming: party.incoming.filter(({ id }) => isPending(peer, id)),
      owed: party.owed.filter(({ id }) => isPending(own, id)),
      cancelling: [],
      draft: undefined,
      // The first proof of the epoch tells the other side that its resume was taken.
      ackDue: true,
      resuming: undefined,
      ownResume: answer.resume,
      grantedResume: answer.laneResume,
    }),
  }
}

function isPending({ items }: LaneState, id: ItemId): boolean {
  return items.some((item) => item.id === id)
}

/**
 * Own items that are owed no more for certain. A base of the own epoch follows this side's own
 * history: what it lacks was added after it, or cancelled before it. In a later epoch somebody with
 * the same keys, or this side before it lost data, may have paid an item that is gone.
 */
function releasedBy({ own, cancelling }: ChannelParty, base: LaneState): ItemId[] {
  if (base.epoch !== own.epoch) return []
  const later = base.version < own.version ? own.items : []
  const ids = [...cancelling, ...later].map(({ id }) => id)
  return [...new Set(ids)].filter((id) => !isPending(base, id))
}

function checkResumePoint(
  chainId: ChainId,
  party: ChannelParty,
  { resume, base, lane }: ResumeAnswer,
  { own, now }: { readonly own: LaneState; readonly now: Timestamp },
): ChannelRejection | undefined {
  const { role, ledger, resuming, ownResume, lostAt } = party
  const { point } = resume
  if (!isUsable(party)) {
    return reject('channel_not_usable', `channel ${ledger.id} is closing; nothing goes on there`)
  }
  if (resuming === undefined || !equalBytes(resuming, point.nonce)) {
    return reject('resume_not_asked', 'this side has not asked for this resume')
  }
  if (point.epoch <= Math.max(own.epoch, party.own.epoch, ownResume?.point.epoch ?? 0)) {
    return reject('wrong_epoch', `epoch ${point.epoch} has begun before`)
  }
  // Epochs are ledger times: what this side has forgotten was granted by then, and nothing is ahead.
  if (lostAt !== undefined && point.epoch <= lostAt) {
    return reject('wrong_epoch', `data was lost at ${lostAt}: epoch ${point.epoch} may be used up`)
  }
  if (point.epoch > now) {
    return reject('resume_too_soon', `ledger time is ${now} here, and the epoch ${point.epoch}`)
  }
  if (!verifyResume(chainId, ledger, role, resume)) {
    return reject('bad_resume_signature', `the ${otherRole(role)} did not sign this resume`)
  }
  for (const shown of [base, lane]) {
    if (shown !== undefined && parseAmount(lockedOf(shown.lane)) === undefined) {
      return reject('amount_out_of_range', 'the pending items of a lane sum to at most 2^63-1')
    }
  }
  // What nobody of us signed must not become a promise of ours by going on from it.
  const unsigned =
    checkSignedLane(chainId, ledger, role, base) ??
    checkSignedLane(chainId, ledger, otherRole(role), lane)
  if (unsigned !== undefined) return reject('bad_proof_signature', unsigned.detail)
  const head = laneHead(chainId, ledger, role, own)
  const isSame =
    equalBytes(head.digest, point.base) &&
    head.version === point.version &&
    head.acked === point.acked &&
    head.transferred === point.transferred
  if (!isSame) return reject('resume_mismatch', 'the resume is of another proof than shown')
  // An item that the payee gave up by a resume may have been given back upstream since.
  return ownResume !== undefined && isGivenUp(head, ownResume.point)
    ? reject('resume_base_too_old', 'the other side gave the base up by the resume before')
    : undefined
}

/** What this side has granted the other before, and may have lost as well. */
function checkLaneResume(
  chainId: ChainId,
  { role, ledger, grantedResume }: ChannelParty,
  shown: SignedResume | undefined,
  peer: LaneState,
): ChannelRejection | undefined {
  const payer = otherRole(role)
  const known = grantedResume?.point.epoch ?? 0
  const epoch = shown?.point.epoch ?? 0
  if (epoch < known || peer.epoch > epoch) {
    return reject('resume_mismatch', `the lane of the ${payer} has gone on beyond epoch ${epoch}`)
  }
  if (shown === undefined) return undefined
  if (!verifyResume(chainId, ledger, payer, shown)) {
    return reject('bad_resume_signature', `the ${role} did not sign this resume`)
  }
  return isUnderResume(laneHead(chainId, ledger, payer, peer), shown.point)
    ? undefined
    : reject('resume_mismatch', `the lane of the ${payer} does not follow its own resume`)
}

/** The two lanes fit together, and the other side stands by all that is known of its own here. */
function checkResumedLanes(
  party: ChannelParty,
  own: LaneState,
  peer: LaneState,
  now: Timestamp,
): ChannelRejection | undefined {
  const { role, ledger } = party
  if (Math.max(peer.acked, party.peer.acked) > own.version) {
    return reject(
      'resume_base_too_old',
      `the other side has acked more than version ${own.version}`,
    )
  }
  const held = Math.max(own.acked, party.own.acked)
  if (compareVersions(peer, party.peer) < 0 || peer.version < held) {
    return reject(
      'peer_lost_data',
      `version ${Math.max(held, party.peer.version)} of its lane exists`,
    )
  }
  if (worthOfHeld(party, peer, now) < worthOfHeld(party, party.peer, now)) {
    return reject('items_dropped', 'an item that is held here is gone without having been paid')
  }
  if (peer.items.length > ledger.terms.itemsMax) {
    return reject('too_many_items', `a lane holds at most ${ledger.terms.itemsMax} items`)
  }
  const lanes: Readonly<Record<Role, LaneState>> =
    role === 'client' ? { client: own, hub: peer } : { client: peer, hub: own }
  const covers = (payer: Role) =>
    stakeOf(party, payer) + lanes[otherRole(payer)].transferred >=
    lanes[payer].transferred + lockedOf(lanes[payer])
  return covers('client') && covers('hub')
    ? undefined
    : reject('insolvent', 'the two lanes promise more than the channel can pay')
}

/**
 * The most that `lane` can still pay of what this side holds of it: the law of the lane (CH-6.3),
 * where only this side's own notes tell which items were given up. An item that it declined and
 * has forgotten counts until it expires.
 */
function worthOfHeld(party: ChannelParty, lane: LaneState, now: Timestamp): bigint {
  return party.peer.items.reduce((sum, held) => {
    const note = noteOf(party, held.id)
    const item = lane.items.find((other) => isSameItem(other, held))
    if (item === undefined || note.declined) return sum
    return sum + (now > held.expiry ? claimableOf(item, note.onLedger) : lockedBy(item))
  }, BigInt(lane.transferred))
}

function isSameItem(a: PendingItem, b: PendingItem): boolean {
  return (
    a.id === b.id &&
    a.anchor === b.anchor &&
    a.unit === b.unit &&
    a.ticks === b.ticks &&
    a.expiry === b.expiry
  )
}
