import { type Channel, type Closing, type ClosingChannel, isClosing } from '../ledger/channel.js'
import type { ChainId } from '../ledger/identifiers.js'
import { type Amount, amount, ZERO } from '../primitives/amount.js'
import { compareBytes, equalBytes } from '../primitives/bytes.js'
import { type Rejection, reject } from '../primitives/outcome.js'
import { addSeconds, type Timestamp } from '../primitives/time.js'
import { balanceProofDigest } from './balance-proof.js'
import { type Evidence, verifyEvidence } from './evidence.js'
import { compareVersions, LANE_START, type LaneState, lockedOf } from './lane-state.js'
import { isSolvent, paidSoFar, type RevealLookup, settlementBounds } from './settlement.js'
import { otherRole, type Role } from './side.js'

/** A lane state together with its payer's signature. */
export type SignedLane = { readonly lane: LaneState; readonly evidence: Evidence }

/** What one side asserts when it closes a channel alone. */
export type Assertion = {
  readonly by: Role
  /** Its own lane; its signature under the transaction vouches for it. */
  readonly own: LaneState
  /** Whether it may have signed later states of its lane, which it has lost (DSP-9). */
  readonly unsure: boolean
  /** The proof of the other side that it chose; absent: the other side never signed one. */
  readonly peer: SignedLane | undefined
}

export type DisputeRejection = Rejection<
  | 'channel_closing'
  | 'channel_not_closing'
  | 'unsure_not_allowed'
  | 'lane_start_malformed'
  | 'bad_proof_signature'
  | 'proofs_contradict'
  | 'proofs_insolvent'
  | 'window_closed'
  | 'window_open'
  | 'challenge_not_relevant'
  | 'challenge_not_newer'
  | 'own_proof_too_old'
  | 'finalize_out_of_order'
  | 'nothing_decided'
>

/**
 * Starts the dispute window (DSP-2, DSP-3). Refused at once when the two lanes contradict each
 * other: one acks what the other has not reached, or a payout would be negative. An unsure close
 * (DSP-9) may fit together less well: what it lacks of its own lane is for the other side to show.
 */
export function forceClose(
  chainId: ChainId,
  channel: Channel,
  assertion: Assertion,
  now: Timestamp,
): ClosingChannel | DisputeRejection {
  if (isClosing(channel)) {
    return reject('channel_closing', `channel ${channel.number} is closing; challenge it instead`)
  }
  const { by, own, unsure } = assertion
  if (unsure && by === 'hub') {
    return reject('unsure_not_allowed', 'a hub is expected to know its own lane; a client may not')
  }
  if (own.version === 0 && !isLaneStart(own)) {
    return reject('lane_start_malformed', 'a lane of version 0 has promised nothing')
  }
  const peer = assertion.peer?.lane ?? LANE_START
  const unsigned = checkSignedLane(chainId, channel, otherRole(by), assertion.peer)
  if (unsigned !== undefined) return unsigned
  if (own.acked > peer.version || (!unsure && peer.acked > own.version)) {
    return reject(
      'proofs_contradict',
      `versions ${own.version} and ${peer.version} ack ${own.acked} and ${peer.acked} of each other`,
    )
  }
  const lanes = by === 'client' ? { client: own, hub: peer } : { client: peer, hub: own }
  if (!unsure && !isSolvent(channel, lanes)) {
    return reject('proofs_insolvent', 'the two lanes promise more than the channel can pay')
  }
  return { ...channel, status: forceCloseStatus(chainId, channel, assertion, peer, now) }
}

function forceCloseStatus(
  chainId: ChainId,
  channel: Channel,
  { by, own, unsure }: Assertion,
  peer: LaneState,
  now: Timestamp,
): ClosingChannel['status'] {
  const { epoch, version, acked, transferred } = own
  const digest = balanceProofDigest(chainId, channel.id, by, own)
  const { disputeWindowSeconds, unsureWindowSeconds } = channel.terms
  return {
    kind: 'closing',
    by,
    deadline: addSeconds(now, unsure ? unsureWindowSeconds : disputeWindowSeconds),
    unsure,
    asserted: { epoch, version, acked, transferred, digest },
    chosenVersion: peer.version,
    chosenAcked: peer.acked,
    chosenTransferred: peer.transferred,
    challenged: false,
    penalized: false,
    closerLane: own,
    otherLane: peer,
    paidClient: ZERO,
    paidHub: ZERO,
    finalizes: 0,
  }
}

/** What the other side answers with: a proof signed by the closing side, and maybe its own newer. */
export type Challenge = {
  readonly proof: SignedLane
  /** The challenger's own lane in place of the one that the closing side chose (DSP-5). */
  readonly own: LaneState | undefined
}

/**
 * Answers a force close (DSP-4, DSP-5). The caller has checked that the side that did not close
 * signed the transaction. Any order of the same challenges leads to the same state.
 */
export function challenge(
  chainId: ChainId,
  channel: Channel,
  { proof, own }: Challenge,
  now: Timestamp,
): ClosingChannel | DisputeRejection {
  if (!isClosing(channel)) {
    return reject('channel_not_closing', `channel ${channel.number} has no force close to answer`)
  }
  const { status } = channel
  if (now > status.deadline) {
    return reject('window_closed', `ledger time is ${now}, the window ended at ${status.deadline}`)
  }
  const unsigned = checkSignedLane(chainId, channel, status.by, proof)
  if (unsigned !== undefined) return unsigned
  const digest = balanceProofDigest(chainId, channel.id, status.by, proof.lane)
  if (equalBytes(digest, status.asserted.digest)) {
    return reject('challenge_not_newer', 'this is what the closing side asserted itself')
  }
  // Whoever was unsure has not claimed that there is nothing newer: that is no lie.
  const stale = !status.unsure && isStale(status.asserted, proof.lane, digest)
  if (!stale && proof.lane.version < status.chosenAcked) {
    return reject(
      'challenge_not_relevant',
      `the challenger gave up versions before ${status.chosenAcked} of this lane`,
    )
  }
  if (own !== undefined && !mayReplaceOwn(status, stale, proof.lane, own)) {
    return reject(
      'own_proof_too_old',
      'an own proof goes with one that gives up the chosen one, succeeds that, and is as new as was acked',
    )
  }
  const later = (payer: Role, a: LaneState, b: LaneState) =>
    laterLane(chainId, channel, payer, a, b)
  const next: Closing = {
    ...status,
    challenged: true,
    penalized: status.penalized || stale,
    closerLane: status.challenged ? later(status.by, status.closerLane, proof.lane) : proof.lane,
    otherLane:
      own === undefined ? status.otherLane : later(otherRole(status.by), status.otherLane, own),
  }
  if (
    status.challenged &&
    next.penalized === status.penalized &&
    next.closerLane === status.closerLane &&
    next.otherLane === status.otherLane
  ) {
    return reject('challenge_not_newer', `version ${status.closerLane.version} is shown already`)
  }
  return { ...channel, status: { kind: 'closing', ...next } }
}

/** Whether the closing side, having signed `shown`, contradicted it by what it asserted (DSP-4). */
export function isStale(
  asserted: Closing['asserted'],
  shown: LaneState,
  shownDigest: Uint8Array,
): boolean {
  const order = compareVersions(shown, asserted)
  return (
    order > 0 ||
    shown.transferred > asserted.transferred ||
    shown.acked > asserted.acked ||
    (order === 0 && !equalBytes(shownDigest, asserted.digest))
  )
}

function mayReplaceOwn(status: Closing, stale: boolean, shown: LaneState, own: LaneState): boolean {
  const { unsure, chosenVersion } = status
  return (
    // Of an unsure side there is no lie to show, only that it had given up what it chose.
    (stale || (unsure && shown.acked > chosenVersion)) &&
    own.version >= shown.acked &&
    own.version > chosenVersion &&
    own.acked >= status.chosenAcked &&
    own.transferred >= status.chosenTransferred
  )
}

/** A total order over what can be shown of a lane, so that the order of arrival never matters. */
function laterLane(
  chainId: ChainId,
  channel: ClosingChannel,
  payer: Role,
  held: LaneState,
  offered: LaneState,
): LaneState {
  const digest = (lane: LaneState) => balanceProofDigest(chainId, channel.id, payer, lane)
  const worth = (lane: LaneState) => lane.transferred + lockedOf(lane)
  const order =
    compareVersions(offered, held) ||
    Number(worth(offered) - worth(held)) ||
    compareBytes(digest(offered), digest(held))
  return order > 0 ? offered : held
}

/** What one finalize pays, and the channel that is left; `undefined` once it is settled. */
export type Finalized = {
  readonly kind: 'finalized'
  readonly client: Amount
  readonly hub: Amount
  readonly rest: ClosingChannel | undefined
}

/**
 * Pays what is decided after the window (DSP-7). Items that still wait for a reveal or their expiry
 * stay; `part` counts the finalizes of this channel, so that no two of them are the same.
 */
export function finalize(
  channel: Channel,
  part: number,
  revealedBy: RevealLookup,
  now: Timestamp,
): Finalized | DisputeRejection {
  if (!isClosing(channel)) {
    return reject('channel_not_closing', `channel ${channel.number} is open`)
  }
  const { status } = channel
  if (now <= status.deadline) {
    return reject('window_open', `ledger time is ${now}, the window ends after ${status.deadline}`)
  }
  if (part !== status.finalizes) {
    return reject('finalize_out_of_order', `part ${status.finalizes} is the next, not ${part}`)
  }
  const bounds = settlementBounds(channel, revealedBy, now)
  const due = (role: Role) => amount(bounds[role].least - paidSoFar(status, role))
  const [client, hub] = [due('client'), due('hub')]
  const settled = bounds.client.least === bounds.client.most
  if (!settled && client === 0n && hub === 0n) {
    return reject('nothing_decided', 'all that is left waits for a reveal or an expiry')
  }
  const rest: ClosingChannel = {
    ...channel,
    status: {
      ...status,
      paidClient: amount(bounds.client.least),
      paidHub: amount(bounds.hub.least),
      finalizes: part + 1,
    },
  }
  return { kind: 'finalized', client, hub, rest: settled ? undefined : rest }
}

function checkSignedLane(
  chainId: ChainId,
  channel: Channel,
  payer: Role,
  signed: SignedLane | undefined,
): DisputeRejection | undefined {
  if (signed === undefined) return undefined
  const digest = balanceProofDigest(chainId, channel.id, payer, signed.lane)
  return verifyEvidence(chainId, channel[payer].key, digest, signed.evidence)
    ? undefined
    : reject('bad_proof_signature', `the ${payer} of channel ${channel.number} did not sign this`)
}

function isLaneStart(lane: LaneState): boolean {
  return lane.epoch === 0 && lane.acked === 0 && lane.transferred === 0n && lane.items.length === 0
}
