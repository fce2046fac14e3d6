import {
  type Anchor,
  balanceProofDigest,
  type Challenge,
  type ChannelParty,
  channelTotal,
  claimableOf,
  equalBytes,
  isClosing,
  isGivenUp,
  isRejection,
  LANE_START,
  type LaneState,
  laneHead,
  lockedOf,
  noteOf,
  type OperationOf,
  otherRole,
  type PendingItem,
  type ResumePoint,
  type Role,
  seeLedger,
  sideStake,
} from '@tallystick/protocol'
import { dutiesOf, forceCloseOperation } from '#client-sdk/guard/duties.js'
import { CHAIN, evidenceOf, SIGNERS } from '../protocol/test-channel.js'
import {
  bribedWords,
  challengesOfPeersGuard,
  forgedAppointment,
  towerAnswer,
} from './dispute-guards.js'
import { assertions, forgedProofs, forgedResumes, replacements } from './dispute-lies.js'
import {
  challengeName,
  channelOf,
  closingOf,
  type Future,
  isWaiting,
  laneName,
  type Position,
} from './dispute-position.js'
import { payout } from './dispute-settlement.js'
import { applied, atTime, type ExploredLedger, revealed, revealsOf } from './explored-ledger.js'
import { Violation } from './search.js'

/*
 * A dispute as a game. Either side may close; the peer asserts, shows and reveals whatever it can,
 * the honest side does what its guard says, and the ledger's own core decides. What the honest side
 * is paid at worst is compared with its books, future by future: a future says which links become
 * public at the last moment.
 */

export type GameRules = {
  /** Whether the honest side answers at once, or in the last second of the window. */
  readonly answers: 'atOnce' | 'inTheLastSecond'
  /** Whether guards speak as well: an honest one instead of its sleeping owner, a bribed one first. */
  readonly guards: boolean
}

/** Throws `Violation` if the honest side may end with less than its books say, in any future. */
export function checkDispute(position: Position, rules: GameRules): void {
  const channel = channelOf(position)
  if (isClosing(channel)) return
  const futures = futuresOf(position)
  const books = futures.map((future) => bookBalance(position, future))
  for (const { how, closing, punished } of outcomes(position, rules)) {
    for (const [i, future] of futures.entries()) {
      const due = punished ? channelTotal(channel) : (books[i] ?? 0n)
      const paid = payout(position, closing, future)
      if (paid >= due) continue
      throw new Violation(
        `INV-4 INV-5 the ${position.honest} is paid ${paid} of ${due}: ${how}; ` +
          `revealed in the end: ${[...future.values()].join(' ') || 'nothing'}`,
      )
    }
  }
}

/** The least that the honest side is paid in one future, whoever closes; for sums over channels. */
export function worstPayout(position: Position, rules: GameRules, future: Future): bigint {
  let worst: bigint | undefined
  for (const { closing } of outcomes(position, rules)) {
    const paid = payout(position, closing, future)
    if (worst === undefined || paid < worst) worst = paid
  }
  return worst ?? 0n
}

type Outcome = {
  readonly how: string
  readonly closing: ExploredLedger
  /** Whether the peer has lied, and loses all for it: the whole channel goes to the honest side. */
  readonly punished?: boolean
}

function* outcomes(position: Position, rules: GameRules): Iterable<Outcome> {
  yield* closedByHonest(position, rules)
  yield* closedByPeer(position, rules)
}

/** What the honest side is due by its books in a future, base units. */
export function bookBalance(position: Position, future: Future): bigint {
  const { party, ledger, honest, signed } = position
  if (party.lostAt !== undefined) return leastAfterLoss(position, position.atLoss ?? party)
  const { own, peer } = party
  const lookup = revealsOf(ledger)
  const linkOf = ({ anchor, expiry }: PendingItem, known: number) => {
    const certain = lookup(anchor, expiry)
    return ledger.time > expiry ? certain : Math.max(certain, future.get(anchor) ?? 0, known)
  }
  const claims = (items: readonly PendingItem[], known: (item: PendingItem) => number) =>
    items.reduce((sum, item) => sum + claimableOf(item, linkOf(item, known(item))), 0n)
  // Who asked to drop an item counts on it no more; who was asked owes it until the peer has acked.
  const won = peer.items.filter(({ id }) => !noteOf(party, id).declined)
  const cancelled = party.cancelling.flatMap(({ id }) => {
    const lane = signed.findLast(({ lane: { items } }) => items.some((item) => item.id === id))
    return lane?.lane.items.filter((item) => item.id === id) ?? []
  })
  return (
    sideStake(channelOf(position)[honest]) +
    peer.transferred +
    claims(won, ({ id }) => noteOf(party, id).known?.index ?? 0) -
    own.transferred -
    claims([...own.items, ...cancelled], () => 0)
  )
}

/**
 * Who has lost data has no books: it loses at most what it ever promised, and what it was paid by
 * proofs that it lost (CH-18). What it held then is its own unless it has acked a later one (DSP-9), or
 * had given it up by a resume that it has forgotten; what it was shown since is no more than a word.
 */
function leastAfterLoss(position: Position, atLoss: ChannelParty): bigint {
  const { ledger, honest, signed, given, resumes } = position
  const promised = signed.map(({ lane }) => lane.transferred + lockedOf(lane))
  const most = promised.reduce((a, b) => (a > b ? a : b), 0n)
  const isNewest = signed.slice(0, given).every(({ lane }) => lane.acked <= atLoss.peer.version)
  const head = laneHead(CHAIN, atLoss.ledger, otherRole(honest), atLoss.peer)
  const isForgotten = resumes.some(({ point }) => isGivenUp(head, point))
  const won = isNewest && !isForgotten ? atLoss.peer.items : []
  const claims = won.map((item) => {
    const { known, declined } = noteOf(atLoss, item.id)
    const isOpen = !declined && ledger.time <= item.expiry
    return claimableOf(item, isOpen ? (known?.index ?? 0) : 0)
  })
  const held = claims.reduce((a, b) => a + b, BigInt(atLoss.peer.transferred))
  const least = sideStake(channelOf(position)[honest]) + held - most
  return least < 0n ? 0n : least
}

/** Every choice of links that the peer could still make public. */
export function futuresOf({ party, signed, secrets, ledger }: Position): readonly Future[] {
  const items = [...party.own.items, ...party.peer.items, ...signed.flatMap((s) => s.lane.items)]
  const ticks = new Map<Anchor, number>()
  for (const { anchor, expiry } of items) {
    const most = secrets.get(anchor)?.index ?? 0
    if (ledger.time <= expiry && most > revealsOf(ledger)(anchor, expiry)) ticks.set(anchor, most)
  }
  let futures: Future[] = [new Map()]
  for (const [anchor, most] of ticks) {
    const links = Array.from({ length: most + 1 }, (_, index) => index)
    futures = futures.flatMap((future) => links.map((link) => new Map([...future, [anchor, link]])))
  }
  return futures
}

/** The honest side leaves by what it knows, or, if it has lost data, by less of its own lane. */
function* closedByHonest(position: Position, rules: GameRules): Iterable<Outcome> {
  const { honest, party } = position
  const hasLost = party.lostAt !== undefined
  // A hub that lost data has to wait: it is expected to know its own lane (DSP-9).
  if (hasLost && honest === 'hub') return
  yield* leftBy(position, rules, party)
  if (!hasLost || party.own.version === 0) return
  yield* leftBy(position, rules, { ...party, own: LANE_START, ownResume: undefined })
}

/** The peer answers with everything it was ever given, by every rule. */
function* leftBy(position: Position, rules: GameRules, party: ChannelParty): Iterable<Outcome> {
  const { honest, ledger } = position
  const operation = forceCloseOperation({ ...party, ledger: channelOf(position) })
  const closing = applied(ledger, operation, [SIGNERS[honest].publicKey])
  if (isRejection(closing)) {
    throw new Violation(`INV-4 the ${honest} cannot leave: ${closing.code}, ${closing.detail}`)
  }
  const quiet = afterDuties(position, closing, party)
  yield { how: `the ${honest} leaves, nobody answers`, closing: quiet }
  const peer = otherRole(honest)
  const closed = closingOf(closing, position.party.ledger.number)
  for (const shown of peerChallenges(position, rules)) {
    const challenge = { kind: 'challenge', channel: closed.number, ...shown } as const
    const signers = shown.guard?.appointment.guardKey ?? SIGNERS[peer].publicKey
    const answered = applied(closing, challenge, [signers])
    const how = `the ${honest} leaves, the ${peer} shows ${challengeName(shown)}`
    checkLate(position, closing, challenge, how)
    if (isRejection(answered)) continue
    if (closingOf(answered, closed.number).status.penalized) {
      throw new Violation(`DSP-4 an honest side is shown to have lied: ${how}`)
    }
    yield { how, closing: afterDuties(position, answered, party) }
  }
}

/** INV-14: what was settled at the deadline is settled. */
function checkLate(
  position: Position,
  closing: ExploredLedger,
  challenge: OperationOf<'challenge'>,
  how: string,
): void {
  const { deadline } = closingOf(closing, position.party.ledger.number).status
  const signers = [SIGNERS.client.publicKey, SIGNERS.hub.publicKey]
  if (isRejection(applied(atTime(closing, deadline + 1), challenge, signers))) return
  throw new Violation(`INV-14 a challenge counts after the window: ${how}`)
}

function* peerChallenges(position: Position, rules: GameRules): Iterable<Challenge> {
  const { party, signed, given, resumes } = position
  const proofs = signed.slice(0, given)
  const lanes = replacements(party)
  for (const proof of forgedProofs(position)) {
    yield { proof, own: undefined, resume: undefined, guard: undefined }
  }
  for (const proof of proofs) {
    yield { proof, own: undefined, resume: undefined, guard: undefined }
    for (const own of lanes) yield { proof, own, resume: undefined, guard: undefined }
  }
  for (const resume of resumes) {
    for (const own of lanes) {
      for (const proof of [undefined, ...proofs]) yield { proof, own, resume, guard: undefined }
    }
  }
  if (rules.guards) yield* challengesOfPeersGuard(position, lanes)
}

/** The peer closes with any lane that it could sign and any proof that it has. */
function* closedByPeer(position: Position, rules: GameRules): Iterable<Outcome> {
  const { honest, signed, given, resumes, ledger } = position
  const by = otherRole(honest)
  const { number: channel } = channelOf(position)
  const forged = forgedProofs(position)
  for (const peer of [undefined, ...signed.slice(0, given), ...forged]) {
    let first = true
    for (const resume of [undefined, ...resumes, ...forgedResumes(position)]) {
      const isForged =
        (resume !== undefined && !resumes.includes(resume)) ||
        (peer !== undefined && forged.includes(peer))
      // What nobody has signed is refused whatever is asserted beside it.
      const lanes = isForged
        ? [LANE_START, position.party.peer]
        : assertions(position, peer?.lane ?? LANE_START, resume)
      for (const own of lanes) {
        for (const unsure of by === 'client' || own.version === 0 ? [false, true] : [false]) {
          const operation = { kind: 'forceClose', by, own, unsure, resume, peer, channel } as const
          const closing = applied(ledger, operation, [SIGNERS[by].publicKey])
          if (isRejection(closing)) continue
          const how =
            `the ${by} closes ${unsure ? 'unsure ' : ''}by ${laneName(own)} ` +
            `with ${peer === undefined ? 'no proof' : laneName(peer.lane)}`
          checkAsserted(position, operation, how)
          yield* answeredBy(position, rules, { closing, operation, how, first })
          first = false
        }
      }
    }
  }
}

type PeersClose = {
  readonly closing: ExploredLedger
  readonly operation: OperationOf<'forceClose'>
  readonly how: string
  /** Whether it is the first with this proof: what does not depend on the rest is tried once. */
  readonly first: boolean
}

function* answeredBy(
  position: Position,
  rules: GameRules,
  { closing, operation, how, first }: PeersClose,
): Iterable<Outcome> {
  const { party } = position
  const answered = afterDuties(position, closing, party, rules)
  const punished = checkPenalty(position, answered, operation, how)
  yield { how, closing: answered, punished }
  if (first) {
    checkWindow(position, closing, how)
    yield* accomplices(position, answered, how)
  }
  if (!rules.guards) return
  yield* otherOrders(position, { closing, operation, how, first }, answered, punished)
  const watched = ownReveals(position, towerAnswer(position, closing))
  yield { how: `${how}, its tower answers`, closing: watched }
  for (const bribed of bribedWords(position, closing)) {
    const late = afterDuties(position, bribed, party, rules)
    const { challenged, replaced } = closingOf(late, party.ledger.number).status
    // Where its owner leaves the answer to it, even a bribed guard has earned its bounty.
    const answered = challenged || replaced
    const said = `${how}, a bribed guard speaks first`
    yield { how: said, closing: late, punished: punished && answered }
  }
}

/** The honest side's word stands whatever it, or a copy of it, shows before or after (INV-11). */
function* otherOrders(
  position: Position,
  { closing, how }: PeersClose,
  answered: ExploredLedger,
  punished: boolean,
): Iterable<Outcome> {
  const { honest, party, taken } = position
  const signers = [SIGNERS[honest].publicKey]
  // Where it is better to leave what was asserted alone, a copy leaves it as well.
  if (!closingOf(answered, party.ledger.number).status.challenged) return
  for (const proof of taken.slice(0, -1)) {
    const shown = { proof, own: undefined, resume: undefined, guard: undefined }
    const challenge = { kind: 'challenge', channel: party.ledger.number, ...shown } as const
    const after = applied(answered, challenge, signers)
    if (!isRejection(after))
      yield { how: `${how}, an older proof after it`, closing: after, punished }
    const before = applied(closing, challenge, signers)
    if (isRejection(before)) continue
    const late = afterDuties(position, before, party)
    yield { how: `${how}, an older proof before it`, closing: late, punished }
  }
}

/** A guard challenges only: links are for their owner to reveal (DSP-12). */
function ownReveals({ party }: Position, closing: ExploredLedger): ExploredLedger {
  const seen = seeLedger(party, closing.channels.get(party.ledger.number), closing.time)
  const duties = dutiesOf(seen, CHAIN, closing.time, revealsOf(closing))
  return duties.reduce(
    (ledger, duty) => (duty.kind === 'reveal' ? revealed(ledger, duty.reveal) : ledger),
    closing,
  )
}

/** DSP-3: what was taken fits together. */
function checkAsserted(
  position: Position,
  { by, own, unsure, peer: chosen }: OperationOf<'forceClose'>,
  how: string,
): void {
  // Nothing that was signed is later than an epoch that is made up: no lie under it would show.
  if (own.epoch > 0 && !position.resumes.some(({ point }) => isOfEpoch(own, point))) {
    throw new Violation(`DSP-10 an epoch that nobody granted is asserted: ${how}`)
  }
  if (unsure && by === 'hub') throw new Violation(`DSP-9 a hub may be unsure: ${how}`)
  if (unsure) return
  const peer = chosen?.lane ?? LANE_START
  const channel = channelOf(position)
  const left = (role: Role, paying: LaneState, paid: LaneState) =>
    sideStake(channel[role]) + paid.transferred - paying.transferred - lockedOf(paying)
  const fits =
    own.acked <= peer.version &&
    peer.acked <= own.version &&
    left(by, own, peer) >= 0n &&
    left(otherRole(by), peer, own) >= 0n
  if (!fits) throw new Violation(`DSP-3 what does not fit together is taken: ${how}`)
}

function isOfEpoch({ epoch, resumeNonce }: LaneState, point: ResumePoint): boolean {
  return epoch === point.epoch && resumeNonce !== undefined && equalBytes(resumeNonce, point.nonce)
}

/** DSP-7: nothing is paid before the honest side had its time. */
function checkWindow(position: Position, closing: ExploredLedger, how: string): void {
  const { number, status } = closingOf(closing, position.party.ledger.number)
  const finalize = { kind: 'finalize', channel: number, part: 0 } as const
  if (isRejection(applied(atTime(closing, status.deadline), finalize, []))) return
  throw new Violation(`DSP-7 finalized inside the window: ${how}`)
}

/** DSP-4: who asserts what the honest side can contradict is marked; DSP-9: the unsure are not. */
function checkPenalty(
  position: Position,
  answered: ExploredLedger,
  asserted: { readonly own: LaneState; readonly unsure: boolean },
  how: string,
): boolean {
  const { party, honest, resumes } = position
  const { peer } = party
  const channel = channelOf(position)
  const { own, unsure } = asserted
  // What resumes add to lies, the game itself shows (DSP-10).
  const isResumed = isWaiting(party) || party.ownResume !== undefined
  if (resumes.length > 0 || isResumed) return false
  const { status } = closingOf(answered, channel.number)
  const by = otherRole(honest)
  const digest = (lane: LaneState) =>
    Buffer.from(balanceProofDigest(CHAIN, channel.id, by, lane)).toString('latin1')
  const isLie =
    peer.version > 0 &&
    peer.epoch === own.epoch &&
    (peer.version > own.version ||
      peer.transferred > own.transferred ||
      peer.acked > own.acked ||
      (peer.version === own.version && digest(peer) !== digest(own)))
  const { clientPenaltyPpm, hubPenaltyPpm } = channel.terms
  const rate = by === 'client' ? clientPenaltyPpm : hubPenaltyPpm
  if (status.penalized === (isLie && !unsure)) return status.penalized && rate === 1_000_000
  throw new Violation(`DSP-4 penalized: ${status.penalized}, lied: ${isLie}: ${how}`)
}

/** The peer, or a guard that it appointed itself, speaks in the honest side's place (INV-13). */
function* accomplices(
  position: Position,
  answered: ExploredLedger,
  how: string,
): Iterable<Outcome> {
  const { honest, party } = position
  const peer = otherRole(honest)
  const { number, id } = channelOf(position)
  const lane = { ...LANE_START, version: party.peer.version + 2, acked: party.peer.acked }
  const digest = balanceProofDigest(CHAIN, id, peer, lane)
  const proof = { lane, evidence: evidenceOf(digest, SIGNERS[peer]) }
  const alone = { proof, own: undefined, resume: undefined, guard: undefined }
  for (const shown of [alone, forgedAppointment(position, proof)]) {
    const challenge = { kind: 'challenge', channel: number, ...shown } as const
    const signer = shown.guard?.appointment.guardKey ?? SIGNERS[peer].publicKey
    const next = applied(answered, challenge, [signer])
    if (isRejection(next)) continue
    if (shown.guard !== undefined) {
      throw new Violation(`DSP-11 a guard that nobody has appointed is heard: ${how}`)
    }
    yield { how: `${how}, an accomplice answers`, closing: next }
  }
}

/** The ledger after the honest side has met a dispute and done what is due, until nothing is. */
function afterDuties(
  position: Position,
  closing: ExploredLedger,
  party: ChannelParty,
  { answers, guards }: GameRules = { answers: 'atOnce', guards: false },
): ExploredLedger {
  const knowsNothing = party.incoming.every(({ known }) => known === undefined)
  const { honest } = position
  const first = closingOf(closing, position.party.ledger.number)
  let ledger = answers === 'atOnce' ? closing : atTime(closing, first.status.deadline)
  for (let round = 0; round < 6; round++) {
    const seen = seeLedger(party, ledger.channels.get(first.number), ledger.time)
    const [due] = dutiesOf(seen, CHAIN, ledger.time, revealsOf(ledger)).filter(
      ({ kind }) => kind !== 'finalize',
    )
    if (due === undefined) return ledger
    switch (due.kind) {
      case 'reveal':
        ledger = revealed(ledger, due.reveal)
        break
      case 'challenge': {
        const answered = applied(ledger, due.operation, [SIGNERS[honest].publicKey])
        if (isRejection(answered)) {
          throw new Violation(`DSP-8 the guard's challenge is refused: ${answered.code}`)
        }
        ledger = answered
        // Who knows no link has nothing more to do; where guards speak as well, that is looked up.
        if (!guards && knowsNothing) return ledger
        break
      }
      case 'finalize':
        return ledger
    }
  }
  throw new Violation('DSP-8 a duty that was done is due again')
}
