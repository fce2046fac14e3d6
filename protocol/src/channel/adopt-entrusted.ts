import type { ChainId } from '../ledger/identifiers.js'
import { reject } from '../primitives/outcome.js'
import { timestamp } from '../primitives/time.js'
import type { ChannelRejection } from './channel-rejection.js'
import { checkEntrustedSignatures, type EntrustedRejection } from './check-entrusted.js'
import type { Entrusted } from './entrusted.js'
import { compareVersions, LANE_START, type LaneState } from './lane-state.js'
import { type ChannelParty, partyWith } from './party.js'
import { isUnderResume, laneHead } from './resume.js'

/**
 * What a guard gives back to an owner that has lost data (DSP-12), as far as it is newer than what
 * the owner knows. It is knowledge and no leave to sign: the party goes on waiting for its resume,
 * whose answer must not show less, and an unsure close asserts it (DSP-9). Refused: of the other
 * side, or the owner has not asked for a resume (`channel_not_usable`); what is not signed as
 * TOWER-4 says; an own lane that does not follow its resume
 * (`resume_mismatch`); nothing that is not known (`nothing_newer`).
 */
export function adoptEntrusted(
  chainId: ChainId,
  party: ChannelParty,
  entrusted: Entrusted,
): ChannelParty | ChannelRejection | EntrustedRejection {
  const refusal = checkAdoptable(chainId, party, entrusted)
  if (refusal !== undefined) return refusal
  const { proof, own, resume } = entrusted
  const isNewer = (shown: LaneState | undefined, known: LaneState) =>
    shown !== undefined && compareVersions(shown, known) > 0
  const [isOwnNewer, isProofNewer] = [
    isNewer(own?.lane, party.own),
    isNewer(proof?.lane, party.peer),
  ]
  if (!isOwnNewer && !isProofNewer) {
    return reject('nothing_newer', 'the owner knows all that was entrusted to the guard')
  }
  const lane = isOwnNewer ? (own?.lane ?? party.own) : party.own
  const peer = isProofNewer ? (proof?.lane ?? party.peer) : party.peer
  return partyWith(party, {
    own: lane,
    ownResume: isOwnNewer ? resume : party.ownResume,
    peer,
    peerEvidence: isProofNewer ? proof?.evidence : party.peerEvidence,
    unconfirmed: isOwnNewer ? [] : party.unconfirmed,
    incoming: party.incoming.filter(({ id }) => peer.items.some((item) => item.id === id)),
    owed: party.owed.filter(({ id }) => lane.items.some((item) => item.id === id)),
    cancelling: isOwnNewer ? [] : party.cancelling,
  })
}

function checkAdoptable(
  chainId: ChainId,
  { role, ledger, resuming }: ChannelParty,
  entrusted: Entrusted,
): ChannelRejection | EntrustedRejection | undefined {
  const { owner, own, resume } = entrusted
  if (owner !== role || resuming === undefined) {
    return reject('channel_not_usable', `this side of channel ${ledger.id} misses nothing of it`)
  }
  // An appointment that has run out is no reason to forget what was entrusted with it.
  const unsigned = checkEntrustedSignatures(chainId, ledger, entrusted, timestamp(0))
  if (unsigned !== undefined) return unsigned
  const lane = own?.lane ?? LANE_START
  const isFollowed =
    resume === undefined
      ? lane.epoch === 0
      : isUnderResume(laneHead(chainId, ledger, role, lane), resume.point)
  return isFollowed
    ? undefined
    : reject('resume_mismatch', 'the own lane does not follow the resume that is shown of it')
}
