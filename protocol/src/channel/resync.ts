import {
  type Decoded,
  fixedBytes,
  flag,
  integer,
  optional,
  struct,
  timestampCodec,
} from '../codec/codec.js'
import { channelIdCodec, resumeNonceCodec } from '../ledger/identifiers.js'
import { COUNTER_MAX } from '../ledger/limits.js'
import { equalBytes } from '../primitives/bytes.js'
import { type Rejection, reject } from '../primitives/outcome.js'
import type { Claim, Decline } from './claim.js'
import { confirmStored } from './draft.js'
import type { LaneUpdate } from './lane-update.js'
import type { ChannelParty } from './party.js'
import type { SignedResume } from './resume.js'

/** Which resume a lane goes on from: its epoch, and the request that it answered (CH-18). */
const resumeNameCodec = struct({ epoch: integer(COUNTER_MAX, 1), nonce: resumeNonceCodec })
type ResumeName = Decoded<typeof resumeNameCodec>

/** Where one side stands, told after every connection (CH-11). */
export const positionCodec = struct({
  channel: channelIdCodec,
  /** Newest version of its own lane. */
  own: integer(COUNTER_MAX),
  /** Newest version of the other lane that it has stored. */
  held: integer(COUNTER_MAX),
  /** Newest version of its own lane that the other side has confirmed to hold. */
  confirmed: integer(COUNTER_MAX),
  /** The resume that its own lane goes on from; absent: none. */
  ownResume: optional(resumeNameCodec),
  /** The newest resume of the other lane that it has signed; absent: none. */
  heldResume: optional(resumeNameCodec),
  /** It asks from where its own lane goes on, by this nonce (CH-18). */
  resuming: optional(resumeNonceCodec),
  /** Ledger time at which it found that it may have lost data; absent: it has not. */
  lostAt: optional(timestampCodec),
  /** It makes no new items: it wants to close by agreement, or has agreed to (CH-12). */
  closing: flag,
})
export type Position = Decoded<typeof positionCodec>

/** A client takes up a channel on a session: signed by the channel's client key. */
export const attachCodec = struct({ position: positionCodec, signature: fixedBytes(64) })

/** What this side tells the other after a connection. */
export function positionOf(party: ChannelParty): Position {
  return {
    channel: party.ledger.id,
    own: party.own.version,
    held: party.peer.version,
    // Who has lost data may take back what it knows of its own lane; it says nothing about the peer.
    confirmed: party.resuming === undefined ? confirmedOf(party) : 0,
    ownResume: nameOf(party.ownResume),
    heldResume: nameOf(party.grantedResume),
    resuming: party.resuming,
    lostAt: party.lostAt,
    closing: party.phase.kind === 'draining' || party.phase.kind === 'agreed',
  }
}

function confirmedOf({ own, unconfirmed }: ChannelParty): number {
  return (unconfirmed[0]?.version ?? own.version + 1) - 1
}

function nameOf(resume: SignedResume | undefined): ResumeName | undefined {
  return resume && { epoch: resume.point.epoch, nonce: resume.point.nonce }
}

/** What has to be sent again so that the peer knows all that this side stands by. */
export type Resync = {
  readonly kind: 'resync'
  readonly party: ChannelParty
  readonly updates: readonly LaneUpdate[]
  readonly claims: readonly Claim[]
  readonly declines: readonly Decline[]
}

/**
 * Compares positions. A peer that holds more of our lane than we do, or has seen it go on from a
 * resume that we do not know, proves that we lost data or that somebody else signs with our key:
 * then nothing may be signed from here. Of a peer that asks for a resume, no more than that is asked.
 */
export function resync(
  party: ChannelParty,
  peer: Position,
): Resync | Rejection<'peer_is_ahead' | 'peer_lost_data'> {
  const refusal = checkOurs(party, peer) ?? (peer.resuming ? undefined : checkTheirs(party, peer))
  if (refusal !== undefined) return refusal
  const confirmed = confirmStored(party, peer.held)
  const updates = confirmed.unconfirmed
  return { kind: 'resync', party: confirmed, updates, ...standingRequests(party) }
}

/** What this side asks of items of the other lane, and says again after every connection. */
export function standingRequests(party: ChannelParty): Pick<Resync, 'claims' | 'declines'> {
  const channel = party.ledger.id
  const pending = party.incoming.filter(({ id }) => party.peer.items.some((item) => item.id === id))
  return {
    // What the other lane pays is not certain before it has gone on (CH-18): no link is shown for it.
    claims: pending.flatMap(({ id, known }) =>
      known === undefined || party.lostAt !== undefined ? [] : [{ channel, id, known }],
    ),
    declines: pending.flatMap(({ id, declined }) =>
      declined ? [{ channel, id, code: 'declined' }] : [],
    ),
  }
}

/** What the peer knows of us and we do not. */
function checkOurs(
  { own, peer: held, ownResume, grantedResume }: ChannelParty,
  peer: Position,
): Rejection<'peer_is_ahead'> | undefined {
  if (peer.held > own.version) {
    return reject(
      'peer_is_ahead',
      `the peer holds version ${peer.held} of our lane, we know ${own.version}: data was lost`,
    )
  }
  if (peer.confirmed > held.version) {
    return reject(
      'peer_is_ahead',
      `we once confirmed version ${peer.confirmed}, and hold ${held.version}: data was lost`,
    )
  }
  // Two resumes of one epoch: a new one settles which of them the lane goes on from.
  const isOther = isLater(peer.heldResume, ownResume) || isRival(peer.heldResume, ownResume)
  if (isOther || isLater(peer.ownResume, grantedResume)) {
    return reject('peer_is_ahead', 'the peer knows of a resume that we do not: data was lost')
  }
  return undefined
}

/** What we know of the peer and it does not. */
function checkTheirs(party: ChannelParty, peer: Position): Rejection<'peer_lost_data'> | undefined {
  const { ownResume, grantedResume } = party
  const [signed, confirmed] = [party.peer.version, confirmedOf(party)]
  if (peer.held < confirmed || peer.own < signed) {
    const said = `it names versions ${peer.own} and ${peer.held}`
    return reject(
      'peer_lost_data',
      `whoever says so has lost what it signed or confirmed: ${said}, this side holds ${signed} and ${confirmed}`,
    )
  }
  const theirs = (known: SignedResume | undefined, said: ResumeName | undefined) =>
    (known?.point.epoch ?? 0) > (said?.epoch ?? 0) || isRival(said, known)
  return theirs(ownResume, peer.heldResume) || theirs(grantedResume, peer.ownResume)
    ? reject('peer_lost_data', 'the lane has gone on from a resume that the peer does not know')
    : undefined
}

function isLater(said: ResumeName | undefined, known: SignedResume | undefined): boolean {
  return (said?.epoch ?? 0) > (known?.point.epoch ?? 0)
}

function isRival(said: ResumeName | undefined, known: SignedResume | undefined): boolean {
  if (said === undefined || known === undefined) return false
  const { epoch, nonce } = known.point
  return said.epoch === epoch && !equalBytes(said.nonce, nonce)
}
