import type { ChainId, ItemId } from '../ledger/identifiers.js'
import { keep } from '../primitives/keep.js'
import { reject } from '../primitives/outcome.js'
import { addSeconds, type Timestamp } from '../primitives/time.js'
import { balanceProofDigest } from './balance-proof.js'
import { applyChange, type Change, type Forward } from './change.js'
import type { ChannelRejection } from './channel-rejection.js'
import { checkNewItem } from './draft.js'
import { type Evidence, type EvidenceCheck, type ProofCheck, verifyEvidence } from './evidence.js'
import { type LaneState, laneWith, lockedOf } from './lane-state.js'
import type { LaneUpdate } from './lane-update.js'
import { EXPIRY_SLACK_SECONDS } from './limits.js'
import { type ChannelParty, mayGrant, noteOf, partyWith } from './party.js'
import type { PendingItem } from './pending-item.js'
import { otherRole } from './side.js'
import { stakeOf } from './spendable.js'

/** What a stored update means to this side. */
export type LaneEvent =
  | {
      readonly kind: 'itemAdded'
      readonly item: PendingItem
      readonly forward: Forward | undefined
    }
  | {
      readonly kind: 'itemRedeemed'
      readonly item: PendingItem
      readonly index: number
      readonly link: Uint8Array
    }
  | { readonly kind: 'itemDropped'; readonly item: PendingItem }
  /** The peer has acked that an item of ours is gone: it is owed no more. */
  | { readonly kind: 'itemReleased'; readonly id: ItemId }

export type ReceivedUpdate =
  | {
      readonly kind: 'received'
      readonly party: ChannelParty
      readonly events: readonly LaneEvent[]
    }
  /** Stored before; the answer that it got is due again. */
  | { readonly kind: 'known' }

/**
 * Checks a peer's next proof by the rules of the lane (CH-6), in their order, before anything is
 * stored. `now` is this side's ledger time. Before anything is stored or said, a `verify` that decides
 * elsewhere must be heard, and what was to be checked `later` must be.
 */
export function receiveUpdate(
  chainId: ChainId,
  party: ChannelParty,
  update: LaneUpdate,
  now: Timestamp,
  verify: ProofCheck = verifyEvidence,
): ReceivedUpdate | ChannelRejection {
  const { peer, grantedResume } = party
  const epoch = grantedResume?.point.epoch ?? 0
  if (update.epoch !== epoch) {
    return reject('wrong_epoch', `this lane is in epoch ${epoch}, not ${update.epoch}`)
  }
  if (party.lostAt !== undefined && epoch <= party.lostAt) {
    return reject('wrong_epoch', 'this side has lost data: the lane must go on from a new resume')
  }
  if (update.version <= peer.version) return { kind: 'known' }
  if (!mayGrant(party)) {
    return reject('channel_not_usable', `channel ${party.ledger.id} is closing; it takes no more`)
  }
  const misordered = checkOrder(party, update)
  if (misordered !== undefined) return misordered
  const { version, acked } = update
  const resumeNonce = grantedResume?.point.nonce
  let lane = laneWith(peer, { epoch, resumeNonce, version, acked })
  const events: LaneEvent[] = []
  const named = new Set(peer.items.map(({ id }) => id))
  for (const change of update.changes) {
    // An id names one item for ever (CH-3): what is known of one must never be held for another.
    if (change.kind === 'add' && named.has(change.id)) {
      return reject('item_exists', `item ${change.id} was pending before this update`)
    }
    named.add(change.id)
    const step = receiveChange(party, lane, change, now)
    if ('code' in step) return step
    lane = step.lane
    events.push(step.event)
  }
  const refusal =
    checkSolvency(party, lane) ??
    (verify === 'later' ? undefined : checkSignature(chainId, party, lane, update, verify))
  if (refusal !== undefined) return refusal
  const released = party.cancelling.filter(({ version }) => version <= update.acked)
  const next = partyWith(party, {
    peer: lane,
    peerEvidence: update.evidence,
    // What was granted and forgotten before is out of the game: the other side has signed beyond it.
    lostAt: undefined,
    incoming: keep(party.incoming, ({ id }) => lane.items.some((item) => item.id === id)),
    cancelling: keep(party.cancelling, ({ version }) => version > update.acked),
    ackDue: party.ackDue || update.changes.some(({ kind }) => kind === 'cancel'),
  })
  return {
    kind: 'received',
    party: next,
    events: [...events, ...released.map(({ id }) => ({ kind: 'itemReleased', id }) as const)],
  }
}

function checkOrder(party: ChannelParty, update: LaneUpdate): ChannelRejection | undefined {
  const { peer, own } = party
  if (update.version !== peer.version + 1) {
    return reject('version_gap', `version ${peer.version + 1} is the next, not ${update.version}`)
  }
  if (update.acked < peer.acked) {
    return reject('acked_falls', `version ${peer.acked} was acked before, not ${update.acked}`)
  }
  if (update.acked > own.version) {
    return reject('acked_unknown', `version ${own.version} is the newest, not ${update.acked}`)
  }
  return undefined
}

function receiveChange(
  party: ChannelParty,
  lane: LaneState,
  change: Change,
  now: Timestamp,
): { readonly lane: LaneState; readonly event: LaneEvent } | ChannelRejection {
  const next = applyChange(lane, change)
  if ('kind' in next) return next
  const refusal = checkPeerChange(party, lane, change, now)
  if (refusal !== undefined) return refusal
  const item = (change.kind === 'add' ? next : lane).items.find(({ id }) => id === change.id)
  if (item === undefined) return reject('item_missing', `there is no item ${change.id}`)
  switch (change.kind) {
    case 'add':
      return { lane: next, event: { kind: 'itemAdded', item, forward: change.forward } }
    case 'redeem': {
      const { index, link } = change
      return { lane: next, event: { kind: 'itemRedeemed', item, index, link } }
    }
    case 'cancel':
    case 'expire':
      return { lane: next, event: { kind: 'itemDropped', item } }
  }
}

/** The law of the lane (CH-6.3): what an item may pay is lost only where this side agrees. */
function checkPeerChange(
  party: ChannelParty,
  lane: LaneState,
  change: Change,
  now: Timestamp,
): ChannelRejection | undefined {
  const note = noteOf(party, change.id)
  switch (change.kind) {
    case 'add': {
      // The payer's ledger time may be ahead of ours, or long past when the update arrives late.
      const { expirySecondsMax } = party.ledger.terms
      const expiryMax = addSeconds(now, EXPIRY_SLACK_SECONDS + expirySecondsMax)
      return checkNewItem(party, lane, change, expiryMax)
    }
    case 'redeem':
      return undefined
    case 'cancel':
      return note.declined
        ? undefined
        : reject('not_asked_to_cancel', `nobody asked to drop item ${change.id}`)
    case 'expire': {
      const item = lane.items.find(({ id }) => id === change.id)
      return item !== undefined && (now <= item.expiry || note.onLedger > item.paid)
        ? reject('not_expired', `item ${change.id} is still owed at ledger time ${now}`)
        : undefined
    }
  }
}

/**
 * CH-6.2. Our own newest `transferred` stands in for that at the version which the peer acked: it
 * is never lower, and a peer that spends what it has not yet seen can only harm itself.
 */
function checkSolvency(party: ChannelParty, lane: LaneState): ChannelRejection | undefined {
  const stake = stakeOf(party, otherRole(party.role))
  const means = stake + party.own.transferred
  const promised = lane.transferred + lockedOf(lane)
  const rises = promised > party.peer.transferred + lockedOf(party.peer)
  const reserve = rises ? party.ledger.terms.exitReserve : 0n
  return promised + reserve <= means
    ? undefined
    : reject('insolvent', `${promised} is promised and ${reserve} reserved of ${means}`)
}

function checkSignature(
  chainId: ChainId,
  party: ChannelParty,
  lane: LaneState,
  { evidence, version }: LaneUpdate,
  verify: EvidenceCheck,
): ChannelRejection | undefined {
  const payer = otherRole(party.role)
  return isSigned(chainId, party, { lane, evidence }, verify)
    ? undefined
    : reject('bad_proof_signature', `the ${payer} did not sign version ${version} as it follows`)
}

/**
 * CH-6.7: whether the other side has signed its lane as this side holds it. Of updates that were taken one
 * upon the other without a check this one decides for all.
 */
export function isPeerSigned(
  chainId: ChainId,
  party: ChannelParty,
  verify: EvidenceCheck,
): boolean {
  const { peer, peerEvidence } = party
  return (
    peerEvidence !== undefined &&
    isSigned(chainId, party, { lane: peer, evidence: peerEvidence }, verify)
  )
}

function isSigned(
  chainId: ChainId,
  { ledger, role }: ChannelParty,
  { lane, evidence }: { readonly lane: LaneState; readonly evidence: Evidence },
  verify: EvidenceCheck,
): boolean {
  const payer = otherRole(role)
  const digest = balanceProofDigest(chainId, ledger.id, payer, lane)
  return verify(chainId, ledger[payer].key, digest, evidence)
}
