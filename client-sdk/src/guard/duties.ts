import {
  type Anchor,
  type ChainId,
  type Challenge,
  type ChannelNumber,
  type ChannelParty,
  type ClosingChannel,
  challenge,
  finalize,
  invariant,
  isClosing,
  isRejection,
  type KnownLink,
  type LaneState,
  noteOf,
  type OperationOf,
  REVEAL_SECONDS,
  type Reveal,
  type RevealLookup,
  type SignedLane,
  TIMESTAMP_MAX,
  type Timestamp,
} from '@tallystick/protocol'
import { laneOutpays } from './lane-outpays.js'

/** What an owner, or whoever guards its channel, has to bring onto the ledger, and by when. */
export type Duty = {
  readonly channel: ChannelNumber
  /** Last ledger time at which it counts; finalizing can wait for ever. */
  readonly deadline: Timestamp
} & (
  | { readonly kind: 'challenge'; readonly operation: OperationOf<'challenge'> }
  | {
      readonly kind: 'reveal'
      readonly anchor: Anchor
      readonly reveal: Reveal
      /** Whether the channel can pay the fee; an open one has to be left in the same transaction. */
      readonly closing: boolean
    }
  | { readonly kind: 'finalize'; readonly part: number }
)

/**
 * What is due at ledger time `now`, the nearest deadline first (DSP-8). A duty is named again with
 * every block until the ledger shows it done: doing one twice does nothing. `revealedBy` answers
 * for every anchor of both sides' items; what the party itself has noted is added to it.
 */
export function dutiesOf(
  party: ChannelParty,
  chainId: ChainId,
  now: Timestamp,
  revealedBy: RevealLookup,
): Duty[] {
  if (party.phase.kind === 'closed') return []
  const { ledger } = party
  const channel = ledger.number
  const revealed = withNotes(party, revealedBy)
  if (!isClosing(ledger)) return revealsDue(party, party.peer, now, revealed)
  const answer = challengeDue(party, ledger, chainId, now, revealed)
  const peerLane =
    ledger.status.by === party.role ? ledger.status.otherLane : ledger.status.closerLane
  const duties = revealsDue(party, answer === undefined ? peerLane : party.peer, now, revealed)
  if (answer !== undefined) {
    const { deadline } = ledger.status
    duties.push({ kind: 'challenge', channel, operation: answer, deadline })
  }
  const part = ledger.status.finalizes
  if (!isRejection(finalize(ledger, part, revealed, now))) {
    duties.push({ kind: 'finalize', channel, part, deadline: TIMESTAMP_MAX })
  }
  return duties.sort((a, b) => a.deadline - b.deadline)
}

/**
 * This side's way out (DSP-2): the newest that it has signed, and the newest that it holds. A side
 * that has lost data vouches for nothing (DSP-9); of a hub the ledger refuses that.
 */
export function forceCloseOperation(party: ChannelParty): OperationOf<'forceClose'> {
  return {
    kind: 'forceClose',
    channel: party.ledger.number,
    by: party.role,
    own: party.own,
    unsure: party.resuming !== undefined,
    resume: party.ownResume,
    peer: heldProof(party),
  }
}

/**
 * The challenge that corrects a force close of the other side (DSP-4, DSP-5). The ledger would take
 * the newest proof also where it is worth less than what was asserted: the other side may have
 * redeemed an item in an update that never arrived. Then the assertion is left as it is. Of an unsure
 * side nothing is proved but what it owes and what it had given up (DSP-9).
 */
function challengeDue(
  party: ChannelParty,
  ledger: ClosingChannel,
  chainId: ChainId,
  now: Timestamp,
  revealedBy: RevealLookup,
): OperationOf<'challenge'> | undefined {
  if (ledger.status.by === party.role) return undefined
  for (const shown of answersOf(party)) {
    const after = challenge(chainId, ledger, shown, now)
    if (isRejection(after)) continue
    const { penalized, closerLane, otherLane } = after.status
    const isWorth =
      penalized ||
      laneOutpays(closerLane, ledger.status.closerLane, revealedBy, now) ||
      laneOutpays(ledger.status.otherLane, otherLane, revealedBy, now)
    return isWorth ? { kind: 'challenge', channel: ledger.number, ...shown } : undefined
  }
  return undefined
}

/** What a side can answer a force close with, the most first: the ledger takes the first that fits. */
function answersOf(party: ChannelParty): Challenge[] {
  const { own, ownResume: resume } = party
  const proof = heldProof(party)
  const answers: Challenge[] = []
  if (resume !== undefined) answers.push({ proof, own, resume })
  if (proof !== undefined) {
    answers.push({ proof, own, resume: undefined }, { proof, own: undefined, resume: undefined })
  }
  if (resume !== undefined) answers.push({ proof: undefined, own, resume })
  return answers
}

/** The newest proof of the other side; absent: it never signed one. */
function heldProof(party: ChannelParty): SignedLane | undefined {
  const { peer, peerEvidence } = party
  invariant(peer.version === 0 || peerEvidence !== undefined, 'a proof is kept with its signature')
  return peerEvidence === undefined ? undefined : { lane: peer, evidence: peerEvidence }
}

/** `revealedBy` with what the party saw on the ledger itself. */
function withNotes(party: ChannelParty, revealedBy: RevealLookup): RevealLookup {
  const noted = new Map(
    party.peer.items.map(({ id, anchor, expiry }) => {
      return [`${anchor}:${expiry}`, noteOf(party, id).onLedger]
    }),
  )
  return (anchor, notAfter) =>
    Math.max(revealedBy(anchor, notAfter), noted.get(`${anchor}:${notAfter}`) ?? 0)
}

/** The newest link that the party knows of each anchor. */
function knownLinks(party: ChannelParty): ReadonlyMap<Anchor, KnownLink> {
  const links = new Map<Anchor, KnownLink>()
  for (const { id, anchor } of party.peer.items) {
    const { known } = noteOf(party, id)
    if (known !== undefined && known.index > (links.get(anchor)?.index ?? 0))
      links.set(anchor, known)
  }
  return links
}

/**
 * Links that have to be made public so that the items of `lane`, the other side's, pay: shortly
 * before they expire, and at once on a channel that is closing, where nothing else settles them.
 * One duty per anchor, because the ledger takes a link once.
 */
function revealsDue(
  party: ChannelParty,
  lane: LaneState,
  now: Timestamp,
  revealedBy: RevealLookup,
): Duty[] {
  const closing = isClosing(party.ledger)
  const channel = party.ledger.number
  const links = knownLinks(party)
  const due = new Map<Anchor, Duty>()
  for (const { anchor, paid, ticks, expiry } of lane.items) {
    const reveal = links.get(anchor)
    const settled = Math.max(paid, revealedBy(anchor, expiry))
    const pressing = closing || now >= expiry - REVEAL_SECONDS
    if (reveal === undefined || Math.min(reveal.index, ticks) <= settled) continue
    if (!pressing || now > expiry) continue
    const earlier = due.get(anchor)?.deadline ?? expiry
    const deadline = earlier < expiry ? earlier : expiry
    due.set(anchor, { kind: 'reveal', channel, anchor, reveal, closing, deadline })
  }
  return [...due.values()].sort((a, b) => a.deadline - b.deadline)
}
