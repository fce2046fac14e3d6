import {
  type Channel,
  type ChannelParty,
  declineItem,
  draftChange,
  draftOwed,
  isRejection,
  learnLink,
  leave,
  noteOf,
  otherRole,
  seeLedger,
  seeReveal,
} from '@tallystick/protocol'
import { dutiesOf, forceCloseOperation } from '#client-sdk/guard/duties.js'
import { CHAIN, NOW, SIGNERS } from '../protocol/test-channel.js'
import { agreementMoves, checkAgreements } from './agreement-moves.js'
import { batch } from './channel-batch.js'
import {
  adds,
  type ChannelScope,
  type ChannelState,
  secretsOf,
  startOf,
  stateName,
} from './channel-state.js'
import { checkDispute } from './dispute-game.js'
import { isWaiting, laneName, linkAt, type Position } from './dispute-position.js'
import { applied, atTime, revealed, revealsOf } from './explored-ledger.js'
import { peerMoves } from './peer-moves.js'
import { resumeMoves } from './resume-moves.js'
import type { Move, World } from './search.js'

/*
 * One honest side, driven as its shells drive it, and a peer that may do anything: sign and send
 * whatever it can make up, withhold, reveal, and close at any moment. After every step of the honest
 * side its process may die, before what it did was stored or before anything of it has left.
 */

export function channelWorld(scope: ChannelScope): World<ChannelState> {
  const disputed = new Set<string>()
  return {
    name: scope.name,
    about: scope.about,
    start: startOf(scope),
    nameOf: stateName,
    describe: describeState,
    check: (state) => {
      checkAgreements(state, positionOf(scope, state))
      // Of several states with one dispute, one is enough.
      const name = stateName(disputedState(state))
      if (disputed.has(name)) return
      disputed.add(name)
      checkDispute(positionOf(scope, state), scope.game)
    },
    *moves(state) {
      if (!state.connected) {
        yield* peerMoves(scope, state)
        return
      }
      yield* honestMoves(scope, state)
      if (scope.leaves) yield* leaving(scope, state)
      yield* peerMoves(scope, state)
      if (scope.withdrawals || scope.closes) yield* agreementMoves(scope, state)
      if (scope.losses + scope.grants > 0) yield* resumeMoves(scope, state)
      yield* ledgerMoves(scope, state)
    },
  }
}

/** A state without what its dispute does not depend on: what may be said and agreed on later. */
function disputedState(state: ChannelState): ChannelState {
  const { phase } = state.party
  const party: ChannelParty = {
    ...state.party,
    ...{ unconfirmed: [], ackDue: false, withdrawing: undefined },
    // A close agreement may be held back, and its channel be closed by either side meanwhile.
    phase: phase.kind === 'agreed' ? { kind: 'open' } : phase,
  }
  const later = { connected: true, backup: undefined, losses: 0, asked: 0 }
  return { ...state, ...later, agreements: [], withdrawals: [], party }
}

export function positionOf({ honest, items }: ChannelScope, state: ChannelState): Position {
  const { party, signed, given, resumes, ledger, taken, atLoss } = state
  // Whose item it is has the links; what the honest side knows, it reveals itself where it should.
  const secrets = secretsOf(items.own)
  return { honest, party, signed, given, taken, resumes, atLoss, ledger, secrets }
}

function describeState({ party, ledger, given, signed }: ChannelState): string {
  const { own, peer, phase } = party
  const sent = given === signed.length ? '' : `, ${given} of ${signed.length} sent`
  return `time ${ledger.time - NOW}, own ${laneName(own)}, peer ${laneName(peer)}, ${phase.kind}${sent}`
}

function* honestMoves(scope: ChannelScope, state: ChannelState): Iterable<Move<ChannelState>> {
  const { party, ledger } = state
  if (isWaiting(party)) return
  for (const shape of scope.items.own) {
    const drafted = draftChange(party, adds(shape), ledger.time)
    if (!isRejection(drafted)) yield* batch(scope, state, `promises ${shape.name}`, drafted)
  }
  for (const { name, ticks } of scope.items.peer) {
    const [[, secret] = []] = secretsOf(scope.items.peer.filter((shape) => shape.name === name))
    const { id } = adds({ name, ticks, unit: 1n, expiry: 0 })
    if (secret === undefined || !party.peer.items.some((item) => item.id === id)) continue
    const declined = declineItem(party, id)
    if (!isRejection(declined)) yield* batch(scope, state, `asks to drop ${name}`, declined)
    if (noteOf(party, id).declined) continue
    for (let index = 1; index <= ticks; index++) {
      const learnt = learnLink(party, id, linkAt(secret, index))
      if (isRejection(learnt) || learnt === party) continue
      yield* batch(scope, state, `claims link ${index} of ${name}`, learnt)
    }
  }
}

/** Either side closes by what it has signed last: from here on nothing is signed (CH-6.6). */
function* leaving(scope: ChannelScope, state: ChannelState): Iterable<Move<ChannelState>> {
  const { party, ledger } = state
  const left = leave(party)
  const alone = applied(ledger, forceCloseOperation(left), [SIGNERS[party.role].publicKey])
  if (!isRejection(alone)) {
    yield* batch(scope, { ...state, ledger: alone }, 'leaves', left)
  }
  const by = otherRole(party.role)
  const peer = state.signed.at(-1)
  const asserted = { kind: 'forceClose', by, own: party.peer, unsure: false, peer } as const
  const { number: channel } = party.ledger
  const operation = { ...asserted, channel, resume: undefined }
  const closed = applied(ledger, operation, [SIGNERS[by].publicKey])
  if (isRejection(closed)) return
  const seen = seeLedger(party, closed.channels.get(channel), closed.time)
  yield* batch(scope, { ...state, ledger: closed }, 'sees that the peer has closed', seen)
}

/** What the ledger does: links become public, time passes. */
function* ledgerMoves(scope: ChannelScope, state: ChannelState): Iterable<Move<ChannelState>> {
  const { ledger } = state
  for (const [anchor, secret] of secretsOf(scope.items.own)) {
    if (!state.signed.some(({ lane }) => lane.items.some((item) => item.anchor === anchor)))
      continue
    for (let index = 1; index <= secret.index; index++) {
      const known = linkAt(secret, index)
      const after = revealed(ledger, known)
      if (after === ledger) continue
      const seen = seeReveal(state.party, { anchor, known, time: ledger.time }, ledger.time)
      const label = `link ${index} of ${anchor.slice(0, 4)} is revealed`
      yield* batch(scope, { ...state, ledger: after }, label, seen.party)
    }
  }
  const later = scope.times.find((time) => NOW + time > ledger.time)
  if (later !== undefined) yield* timeMoves(scope, withOwnReveals(state), later)
}

/** The guard makes public what is pressing before time goes on (DSP-8). */
function withOwnReveals(state: ChannelState): ChannelState {
  let { ledger, party } = state
  for (const duty of dutiesOf(party, CHAIN, ledger.time, revealsOf(ledger))) {
    if (duty.kind !== 'reveal') continue
    ledger = revealed(ledger, duty.reveal)
    const reveal = { anchor: duty.anchor, known: duty.reveal, time: ledger.time }
    party = seeReveal(party, reveal, ledger.time).party
  }
  return { ...state, ledger, party }
}

function* timeMoves(
  scope: ChannelScope,
  state: ChannelState,
  time: number,
): Iterable<Move<ChannelState>> {
  const ledger = atTime(state.ledger, NOW + time)
  const channel: Channel | undefined = ledger.channels.get(state.party.ledger.number)
  let party = seeLedger(state.party, channel, ledger.time)
  // Tried at every time: when an item may be taken back, the rules of the lane decide.
  for (const item of party.own.items) {
    const drafted = draftChange(party, { kind: 'expire', id: item.id }, ledger.time)
    if (!isRejection(drafted)) party = drafted
  }
  yield* batch(scope, { ...state, ledger }, `it is ${time}`, draftOwed(party, ledger.time))
}
