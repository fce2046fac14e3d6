import {
  askToResume,
  type ChannelId,
  type ChannelParty,
  drainAsTold,
  grantResume,
  isRejection,
  mustAskAsWell,
  type Position,
  positionOf,
  type Rejection,
  type ResumeAnswer,
  type Resync,
  reject,
  resync,
  type SeenReveal,
  seeReveal,
  standingRequests,
  type Timestamp,
  takeResume,
  updateMessage,
} from '@tallystick/protocol'
import { channelWith, type HubChannel, idOf } from './hub-channel.js'
import type { HubEffect } from './hub-effect.js'
import type { PeerEvent } from './hub-event.js'
import type { HubContext } from './hub-step.js'
import type { HubOverlay } from './hub-view.js'
import { rejoinItems } from './rejoin-items.js'
import { claimUpstream, giveBack } from './routing.js'
import { forgetWaiting } from './waiting-items.js'

/**
 * The channel as a hub may use it that has just started (CH-18): with a new request where it has to
 * resume, because a copy of the journal may bring an old one back after it was answered. Absent: it
 * is used as it is.
 */
export function askAtStart(
  channel: HubChannel,
  { nonce, restoredTime }: { readonly nonce: Uint8Array; readonly restoredTime?: Timestamp },
): HubChannel | undefined {
  if (restoredTime === undefined && channel.party.resuming === undefined) return undefined
  const party = askToResume(channel.party, nonce, restoredTime)
  return isRejection(party) ? undefined : channelWith(channel, { party })
}

/**
 * The client takes the channel up: both sides say again what the other has missed (CH-11), or one of
 * them asks the other from where to go on (CH-18).
 */
export function stepAttached(
  state: HubOverlay,
  channel: HubChannel,
  { owner, position }: Extract<PeerEvent, { kind: 'attached' }>,
  context: HubContext,
): HubEffect[] {
  const party = drainAsTold(channel.party, position)
  const heard = channelWith(channel, { owner, party })
  if (!mayAnswer(party)) return askClient(state, heard, position)
  const synced = resync(party, position)
  if (isRejection(synced)) {
    if (synced.code === 'peer_lost_data') return [notice(idOf(channel), synced)]
    // By the client's word this hub has lost data. To sign on would be a second history; a client
    // that lies about it gets back what it shows, and no less than this hub holds of it.
    const asked = askToResume(party, context.nonce, context.now)
    if (isRejection(asked)) return [notice(idOf(channel), asked)]
    const effects = askClient(state, channelWith(heard, { party: asked }), position)
    const lost = { kind: 'dataLost', channel: idOf(channel) } as const
    return [...giveBackDrafted(state, channel, context), ...effects, lost]
  }
  if (position.resuming !== undefined) return grant(state, heard, position, context)
  if (party.resuming !== undefined) return askClient(state, heard, position)
  state.setChannel(channelWith(heard, { party: synced.party }))
  return say(heard, [
    { kind: 'attached', position: positionOf(synced.party) },
    ...synced.updates.map(updateMessage),
    ...claimsAndDeclines(synced),
  ])
}

/** Whether the hub knows what it has signed itself, and so can tell the client. */
function mayAnswer({ resuming, lostAt }: Pick<ChannelParty, 'resuming' | 'lostAt'>): boolean {
  return resuming === undefined || lostAt === undefined
}

/** What this batch has drafted for the channel is never signed: nobody was promised it. */
function giveBackDrafted(state: HubOverlay, channel: HubChannel, context: HubContext): HubEffect[] {
  const changes = channel.party.draft?.changes ?? []
  return changes.flatMap(({ kind, id }) =>
    kind === 'add' ? giveBack(state, idOf(channel), id, context) : [],
  )
}

const BOTH_LOST =
  'neither side knows all that it has signed: only the newest store of one of them lets the channel go on; else leave it unsure'

/** Asks the client from where the hub's lane goes on; if that was lost there too, neither can answer. */
function askClient(state: HubOverlay, channel: HubChannel, position: Position): HubEffect[] {
  state.setChannel(channel)
  return mayAnswer(position) || mayAnswer(channel.party)
    ? say(channel, [{ kind: 'attached', position: positionOf(channel.party) }])
    : [notice(idOf(channel), reject('both_lost_data', BOTH_LOST))]
}

/**
 * Says from where the client's lane goes on. A client that has lost data takes nothing of the hub's
 * lane before that has gone on from a resume as well, which the hub asks for in the same breath.
 */
function grant(
  state: HubOverlay,
  channel: HubChannel,
  { resuming: asked = new Uint8Array(), lostAt, heldResume }: Position,
  context: HubContext,
): HubEffect[] {
  const { chainId, signer, nonce, now } = context
  const granted = grantResume(chainId, channel.party, { nonce: asked, lostAt }, signer, now)
  if (isRejection(granted)) return [notice(idOf(channel), granted)]
  const asks = mustAskAsWell(granted.party, { lostAt, heldResume })
  const party = asks ? askToResume(granted.party, nonce, undefined) : granted.party
  if (isRejection(party)) return [notice(idOf(channel), party)]
  state.setChannel(channelWith(channel, { party }))
  const given = asks ? giveBackDrafted(state, channel, context) : []
  const message = { kind: 'resumeAnswer', channel: idOf(channel), answer: granted.answer } as const
  return [...given, ...say(channel, [message])]
}

/** The client says from where the hub's lane goes on: payments that hang on it are put together again. */
export function stepResumeAnswered(
  state: HubOverlay,
  channel: HubChannel,
  { answer, reveals }: Extract<PeerEvent, { kind: 'resumeAnswered' }>,
  context: HubContext,
): HubEffect[] {
  const id = idOf(channel)
  // A block that was taken in since they were looked up may have made more of them public.
  if (anchorsIn(answer).some((anchor) => isMissed(state, anchor, reveals))) {
    return say(channel, [{ kind: 'attached', position: positionOf(channel.party) }])
  }
  const taken = takeResume(context.chainId, channel.party, answer, context.now)
  if (taken.kind === 'rejection') return [notice(id, taken)]
  state.setChannel(channelWith(channel, { party: taken.party }))
  const effects = taken.released.flatMap((item) => giveBack(state, id, item, context))
  forgetGone(state, id)
  forgetWaiting(state, id)
  effects.push(...rejoinItems(state, id, context))
  for (const reveal of reveals) effects.push(...learnReveal(state, id, reveal, context))
  const resumed = state.channel(id) ?? channel
  const attached = { kind: 'attached', position: positionOf(resumed.party) } as const
  return [...effects, ...say(channel, [attached]), ...repeatRequests(resumed)]
}

/** What the hub asks of the client's items, once it may. */
export function repeatRequests(channel: HubChannel): HubEffect[] {
  return say(channel, claimsAndDeclines(standingRequests(channel.party)))
}

/** The anchors of the lanes that an answer shows. */
export function anchorsIn({ base, lane }: ResumeAnswer) {
  return [base, lane].flatMap((shown) => shown?.lane.items ?? []).map(({ anchor }) => anchor)
}

function isMissed(
  state: HubOverlay,
  anchor: SeenReveal['anchor'],
  reveals: readonly SeenReveal[],
): boolean {
  return state.isPublic(anchor) && !reveals.some((reveal) => reveal.anchor === anchor)
}

/** Rows of items that are on neither lane any more say nothing. */
function forgetGone(state: HubOverlay, id: ChannelId): void {
  const channel = state.channel(id)
  if (channel === undefined) return
  const { own, peer } = channel.party
  state.setChannel(
    channelWith(channel, {
      onward: channel.onward.filter((row) => peer.items.some((item) => item.id === row.id)),
      origin: channel.origin.filter((row) => own.items.some((item) => item.id === row.id)),
    }),
  )
}

function learnReveal(
  state: HubOverlay,
  id: ChannelId,
  reveal: SeenReveal,
  context: HubContext,
): HubEffect[] {
  const channel = state.channel(id)
  if (channel === undefined) return []
  const { party, paid } = seeReveal(channel.party, reveal, context.now)
  if (party !== channel.party) state.setChannel(channelWith(channel, { party }))
  return paid.flatMap((item) => claimUpstream(state, id, item, reveal.known, context))
}

type Said = Extract<HubEffect, { kind: 'send' }>['message']

function claimsAndDeclines({ claims, declines }: Pick<Resync, 'claims' | 'declines'>): Said[] {
  return [
    ...claims.map((claim) => ({ kind: 'claim', ...claim }) as const),
    ...declines.map((decline) => ({ kind: 'decline', ...decline }) as const),
  ]
}

function say(channel: HubChannel, messages: readonly Said[]): HubEffect[] {
  return messages.map((message) => ({ kind: 'send', channel: idOf(channel), message }))
}

/** Tells the client of `channel` what was wrong; its session goes on. */
export function notice(channel: ChannelId, { code, detail }: Rejection): HubEffect {
  return { kind: 'send', channel, message: { kind: 'error', code, detail, channel } }
}
