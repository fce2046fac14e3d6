import { type Decoded, fixedBytes, integer, struct } from '../codec/codec.js'
import { channelIdCodec } from '../ledger/identifiers.js'
import { COUNTER_MAX } from '../ledger/limits.js'
import { type Rejection, reject } from '../primitives/outcome.js'
import type { Claim, Decline } from './claim.js'
import { confirmStored } from './draft.js'
import type { LaneUpdate } from './lane-update.js'
import type { ChannelParty } from './party.js'

/** Where one side stands, told after every connection (CH-11). */
export const positionCodec = struct({
  channel: channelIdCodec,
  /** Newest version of its own lane. */
  own: integer(COUNTER_MAX),
  /** Newest version of the other lane that it has stored. */
  held: integer(COUNTER_MAX),
})
export type Position = Decoded<typeof positionCodec>

/** A client takes up a channel on a session: signed by the channel's client key. */
export const attachCodec = struct({ position: positionCodec, signature: fixedBytes(64) })

/** What this side tells the other after a connection. */
export function positionOf(party: ChannelParty): Position {
  return { channel: party.ledger.id, own: party.own.version, held: party.peer.version }
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
 * Compares positions. A peer that holds more of our lane than we do proves that we lost data: then
 * nothing may be signed any more from here.
 */
export function resync(
  party: ChannelParty,
  peer: Position,
): Resync | Rejection<'peer_is_ahead' | 'peer_lost_data'> {
  if (peer.held > party.own.version) {
    return reject(
      'peer_is_ahead',
      `the peer holds version ${peer.held} of our lane, we know ${party.own.version}: data was lost`,
    )
  }
  const oldest = party.unconfirmed[0]?.version ?? party.own.version + 1
  if (peer.held < oldest - 1 || peer.own < party.peer.version) {
    return reject(
      'peer_lost_data',
      `the peer confirmed version ${oldest - 1} once and says ${peer.held} now`,
    )
  }
  const confirmed = confirmStored(party, peer.held)
  const channel = party.ledger.id
  const pending = party.incoming.filter(({ id }) => party.peer.items.some((item) => item.id === id))
  return {
    kind: 'resync',
    party: confirmed,
    updates: confirmed.unconfirmed,
    claims: pending.flatMap(({ id, known }) =>
      known === undefined ? [] : [{ channel, id, known }],
    ),
    declines: pending.flatMap(({ id, declined }) =>
      declined ? [{ channel, id, code: 'declined' }] : [],
    ),
  }
}
