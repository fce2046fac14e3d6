import {
  type Anchor,
  balanceProofDigest,
  type ChainId,
  type ChannelNumber,
  type ChannelParty,
  type ClosingChannel,
  compareVersions,
  equalBytes,
  finalize,
  invariant,
  isClosing,
  isRejection,
  type KnownLink,
  noteOf,
  type OperationOf,
  otherRole,
  type PendingItem,
  REVEAL_SECONDS,
  type Reveal,
  type RevealLookup,
  type SignedLane,
  TIMESTAMP_MAX,
  type Timestamp,
} from '@tallystick/protocol'
import { answerForceClose, settledLanes } from './answer-force-close.js'

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
  if (!isClosing(ledger)) return revealsDue(party, party.peer.items, now, revealed)
  const answer = challengeDue(party, ledger, chainId, now, revealed)
  const lanes = answer === undefined ? settledLanes(ledger, otherRole(party.role)) : [party.peer]
  const items = lanes.flatMap((lane) => lane.items)
  const duties = revealsDue(party, items, now, revealed)
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
    unsure: party.lostAt !== undefined,
    resume: party.ownResume,
    peer: heldProof(party),
  }
}

/**
 * The challenge that corrects a force close of the other side (DSP-4, DSP-5). What a guard has shown
 * already is left to it, and so is the bounty, unless this side can show more.
 */
function challengeDue(
  party: ChannelParty,
  ledger: ClosingChannel,
  chainId: ChainId,
  now: Timestamp,
  revealedBy: RevealLookup,
): OperationOf<'challenge'> | undefined {
  if (ledger.status.by === party.role) return undefined
  const { own, peer, ownResume: resume } = party
  const { asserted, by } = ledger.status
  // The newest that this side holds was asserted: there is nothing to show, and no signature to check.
  if (
    resume === undefined &&
    compareVersions(asserted, peer) === 0 &&
    equalBytes(asserted.digest, balanceProofDigest(chainId, ledger.id, by, peer))
  ) {
    return undefined
  }
  const shown = { proof: heldProof(party), own, resume, guard: undefined }
  return answerForceClose(shown, ledger, { chainId, now, revealedBy })
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
 * Links that have to be made public so that `items`, of the other side's lane, pay: shortly
 * before they expire, and at once on a channel that is closing, where nothing else settles them.
 * One duty per anchor, because the ledger takes a link once.
 */
function revealsDue(
  party: ChannelParty,
  items: readonly PendingItem[],
  now: Timestamp,
  revealedBy: RevealLookup,
): Duty[] {
  const closing = isClosing(party.ledger)
  const channel = party.ledger.number
  const links = knownLinks(party)
  const due = new Map<Anchor, Duty>()
  for (const { anchor, paid, ticks, expiry } of items) {
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
