import {
  type Channel,
  type Closing,
  type ClosingChannel,
  isClosing,
  type LaneHead,
} from '../ledger/channel.js'
import type { ChainId } from '../ledger/identifiers.js'
import { equalBytes } from '../primitives/bytes.js'
import { isRejection, reject } from '../primitives/outcome.js'
import type { Timestamp } from '../primitives/time.js'
import { answeredByGuard, answeredByOwner } from './answered-lanes.js'
import { checkAppointment, type SignedAppointment } from './appointment.js'
import { checkResume, checkSignedLane, type DisputeRejection, type SignedLane } from './dispute.js'
import type { Evidence } from './evidence.js'
import { compareVersions, type LaneState } from './lane-state.js'
import { isGivenUp, isUnderResume, laneHead, type SignedResume } from './resume.js'
import { otherRole, type Role } from './side.js'

/** What the other side answers with; something that the closing side has signed is part of it. */
export type Challenge = {
  /** A proof of the closing side's lane. */
  readonly proof: SignedLane | undefined
  /** The challenger's own lane in place of the one that the closing side chose (DSP-5, DSP-10). */
  readonly own: LaneState | undefined
  /** A resume of the challenger's lane that gives up the chosen proof (DSP-10). */
  readonly resume: SignedResume | undefined
  /** Absent: the challenger speaks for itself. */
  readonly guard: ChallengeGuard | undefined
}

/** Whoever challenges in the name of the side that did not close (DSP-11). */
export type ChallengeGuard = {
  readonly appointment: SignedAppointment
  /** That side's signature under the balance proof of its own lane, where that is shown. */
  readonly ownEvidence: Evidence | undefined
}

/**
 * Answers a force close (DSP-4, DSP-5, DSP-10, DSP-11). The caller has checked that the side that
 * did not close signed the transaction, or the guard that is named. Any order of the same challenges
 * leads to the same state.
 */
export function challenge(
  chainId: ChainId,
  channel: Channel,
  shown: Challenge,
  now: Timestamp,
): ClosingChannel | DisputeRejection {
  if (!isClosing(channel)) {
    return reject('channel_not_closing', `channel ${channel.number} has no force close to answer`)
  }
  const { status } = channel
  if (now > status.deadline) {
    return reject('window_closed', `ledger time is ${now}, the window ended at ${status.deadline}`)
  }
  const { proof, own, guard } = shown
  const unappointed =
    guard && checkAppointment(chainId, channel, otherRole(status.by), guard.appointment, now)
  if (unappointed !== undefined) return unappointed
  const evidence = weighChallenge(chainId, channel, shown)
  if (isRejection(evidence)) return evidence
  if (own !== undefined && !mayReplaceOwn(chainId, channel, shown, evidence, own)) {
    return reject(
      'own_proof_too_old',
      'an own proof goes with what gives up the chosen one, succeeds that, and is as new as was acked',
    )
  }
  const lanes = { closer: proof?.lane, other: own }
  const answered =
    guard === undefined
      ? answeredByOwner(chainId, channel, lanes)
      : answeredByGuard(chainId, channel, lanes, guard.appointment.bounty)
  // Nobody who was unsure has claimed that there is nothing newer: that is no lie.
  const isLie = !status.unsure && (evidence.stale || evidence.givenUp)
  const next = { ...status, ...answered, penalized: status.penalized || isLie }
  if (!saysMore(status, next)) {
    return reject('challenge_not_newer', 'as much, or more, is shown already')
  }
  return { ...channel, status: next }
}

function saysMore(before: Closing, after: Closing): boolean {
  return (
    after.penalized !== before.penalized ||
    after.challenged !== before.challenged ||
    after.replaced !== before.replaced ||
    after.closerLane !== before.closerLane ||
    after.otherLane !== before.otherLane ||
    after.guardCloserLane !== before.guardCloserLane ||
    after.guardOtherLane !== before.guardOtherLane
  )
}

/** What a challenge proves of the closing side; both are judged against what it asserted only. */
type ChallengeEvidence = {
  readonly kind: 'evidence'
  /** It signed a state of its lane that contradicts the asserted one. */
  readonly stale: boolean
  /** It signed that it gives up the proof that it chose. */
  readonly givenUp: boolean
}

function weighChallenge(
  chainId: ChainId,
  channel: ClosingChannel,
  { proof, own, resume, guard }: Challenge,
): ChallengeEvidence | DisputeRejection {
  const { by, asserted, chosen, ...status } = channel.status
  if (proof === undefined && resume === undefined) {
    return reject('challenge_empty', 'a challenge shows a proof or a resume by the closing side')
  }
  const owner = otherRole(by)
  const refusal =
    checkSignedLane(chainId, channel, by, proof) ??
    checkGuardedOwn(chainId, channel, owner, own, guard) ??
    (resume && checkResume(chainId, channel, owner, resume))
  if (refusal !== undefined) return refusal
  let stale = false
  if (proof !== undefined) {
    const head = laneHead(chainId, channel, by, proof.lane)
    if (equalBytes(head.digest, asserted.digest)) {
      return reject('challenge_not_newer', 'this is what the closing side asserted itself')
    }
    if (status.resume !== undefined && isGivenUp(head, status.resume)) {
      return reject('challenge_not_relevant', 'the challenger gave up this proof by a resume')
    }
    stale = isStale(asserted, head)
    if ((!stale || status.unsure) && head.version < chosen.acked) {
      return reject(
        'challenge_not_relevant',
        `the challenger gave up versions before ${chosen.acked} of this lane`,
      )
    }
  }
  const givenUp = resume !== undefined && isGivenUp(chosen, resume.point)
  if (resume !== undefined && (!givenUp || own === undefined)) {
    return reject(
      'challenge_not_relevant',
      'a resume goes with an own proof in place of a chosen one that it gives up',
    )
  }
  return { kind: 'evidence', stale, givenUp }
}

/** The owner vouches for its lane by its signature under the transaction; a guard cannot. */
function checkGuardedOwn(
  chainId: ChainId,
  channel: ClosingChannel,
  owner: Role,
  own: LaneState | undefined,
  guard: ChallengeGuard | undefined,
): DisputeRejection | undefined {
  if (own === undefined || guard === undefined) return undefined
  return guard.ownEvidence === undefined
    ? reject('bad_proof_signature', 'a guard shows an own lane with the evidence of its owner')
    : checkSignedLane(chainId, channel, owner, { lane: own, evidence: guard.ownEvidence })
}

/** Whether the closing side, having signed `shown`, contradicted it by what it asserted (DSP-4). */
export function isStale(asserted: LaneHead, shown: LaneHead): boolean {
  const order = compareVersions(shown, asserted)
  return (
    order > 0 ||
    shown.transferred > asserted.transferred ||
    shown.acked > asserted.acked ||
    (order === 0 && !equalBytes(shown.digest, asserted.digest))
  )
}

function mayReplaceOwn(
  chainId: ChainId,
  channel: ClosingChannel,
  { proof, resume }: Challenge,
  { stale, givenUp }: ChallengeEvidence,
  own: LaneState,
): boolean {
  const { by, unsure, chosen } = channel.status
  if (resume !== undefined && givenUp) {
    return isUnderResume(laneHead(chainId, channel, otherRole(by), own), resume.point)
  }
  return (
    proof !== undefined &&
    // Of an unsure side there is no lie to show, only that it had given up what it chose.
    (unsure ? proof.lane.acked > chosen.version : stale) &&
    own.version >= proof.lane.acked &&
    compareVersions(own, chosen) > 0 &&
    own.acked >= chosen.acked &&
    own.transferred >= chosen.transferred
  )
}
