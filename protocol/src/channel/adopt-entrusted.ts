import type { ChainId } from '../ledger/identifiers.js'
import { parseAmount } from '../primitives/amount.js'
import { reject } from '../primitives/outcome.js'
import type { ChannelRejection } from './channel-rejection.js'
import { checkSignedLane } from './dispute.js'
import type { Entrusted } from './entrusted.js'
import { compareVersions, LANE_START, type LaneState, lockedOf } from './lane-state.js'
import type { ChannelParty } from './party.js'
import { isUnderResume, laneHead, verifyResume } from './resume.js'
import { otherRole } from './side.js'

/**
 * What a guard gives back to an owner that has lost data (DSP-12), as far as it is newer than what
 * the owner knows. It is knowledge and no leave to sign: the party goes on waiting for its resume,
 * whose answer must not show less, and an unsure close asserts it (DSP-9). Refused: of another
 * channel or side, or the owner has not asked for a resume (`channel_not_usable`); sums beyond an
 * amount (`amount_out_of_range`); what the sides did not sign (`bad_proof_signature`,
 * `bad_resume_signature`); an own lane that does not follow its resume (`resume_mismatch`); nothing
 * that is not known (`nothing_newer`).
 */
export function adoptEntrusted(
  chainId: ChainId,
  party: ChannelParty,
  entrusted: Entrusted,
): ChannelParty | ChannelRejection {
  const refusal = checkEntrusted(chainId, party, entrusted)
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
  return {
    ...party,
    own: lane,
    ownResume: isOwnNewer ? resume : party.ownResume,
    peer,
    peerEvidence: isProofNewer ? proof?.evidence : party.peerEvidence,
    unconfirmed: isOwnNewer ? [] : party.unconfirmed,
    incoming: party.incoming.filter(({ id }) => peer.items.some((item) => item.id === id)),
    owed: party.owed.filter(({ id }) => lane.items.some((item) => item.id === id)),
    cancelling: isOwnNewer ? [] : party.cancelling,
  }
}

function checkEntrusted(
  chainId: ChainId,
  { role, ledger, resuming }: ChannelParty,
  { channel, number, owner, proof, own, resume }: Entrusted,
): ChannelRejection | undefined {
  if (channel !== ledger.id || number !== ledger.number || owner !== role || !resuming) {
    return reject('channel_not_usable', `this side of channel ${ledger.id} misses nothing of it`)
  }
  for (const shown of [proof, own]) {
    if (shown !== undefined && parseAmount(lockedOf(shown.lane)) === undefined) {
      return reject('amount_out_of_range', 'the pending items of a lane sum to at most 2^63-1')
    }
  }
  const unsigned =
    checkSignedLane(chainId, ledger, otherRole(role), proof) ??
    checkSignedLane(chainId, ledger, role, own)
  if (unsigned !== undefined) return reject('bad_proof_signature', unsigned.detail)
  const lane = own?.lane ?? LANE_START
  if (resume === undefined) {
    return lane.epoch === 0
      ? undefined
      : reject('resume_mismatch', `a lane of epoch ${lane.epoch} follows a resume`)
  }
  if (!verifyResume(chainId, ledger, role, resume)) {
    return reject('bad_resume_signature', `the ${otherRole(role)} did not sign this resume`)
  }
  return isUnderResume(laneHead(chainId, ledger, role, lane), resume.point)
    ? undefined
    : reject('resume_mismatch', 'the own lane does not follow its resume')
}
