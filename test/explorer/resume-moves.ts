import {
  amount,
  askToResume,
  balanceProofDigest,
  type ChannelParty,
  grantResume,
  isRejection,
  LANE_START,
  type LaneState,
  newParty,
  otherRole,
  type ResumeAnswer,
  resumeDigest,
  type SignedLane,
  type Timestamp,
  takeResume,
  timestamp,
} from '@tallystick/protocol'
import { CHAIN, evidenceOf, NOW, SIGNERS } from '../protocol/test-channel.js'
import { batch } from './channel-batch.js'
import type { ChannelScope, ChannelState } from './channel-state.js'
import { type Move, Violation } from './search.js'

/*
 * Lost data (CH-18): the honest side goes back to an old copy of its disk, or to nothing, and the
 * peer answers with whatever it could show; or the peer asks, whether it has lost anything or not.
 */

export function* resumeMoves(
  scope: ChannelScope,
  state: ChannelState,
): Iterable<Move<ChannelState>> {
  const { party, losses, backup } = state
  if (losses < scope.losses) {
    if (backup === undefined && party.own.version + party.peer.version > 0) {
      yield { label: 'is backed up', next: { ...state, backup: party } }
    }
    for (const copy of [backup, newParty(party.role, party.ledger)]) {
      if (copy !== undefined) yield* lost(scope, state, copy)
    }
  }
  if (party.resuming !== undefined) yield* answers(scope, state)
  else yield* grants(scope, state)
}

function* lost(
  scope: ChannelScope,
  state: ChannelState,
  copy: ChannelParty,
): Iterable<Move<ChannelState>> {
  const { ledger } = state.party
  const lostAt = timeAfter(state.losses + 1, 0)
  const asked = askToResume({ ...copy, ledger }, nonceOf(1 + state.losses), lostAt)
  if (isRejection(asked)) return
  const label = copy.own.version + copy.peer.version > 0 ? 'an old copy' : 'nothing'
  const next = { ...state, losses: state.losses + 1, given: state.signed.length }
  yield* batch(scope, next, `loses data, has ${label}`, asked as ChannelParty)
}

/** Ledger times before all others: losses, and what was granted after each, are in their order. */
function timeAfter(losses: number, grants: number): Timestamp {
  return timestamp(NOW - 1_000 + 20 * losses + grants)
}

/** 16 bytes that differ for every request. */
function nonceOf(number: number): Uint8Array {
  return new Uint8Array(16).fill(number)
}

/** Everything that the peer could answer: any proof that it was given, any that it could sign. */
function* answers(scope: ChannelScope, state: ChannelState): Iterable<Move<ChannelState>> {
  const { party, signed, given, resumes, taken } = state
  const { resuming: nonce, peerEvidence } = party
  if (nonce === undefined) return
  checkUnasked(state)
  const held = peerEvidence && { lane: party.peer, evidence: peerEvidence }
  const lanes = [undefined, taken.at(-1), held, ...forgedLanes(state)]
  for (const base of [undefined, ...signed.slice(0, given), forgedBase(state)]) {
    for (const lane of lanes) {
      for (const laneResume of scope.deniesResumes ? [undefined, ...resumes] : [resumes.at(-1)]) {
        for (const epoch of epochsOf(state, base)) {
          const resume = resumeOf(party, base?.lane ?? LANE_START, epoch, nonce)
          const answer: ResumeAnswer = { resume, base, lane, laneResume }
          const resumed = takeResume(CHAIN, party, answer, state.ledger.time)
          if (resumed.kind !== 'resumed') continue
          const label = `peer: resume ${epoch} from ${base?.lane.version ?? 0}, shows ${lane?.lane.version ?? 0}`
          yield* batch(scope, state, label, resumed.party)
        }
      }
    }
  }
}

/** An answer to another request, as an old one would be. */
function checkUnasked({ party, ledger }: ChannelState): void {
  const resume = resumeOf(party, LANE_START, 9, nonceOf(50))
  const answer = { resume, base: undefined, lane: undefined, laneResume: undefined }
  if (takeResume(CHAIN, party, answer, ledger.time).kind !== 'resumed') return
  throw new Violation('CH-18 takes a resume that it has not asked for')
}

function epochsOf({ party }: ChannelState, base: SignedLane | undefined): number[] {
  const newest = Math.max(party.own.epoch, base?.lane.epoch ?? 0, party.ownResume?.point.epoch ?? 0)
  const lostAt = party.lostAt ?? 0
  return [...new Set([newest, newest + 1, lostAt, lostAt + 1])].filter((epoch) => epoch > 0)
}

function resumeOf(
  { role, ledger }: ChannelParty,
  lane: LaneState,
  epoch: number,
  nonce: Uint8Array,
) {
  const base = balanceProofDigest(CHAIN, ledger.id, role, lane)
  const { version, acked, transferred } = lane
  const point = { epoch, nonce, base, version, acked, transferred }
  const signature = SIGNERS[otherRole(role)].sign(resumeDigest(CHAIN, ledger, role, point))
  return { point, signature }
}

/** Lanes that the peer never sent, but may sign now: without its items, with less paid. */
function forgedLanes({ party, taken }: ChannelState): SignedLane[] {
  const newest = taken.at(-1)
  if (newest === undefined) return []
  const { lane } = newest
  const payer = otherRole(party.role)
  const lies = [
    { ...lane, items: [] },
    { ...lane, version: lane.version + 1, items: [] },
    { ...lane, version: lane.version + 1, transferred: amount(0n), acked: 0, items: [] },
  ]
  return lies.map((lie) => {
    const digest = balanceProofDigest(CHAIN, party.ledger.id, payer, lie)
    return { lane: lie, evidence: evidenceOf(digest, SIGNERS[payer]) }
  })
}

/** A promise that the honest side never made, signed by the peer instead. */
function forgedBase({ party, signed }: ChannelState): SignedLane {
  const { version = 0, ...newest } = signed.at(-1)?.lane ?? LANE_START
  const lane = { ...newest, version: version + 1, transferred: amount(newest.transferred + 1n) }
  const digest = balanceProofDigest(CHAIN, party.ledger.id, party.role, lane)
  return { lane, evidence: evidenceOf(digest, SIGNERS[otherRole(party.role)]) }
}

/** The peer says that it has lost its data, up to as often as the scope has losses and once more. */
function* grants(scope: ChannelScope, state: ChannelState): Iterable<Move<ChannelState>> {
  const { party, resumes } = state
  // Once for each loss that it speaks of, and once for each of this side's, after which it must.
  if (resumes.length > 2 * scope.losses) return
  const request = { nonce: nonceOf(101 + resumes.length), lostAt: undefined }
  const now = timeAfter(state.losses, 1 + resumes.length)
  const granted = grantResume(CHAIN, party, request, SIGNERS[party.role], now)
  if (granted.kind !== 'granted') return
  const next = { ...state, resumes: [...resumes, granted.answer.resume] }
  yield* batch(scope, next, `signs resume ${granted.answer.resume.point.epoch}`, granted.party)
}
