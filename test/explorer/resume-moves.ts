import {
  amount,
  askToResume,
  balanceProofDigest,
  type ChannelParty,
  channelTotal,
  grantResume,
  isGivenUp,
  isRejection,
  LANE_START,
  type LaneState,
  laneHead,
  mustAskAsWell,
  newParty,
  noteOf,
  otherRole,
  type ResumeAnswer,
  resumeDigest,
  type SignedLane,
  takeResume,
} from '@tallystick/protocol'
import { CHAIN, evidenceOf, NOW, SIGNERS } from '../protocol/test-channel.js'
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
  yield* answers(scope, state)
  yield* grants(scope, state)
}

function* lost(
  scope: ChannelScope,
  state: ChannelState,
  copy: ChannelParty,
): Iterable<Move<ChannelState>> {
  const { party, ledger } = state
  const nonce = nonceOf(1 + state.asked)
  const asked = askToResume({ ...copy, ledger: party.ledger }, nonce, ledger.time)
  if (isRejection(asked)) return
  const label = copy.own.version + copy.peer.version > 0 ? 'an old copy' : 'nothing'
  const [losses, count, given] = [state.losses + 1, state.asked + 1, state.signed.length]
  const next = { ...state, losses, asked: count, given, atLoss: copy }
  yield* batch(scope, next, `loses data, has ${label}`, asked as ChannelParty)
}

/** 16 bytes that differ for every request. */
function nonceOf(number: number): Uint8Array {
  return new Uint8Array(16).fill(number)
}

/** Everything that the peer could answer: any proof that it was given, any that it could sign. */
function* answers(scope: ChannelScope, state: ChannelState): Iterable<Move<ChannelState>> {
  const { party, signed, given, resumes, taken, ledger } = state
  const { resuming: nonce, peerEvidence } = party
  if (nonce === undefined) return
  checkUnasked(state)
  checkOfAnother(state)
  const held = peerEvidence && { lane: party.peer, evidence: peerEvidence }
  const lanes = [undefined, taken.at(-1), held, ...forgedLanes(state)]
  for (const base of [undefined, ...signed.slice(0, given), forgedBase(state)]) {
    for (const lane of lanes) {
      for (const laneResume of [undefined, ...resumes]) {
        for (const epoch of epochsOf(scope, state)) {
          const resume = resumeOf(party, base?.lane ?? LANE_START, epoch, nonce)
          const answer: ResumeAnswer = { resume, base, lane, laneResume }
          const resumed = takeResume(CHAIN, party, answer, ledger.time)
          if (resumed.kind !== 'resumed') continue
          checkResumed(state, resumed.party)
          const label =
            `peer: resume ${epoch - NOW} from ${base?.lane.version ?? 0}, ` +
            `shows ${lane?.lane.version ?? 0}`
          yield* batch(scope, state, label, resumed.party)
        }
      }
    }
  }
}

/** An answer to another request, as an old one would be. */
function checkUnasked({ party, ledger }: ChannelState): void {
  const resume = resumeOf(party, LANE_START, ledger.time, nonceOf(50))
  const answer = { resume, base: undefined, lane: undefined, laneResume: undefined }
  if (takeResume(CHAIN, party, answer, ledger.time).kind !== 'resumed') return
  throw new Violation('CH-18 takes a resume that it has not asked for')
}

/** A resume of the start of the lane beside a proof of it: neither could be shown with the other. */
function checkOfAnother({ party, signed, ledger }: ChannelState): void {
  const base = signed.at(-1)
  if (party.resuming === undefined || base === undefined) return
  const resume = resumeOf(party, LANE_START, ledger.time, party.resuming)
  const answer = { resume, base, lane: undefined, laneResume: undefined }
  if (takeResume(CHAIN, party, answer, ledger.time).kind !== 'resumed') return
  throw new Violation('CH-18 goes on from a proof by the resume of another')
}

/** INV-6, INV-16 and INV-19 on what a side goes on from, before it signs anything on top. */
function checkResumed(
  { signed, party, ledger }: ChannelState,
  { own, peer, ownResume }: ChannelParty,
): void {
  checkLaw(party.peer, peer, ledger, ({ id }) => noteOf(party, id).declined)
  if (own.version > 0 && !signed.some(({ lane }) => laneName(lane) === laneName(own))) {
    throw new Violation(`INV-16 goes on from what it never signed: ${laneName(own)}`)
  }
  const { epoch } = ownResume?.point ?? own
  if (epoch > 0 && signed.some(({ lane }) => lane.epoch >= epoch)) {
    throw new Violation(`INV-16 goes on in epoch ${epoch - NOW}, which is over`)
  }
  // Who gave it up may have been given the money back elsewhere since.
  const before = party.ownResume?.point
  if (before !== undefined && isGivenUp(laneHead(CHAIN, party.ledger, party.role, own), before)) {
    throw new Violation(`CH-18 goes on from what was given up: ${laneName(own)}`)
  }
  if (peer.acked > own.version || own.acked > peer.version) {
    throw new Violation(`INV-19 goes on from ${laneName(own)} beside ${laneName(peer)}`)
  }
}

/** Every ledger time there was, and one that is still to come. */
function epochsOf({ times }: ChannelScope, { ledger: { time } }: ChannelState): number[] {
  const were = [0, ...times].map((at) => NOW + at).filter((at) => at <= time)
  return [...were, time + 1]
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
function forgedLanes({ party, taken, resumes }: ChannelState): SignedLane[] {
  const lane = taken.at(-1)?.lane ?? LANE_START
  const payer = otherRole(party.role)
  const unpayable = amount(channelTotal(party.ledger) + 1n)
  const tooMuch = { ...lane, version: lane.version + 1, transferred: unpayable, items: [] }
  const granted = resumes.map(({ point: { epoch, nonce } }) => ({ epoch, resumeNonce: nonce }))
  const lies = [
    tooMuch,
    ...granted.slice(-1).map((epoch) => ({ ...tooMuch, ...epoch })),
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

/**
 * The peer asks from where its lane goes on, and says that it has lost data, or that it has not. Who
 * has takes nothing of this lane before that goes on as well: so the honest side asks too.
 */
function* grants(scope: ChannelScope, state: ChannelState): Iterable<Move<ChannelState>> {
  const { party, resumes, ledger, asked } = state
  if (resumes.length >= scope.grants) return
  const nonce = nonceOf(101 + resumes.length)
  for (const lostAt of [undefined, NOW]) {
    const signer = SIGNERS[party.role]
    const granted = grantResume(CHAIN, party, { nonce, lostAt }, signer, ledger.time)
    if (granted.kind !== 'granted') continue
    const { resume } = granted.answer
    const next = { ...state, resumes: [...resumes, resume] }
    const label = `signs resume ${resume.point.epoch - NOW}`
    if (!mustAskAsWell(granted.party, lostAt)) {
      yield* batch(scope, next, label, granted.party)
      continue
    }
    const asking = askToResume(granted.party, nonceOf(1 + asked), undefined)
    if (isRejection(asking)) continue
    const said = `${label}, asks as well`
    yield* batch(scope, { ...next, asked: asked + 1 }, said, asking as ChannelParty)
  }
}
