import {
  askToResume,
  type Channel,
  type ChannelId,
  type ChannelParty,
  channelTermsCodec,
  draftChange,
  draftOwed,
  EXPIRE_GRACE_SECONDS,
  encode,
  equalBytes,
  isRejection,
  LANE_ITEMS_MAX,
  lapseAgreement,
  lapseWithdrawal,
  leave,
  newParty,
  seeLedger,
  seeReveal,
} from '@tallystick/protocol'
import { channelWith, type HubChannel, idOf } from './hub-channel.js'
import type { HubEffect } from './hub-effect.js'
import type { LedgerEvent } from './hub-event.js'
import type { HubContext } from './hub-step.js'
import type { HubOverlay } from './hub-view.js'
import { noteOver, noteShown } from './note-payment.js'
import { claimUpstream } from './routing.js'
import { carryOnWaiting, endWaiting } from './waiting-items.js'

/** One thing that a verified block says, against the state. */
export function stepLedger(
  state: HubOverlay,
  event: LedgerEvent,
  context: HubContext,
): HubEffect[] {
  switch (event.kind) {
    case 'channelSeen':
      return stepChannelSeen(state, event.channel, context)
    case 'channelGone':
      return stepChannelGone(state, event.channel, context)
    case 'revealSeen':
      return stepRevealSeen(state, event, context)
    case 'leave':
      return stepLeave(state, event.channel)
    case 'timePassed':
      return stepTimePassed(state, context)
  }
}

/** A channel is served when its terms are those that the hub offers (HUB-1). */
export function isServed(channel: Channel, { policy }: Pick<HubContext, 'policy'>): boolean {
  const offered = encode(channelTermsCodec, policy.terms)
  return (
    channel.asset === policy.asset &&
    channel.hub.payoutLock === policy.payoutLock &&
    equalBytes(encode(channelTermsCodec, channel.terms), offered)
  )
}

function stepChannelSeen(state: HubOverlay, seen: Channel, context: HubContext): HubEffect[] {
  const channel = state.channel(seen.id)
  if (channel === undefined) {
    if (!isServed(seen, context)) return []
    const party = firstParty(seen, context)
    state.setChannel({ party, owner: undefined, onward: [], origin: [], waiting: [] })
    return []
  }
  state.setChannel(channelWith(channel, { party: seeLedger(channel.party, seen, context.now) }))
  return []
}

/** A channel of the time that a restored journal has lost is not a new one (CH-18). */
function firstParty(seen: Channel, { nonce, restoredTime, now }: HubContext): ChannelParty {
  const party = newParty('hub', seen)
  if (restoredTime === undefined || seen.openedTime > restoredTime) return party
  const asked = askToResume(party, nonce, now)
  return isRejection(asked) ? party : asked
}

function stepChannelGone(state: HubOverlay, id: ChannelId, { now }: HubContext): HubEffect[] {
  const channel = state.channel(id)
  if (channel !== undefined) {
    state.setChannel(channelWith(channel, { party: seeLedger(channel.party, undefined, now) }))
  }
  return []
}

function stepLeave(state: HubOverlay, id: ChannelId): HubEffect[] {
  const channel = state.channel(id)
  if (channel !== undefined) state.setChannel(channelWith(channel, { party: leave(channel.party) }))
  return []
}

/** A public link pays every item with its anchor, on every hop at once (REV-3). */
function stepRevealSeen(
  state: HubOverlay,
  event: Extract<LedgerEvent, { kind: 'revealSeen' }>,
  context: HubContext,
): HubEffect[] {
  const effects: HubEffect[] = []
  state.setPublic(event.anchor)
  for (const { party } of [...state.busyChannels()]) {
    const channel = state.channel(party.ledger.id)
    if (channel === undefined) continue
    const seen = seeReveal(channel.party, event, context.now)
    if (seen.party !== channel.party) {
      state.setChannel(channelWith(channel, { party: seen.party }))
      for (const item of party.peer.items) {
        if (item.anchor !== event.anchor || event.time > item.expiry) continue
        noteShown(state, idOf(channel), item, event.known.index, context)
      }
    }
    for (const item of seen.paid) {
      effects.push(...claimUpstream(state, idOf(channel), item, event.known, context))
    }
  }
  return effects
}

/** Takes back what has expired, pays what was owed, and ends agreements that ran out. */
function stepTimePassed(state: HubOverlay, context: HubContext): HubEffect[] {
  const waiting: ChannelId[] = []
  for (const busy of [...state.busyChannels()]) {
    if (busy.waiting.length > 0) waiting.push(idOf(busy))
    const channel = expireItems(state, busy, context)
    const lapsed = lapseWithdrawal(lapseAgreement(channel.party, context.now), context.now)
    const party = draftOwed(lapsed, context.now)
    if (party !== busy.party) state.setChannel(channelWith(channel, { party }))
  }
  // Once all places that have become free are known. So many are looked up (`lookupsOfBlock`).
  return waiting.flatMap((id) => [
    ...carryOnWaiting(state, id, context, LANE_ITEMS_MAX),
    ...endWaiting(state, id, context),
  ])
}

function expireItems(state: HubOverlay, channel: HubChannel, context: HubContext): HubChannel {
  let { party } = channel
  for (const item of party.own.items) {
    if (context.now <= item.expiry + EXPIRE_GRACE_SECONDS) continue
    const drafted = draftChange(party, { kind: 'expire', id: item.id }, context.now)
    if (isRejection(drafted)) continue
    party = drafted
    noteOver(state, idOf(channel), item, context)
  }
  const left = (party.draft?.lane ?? party.own).items
  const kept = channel.origin.filter(
    ({ id }) =>
      left.some((item) => item.id === id) || party.cancelling.some((other) => other.id === id),
  )
  return party === channel.party ? channel : channelWith(channel, { party, origin: kept })
}
