import {
  amount,
  askToResume,
  balanceProofDigest,
  type ChannelParty,
  channelTotal,
  grantResume,
  isRejection,
  LANE_START,
  type LaneState,
  newParty,
  noteOf,
  otherRole,
  type ResumeAnswer,
  resumeDigest,
  type SignedLane,
  takeResume,
} from '@tallystick/protocol'
import { CHAIN, evidenceOf, SIGNERS } from '../protocol/test-channel.js'
import { batch } from './channel-batch.js'
import type { ChannelScope, ChannelState } from './channel-state.js'
import { laneName } from './dispute-position.js'
import { checkLaw } from './lane-law.js'
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
  if (scope.silent) return
  if (party.resuming !== undefined) yield* answers(scope, state)
  else yield* grants(scope, state)
}

function* lost(
  scope: ChannelScope,
  state: ChannelState,
  copy: ChannelParty,
): Iterable<Move<ChannelState>> {
  const { ledger } = state.party
  const asked = askToResume({ ...copy, ledger }, nonceOf(1 + state.losses))
  if (isRejection(asked)) return
  const label = copy.own.version + copy.peer.version > 0 ? 'an old copy' : 'nothing'
  const next = { ...state, losses: state.losses + 1, given: state.signed.length }
  yield* batch(scope, next, `loses data, has ${label}`, asked as ChannelParty)
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
  checkOfAnother(state)
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
          checkResumed(state, resumed.party)
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

/** A resume of the start of the lane beside a proof of it: neither could be shown with the other. */
function checkOfAnother({ party, signed, ledger }: ChannelState): void {
  const { resuming, own } = party
  const base = signed.at(-1)
  if (resuming === undefined || base === undefined) return
  const epoch = Math.max(own.epoch, base.lane.epoch, party.ownResume?.point.epoch ?? 0) + 1
  const resume = resumeOf(party, LANE_START, epoch, resuming)
  const answer = { resume, base, lane: undefined, laneResume: undefined }
  if (takeResume(CHAIN, party, answer, ledger.time).kind !== 'resumed') return
  throw new Violation('CH-18 goes on from a proof by the resume of another')
}

/** INV-6, INV-16 and INV-19 on what a side goes on from, before it signs anything on top. */
function checkResumed({ signed, party, ledger }: ChannelState, { own, peer }: ChannelParty): void {
  checkLaw(party.peer, peer, ledger, ({ id }) => noteOf(party, id).declined)
  if (own.version > 0 && !signed.some(({ lane }) => laneName(lane) === laneName(own))) {
    throw new Violation(`INV-16 goes on from what it never signed: ${laneName(own)}`)
  }
  if (peer.acked > own.version || own.acked > peer.version) {
    throw new Violation(`INV-19 goes on from ${laneName(own)} beside ${laneName(peer)}`)
  }
}

function epochsOf({ party }: ChannelState, base: SignedLane | undefined): number[] {
  const newest = Math.max(party.own.epoch, base?.lane.epoch ?? 0, party.ownResume?.point.epoch ?? 0)
  return [newest, newest + 1].filter((epoch) => epoch > 0)
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

/** Lanes that the peer never sent, but may sign now: with more than there is, or less than it sent. */
function forgedLanes({ party, taken }: ChannelState): SignedLane[] {
  const lane = taken.at(-1)?.lane ?? LANE_START
  const payer = otherRole(party.role)
  const unpayable = amount(channelTotal(party.ledger) + 1n)
  const lies = [
    { ...lane, version: lane.version + 1, transferred: unpayable, items: [] },
    ...(lane.version === 0 ? [] : forgotten(lane)),
  ]
  return lies.map((lie) => {
    const digest = balanceProofDigest(CHAIN, party.ledger.id, payer, lie)
    return { lane: lie, evidence: evidenceOf(digest, SIGNERS[payer]) }
  })
}

function forgotten(lane: LaneState): LaneState[] {
  return [
    { ...lane, items: [] },
    { ...lane, version: lane.version + 1, items: [] },
    { ...lane, version: lane.version + 1, transferred: amount(0n), acked: 0, items: [] },
  ]
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
  if (resumes.length > scope.losses) return
  const nonce = nonceOf(101 + resumes.length)
  const granted = grantResume(CHAIN, party, nonce, SIGNERS[party.role])
  if (granted.kind !== 'granted') return
  const next = { ...state, resumes: [...resumes, granted.answer.resume] }
  yield* batch(scope, next, `signs resume ${granted.answer.resume.point.epoch}`, granted.party)
}
