import {
  agreeToClose,
  agreeToWithdraw,
  type ChainId,
  type ChannelId,
  type ChannelParty,
  type Claim,
  clientPayoutOf,
  confirmStored,
  type Decline,
  draftChange,
  draftOwed,
  type HubPolicy,
  isQuiescent,
  isRejection,
  type LaneUpdate,
  type ProofCheck,
  parseAmount,
  type Rejection,
  receiveClaim,
  receiveUpdate,
  reject,
  type SignedAgreement,
  type SignedWithdrawal,
  type Signer,
  startDraining,
  type Timestamp,
  timestamp,
} from '@tallystick/protocol'
import { channelWith, type HubChannel, originOf } from './hub-channel.js'
import type { HubEffect } from './hub-effect.js'
import { channelOfEvent, type PeerEvent } from './hub-event.js'
import type { HubOverlay } from './hub-view.js'
import { notice, repeatRequests, stepAttached, stepResumeAnswered } from './resume-step.js'
import { claimUpstream, hasPlace, routeEvent } from './routing.js'
import { carryOnWaiting } from './waiting-items.js'

/** What every decision of a batch depends on. */
export type HubContext = {
  readonly chainId: ChainId
  readonly policy: HubPolicy
  /** Ledger time of the newest block that the core has seen. */
  readonly now: Timestamp
  /** Says whether a client signed its proof; what it says may still have to be confirmed. */
  readonly verify: ProofCheck
  /** The hub's key: resumes are signed one by one, proofs in batches. */
  readonly signer: Signer
  /** 16 fresh random bytes, never used before, for resumes that a batch asks for (CH-18). */
  readonly nonce: Uint8Array
  /**
   * Channels that were opened by then may have been used by a journal that was lost; absent: the
   * journal was never restored.
   */
  readonly restoredTime: Timestamp | undefined
}

/** How long an offered close agreement is valid, seconds, and to which multiple it is rounded up. */
const AGREEMENT_SECONDS = 600
const AGREEMENT_ROUNDING_SECONDS = 300

/**
 * One event of a client against the state: writes go to `state`, effects come back. Nothing of a
 * refused event is kept.
 */
export function stepPeer(state: HubOverlay, event: PeerEvent, context: HubContext): HubEffect[] {
  const id = channelOfEvent(event)
  const channel = state.channel(id)
  if (channel === undefined) {
    return [endSession(id, reject('channel_unknown', `this hub has no channel ${id}`))]
  }
  const effects = stepChannel(state, channel, event, context)
  if (channel.waiting.length === 0 || !hasPlace(state.channel(id) ?? channel)) return effects
  // One at a time: so many are looked up (`lookupsOfPeers`). A block carries on what is left.
  return [...effects, ...carryOnWaiting(state, id, context, 1)]
}

function stepChannel(
  state: HubOverlay,
  channel: HubChannel,
  event: PeerEvent,
  context: HubContext,
): HubEffect[] {
  const id = channelOfEvent(event)
  switch (event.kind) {
    case 'attached':
      return stepAttached(state, channel, event, context)
    case 'resumeAnswered':
      return stepResumeAnswered(state, channel, event, context)
    case 'update':
      return stepUpdate(state, channel, event.update, context)
    case 'stored': {
      const party = confirmStored(channel.party, event.version)
      if (party === channel.party) return [idle(id)]
      state.setChannel(channelWith(channel, { party }))
      return []
    }
    case 'claim':
      return stepClaim(state, channel, event.claim, context)
    case 'decline':
      return stepDecline(state, channel, event.decline, context)
    case 'closeIntent':
      if (isOver(channel)) return [idle(id)]
      return [
        ...keep(state, channel, startDraining(channel.party)),
        ...(channel.party.phase.kind === 'draining' ? [idle(id)] : []),
      ]
    case 'closeAgreed':
      return isOver(channel) ? [idle(id)] : stepCloseAgreed(state, channel, event.agreed, context)
    case 'withdrawAgreed':
      return isOver(channel)
        ? [idle(id)]
        : stepWithdrawAgreed(state, channel, event.agreed, context)
  }
}

function stepUpdate(
  state: HubOverlay,
  channel: HubChannel,
  update: LaneUpdate,
  context: HubContext,
): HubEffect[] {
  const id = update.channel
  const { chainId, now, verify } = context
  const received = receiveUpdate(chainId, channel.party, update, now, verify)
  if (received.kind === 'rejection') return [endSession(id, received)]
  if (received.kind === 'known') return [stored(id, channel.party), idle(id)]
  state.setChannel(channelWith(channel, { party: received.party }))
  const routed = received.events.flatMap((event) => routeEvent(state, id, event, context))
  const isRegained = channel.party.lostAt !== undefined && received.party.lostAt === undefined
  return [stored(id, received.party), ...routed, ...(isRegained ? regain(state, id, context) : [])]
}

function stepClaim(
  state: HubOverlay,
  channel: HubChannel,
  claim: Claim,
  context: HubContext,
): HubEffect[] {
  const { party } = channel
  const isPending = party.own.items.some(({ id }) => id === claim.id)
  const isOwed = party.owed.some(({ id }) => id === claim.id)
  if (isPending && !isOwed && originOf(channel, claim.id) === undefined) {
    // HUB-8: whoever was paid for it could no longer be told; the ledger tells everybody.
    const detail = 'this hub was restored and does not know yet who pays for the item'
    return [notice(claim.channel, reject('origin_unknown', detail))]
  }
  const claimed = receiveClaim(party, claim, context.now)
  if (claimed.kind === 'known') return [idle(claim.channel)]
  if (claimed.kind === 'rejection') {
    // CH-13: to find out takes hashes, and no crossing of words makes a link wrong.
    const isLie = claimed.code === 'link_mismatch'
    return [isLie ? endSession(claim.channel, claimed) : notice(claim.channel, claimed)]
  }
  state.setChannel(channelWith(channel, { party: claimed.party }))
  return claimUpstream(state, claim.channel, claimed.item, claim.known, context)
}

function stepDecline(
  state: HubOverlay,
  channel: HubChannel,
  { channel: id, id: item }: Decline,
  { now }: HubContext,
): HubEffect[] {
  const { party } = channel
  const owed = party.owed.some((other) => other.id === item)
  const pending = (party.draft?.lane ?? party.own).items.some((other) => other.id === item)
  // A decline that was answered before, or comes too late, changes nothing.
  if (owed || !pending) return [idle(id)]
  const drafted = draftChange(party, { kind: 'cancel', id: item }, now)
  if (isRejection(drafted)) return [notice(id, drafted)]
  state.setChannel(channelWith(channel, { party: drafted }))
  return []
}

function stepCloseAgreed(
  state: HubOverlay,
  channel: HubChannel,
  agreed: SignedAgreement,
  { chainId, now }: HubContext,
): HubEffect[] {
  const id = agreed.agreement.channel
  const refused = keep(state, channel, agreeToClose(chainId, channel.party, agreed, now))
  if (refused.length > 0) return refused
  const isRepeated = channel.party.phase.kind === 'agreed'
  return [{ kind: 'readyToClose', channel: id }, ...(isRepeated ? [idle(id)] : [])]
}

/** HUB-15: the money counts as gone from here on, and the closer pays it out. */
function stepWithdrawAgreed(
  state: HubOverlay,
  channel: HubChannel,
  agreed: SignedWithdrawal,
  { chainId, now }: HubContext,
): HubEffect[] {
  const { party } = channel
  const id = party.ledger.id
  const { role, withdrawn } = agreed.withdrawal
  const { exitReserve } = party.ledger.terms
  // A client that was away does not know that the ledger has it.
  if (role === 'client' && withdrawn <= party.ledger.client.withdrawn) return [idle(id)]
  if (role !== 'client' || withdrawn - party.ledger.client.withdrawn < exitReserve) {
    const detail = `a client withdraws ${exitReserve} base units at least: each costs the hub a fee`
    return [notice(id, reject('amount_too_small', detail))]
  }
  const bound = agreeToWithdraw(chainId, party, agreed, now)
  const refused = keep(state, channel, bound)
  if (refused.length > 0) return refused
  return [{ kind: 'readyToWithdraw', channel: id }, ...(bound === party ? [idle(id)] : [])]
}

/** The channel can be used again: what was owed meanwhile is paid, and what the hub is owed asked for. */
function regain(state: HubOverlay, id: ChannelId, { now }: HubContext): HubEffect[] {
  const channel = state.channel(id)
  if (channel === undefined) return []
  state.setChannel(channelWith(channel, { party: draftOwed(channel.party, now) }))
  return repeatRequests(channel)
}

/** Offers to close what has drained, once the batch is sealed; repeated after every event on it. */
export function closeOffers(channels: Iterable<HubChannel>, { now }: HubContext): HubEffect[] {
  const effects: HubEffect[] = []
  for (const { party } of channels) {
    if (party.phase.kind !== 'draining' || !isQuiescent(party)) continue
    const rounded = Math.ceil(now / AGREEMENT_ROUNDING_SECONDS) * AGREEMENT_ROUNDING_SECONDS
    const validUntil = timestamp(rounded + AGREEMENT_SECONDS)
    const channel = party.ledger.id
    const clientPayout = parseAmount(clientPayoutOf(party))
    // Books that owe less than nothing are old: the client shows it when it attaches (CH-11).
    if (clientPayout === undefined) continue
    const message = { kind: 'closeOffer', channel, clientPayout, validUntil } as const
    effects.push({ kind: 'send', channel, message })
  }
  return effects
}

/** WIRE-6: what the ledger has closed needs no word more; a client behind it says it at every connection. */
function isOver({ party }: HubChannel): boolean {
  return party.phase.kind === 'closed'
}

function keep(
  state: HubOverlay,
  channel: HubChannel,
  party: ChannelParty | Rejection,
): HubEffect[] {
  if (isRejection(party)) return [notice(channel.party.ledger.id, party)]
  state.setChannel(channelWith(channel, { party: party as ChannelParty }))
  return []
}

function stored(channel: ChannelId, party: ChannelParty): HubEffect {
  const message = { kind: 'stored', channel, version: party.peer.version } as const
  return { kind: 'send', channel, message }
}

function idle(channel: ChannelId): HubEffect {
  return { kind: 'idle', channel }
}

function endSession(channel: ChannelId, { code, detail }: Rejection): HubEffect {
  return { kind: 'endSession', channel, code, detail }
}
