import {
  type AppointmentTerms,
  amount,
  balanceProofDigest,
  type Challenge,
  type ChallengeGuard,
  type Channel,
  entrust,
  isRejection,
  keyLock,
  LANE_START,
  type LaneState,
  lockRoot,
  otherRole,
  type Role,
  type SignedLane,
  signAppointment,
  TIMESTAMP_MAX,
} from '@tallystick/protocol'
import { entrustedChallenge } from '#client-sdk/guard/entrusted-challenge.js'
import { CHAIN, evidenceOf, SIGNERS, testSigner } from '../protocol/test-channel.js'
import { channelOf, closingOf, type Position } from './dispute-position.js'
import { applied, type ExploredLedger, revealsOf } from './explored-ledger.js'
import { Violation } from './search.js'

/*
 * Guards in the game: the tower of an honest side that sleeps, and a guard of it that the peer has
 * bribed, which knows all that its owner ever handed out and says what suits the peer.
 */

const GUARD = testSigner(77)

/** The dearest guard that there is: all of a penalty is its own. */
const TERMS: AppointmentTerms = {
  guardKey: GUARD.publicKey,
  bounty: { ppm: 1_000_000, payoutLock: lockRoot(keyLock(GUARD.publicKey)) },
  validUntil: TIMESTAMP_MAX,
}

/** The ledger after the tower of the honest side, which sleeps, has done what is due. */
export function towerAnswer(position: Position, closing: ExploredLedger): ExploredLedger {
  const { honest, party } = position
  const channel = closingOf(closing, party.ledger.number)
  const kept = entrust(CHAIN, party, TERMS, SIGNERS[honest])
  const context = { chainId: CHAIN, now: closing.time, revealedBy: revealsOf(closing) }
  const due = entrustedChallenge(kept, channel, context)
  if (due === undefined) return closing
  const answered = applied(closing, due, [GUARD.publicKey])
  if (!isRejection(answered)) return answered
  throw new Violation(`DSP-12 the tower's challenge is refused: ${answered.code}`)
}

/** What a bribed guard may bring before the honest side answers a force close of the peer. */
export function* bribedWords(
  position: Position,
  closing: ExploredLedger,
): Iterable<ExploredLedger> {
  const { honest, party, signed } = position
  const channel = closingOf(closing, party.ledger.number)
  const peer = otherRole(honest)
  const { version, acked } = party.peer
  const lies: LaneState[] = [
    { ...LANE_START, version: version + 3, acked },
    { ...party.peer, version: version + 3, transferred: amount(party.peer.transferred + 1n) },
  ]
  const proofs = lies.map((lane) => signedBy(channel, peer, lane))
  for (const proof of proofs) {
    for (const own of [undefined, ...signed.slice(-1).map(({ lane }) => lane)]) {
      const guard = guardOf(channel, honest, own)
      const shown = { proof, own, resume: undefined, guard }
      const challenge = { kind: 'challenge', channel: channel.number, ...shown } as const
      const answered = applied(closing, challenge, [GUARD.publicKey])
      if (!isRejection(answered)) yield answered
    }
  }
}

/** What the peer's own guard may bring when the honest side has closed. */
export function* challengesOfPeersGuard(
  position: Position,
  lanes: readonly LaneState[],
): Iterable<Challenge> {
  const channel = channelOf(position)
  const peer = otherRole(position.honest)
  for (const proof of position.signed.slice(0, position.given)) {
    for (const own of [undefined, ...lanes]) {
      yield { proof, own, resume: undefined, guard: guardOf(channel, peer, own) }
    }
  }
}

/** A guard that nobody has appointed, but the peer itself, speaks in the honest side's name. */
export function forgedAppointment(position: Position, proof: SignedLane): Challenge {
  const { honest } = position
  const channel = channelOf(position)
  const forger = SIGNERS[otherRole(honest)]
  const appointment = signAppointment(CHAIN, channel, honest, TERMS, forger)
  const guard = { appointment, ownEvidence: undefined }
  return { proof, own: undefined, resume: undefined, guard }
}

function guardOf(channel: Channel, owner: Role, own: LaneState | undefined): ChallengeGuard {
  const appointment = signAppointment(CHAIN, channel, owner, TERMS, SIGNERS[owner])
  return { appointment, ownEvidence: own && signedBy(channel, owner, own).evidence }
}

function signedBy(channel: Channel, payer: Role, lane: LaneState): SignedLane {
  const digest = balanceProofDigest(CHAIN, channel.id, payer, lane)
  return { lane, evidence: evidenceOf(digest, SIGNERS[payer]) }
}
