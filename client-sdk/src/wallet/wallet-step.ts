import {
  type Anchor,
  agreementOf,
  agreeToClose,
  type ChainId,
  type ChannelEnd,
  type ChannelId,
  type ChannelParty,
  type Claim,
  clientPayoutOf,
  confirmStored,
  type Decline,
  draftChange,
  draftedLane,
  draftOwed,
  EXPIRE_GRACE_SECONDS,
  isQuiescent,
  isRejection,
  type LaneUpdate,
  lapseAgreement,
  lapseWithdrawal,
  leave,
  type Message,
  type MessageOf,
  newParty,
  type PaymentLetter,
  type Position,
  type Rejection,
  receiveClaim,
  receiveUpdate,
  reject,
  resync,
  type SignedAgreement,
  type Signer,
  seeLedger,
  startDraining,
  type Timestamp,
  updateMessage,
  withdrawalOf,
} from '@tallystick/protocol'
import { meetPayout, payoutsGoOn, stepWithdraw } from '../payout/payout-step.js'
import { stepChannelGone } from './channel-gone.js'
import { endPart } from './finish-payment.js'
import { meetInvoice } from './invoice-step.js'
import { stepNewInvoice, stepOwnInvoice, stepPay } from './owner-step.js'
import { meetLaneEvent, takeMissedItems } from './receive-payment.js'
import { type StreamTerms, stepRedeemTicks } from './receive-stream.js'
import {
  answerHub,
  becomeWhole,
  stepAdopted,
  stepAskedAnew,
  stepResumeAnswered,
  stepStateLost,
  stepTurnEnded,
} from './resume-step.js'
import { markPaid, stepRevealSeen } from './reveal-step.js'
import {
  paidStreamDeclined,
  paidStreamEnded,
  paidStreamRedeemed,
  stepEndStream,
  stepOpenStream,
  stepReserveTicks,
} from './stream-step.js'
import type { WalletEffect, WalletEvent } from './wallet-event.js'
import type { WalletChannel } from './wallet-records.js'
import type { WalletOverlay } from './wallet-state.js'

/** What every decision depends on. */
export type WalletContext = {
  readonly chainId: ChainId
  /** Ledger time of the newest block that the wallet has seen. */
  readonly now: Timestamp
  /** The channel key of an index. */
  readonly signer: (keyIndex: number) => Signer
  /** How to take what is locked to an anchor without having been asked for (MAIL-5); absent: nothing is. */
  readonly announced?: (anchor: Anchor) => PaymentLetter | undefined
  /** 16 fresh random bytes, never used before, for a resume that is asked for (CH-18). */
  readonly nonce: Uint8Array
  /** Which streams this wallet lets come; absent: none. */
  readonly streams?: StreamTerms | undefined
}

/** What one event makes of the state, or why it is refused. */
export type Outcome = WalletEffect[] | Rejection

/** One event against the state: writes go to `state`, effects come back; or nothing, and why. */
export function stepWallet(
  state: WalletOverlay,
  event: WalletEvent,
  context: WalletContext,
): Outcome {
  switch (event.kind) {
    case 'heard':
      return stepHeard(state, event.message, context)
    case 'pay':
      return stepPay(state, event, context)
    case 'invoice':
      return stepNewInvoice(state, event.invoice, context)
    case 'capture':
    case 'cancel':
      return stepOwnInvoice(state, event, context)
    case 'openStream':
      return stepOpenStream(state, event, context)
    case 'reserveTicks':
      return stepReserveTicks(state, event)
    case 'endStream':
      return stepEndStream(state, event, context)
    case 'redeemTicks':
      return stepRedeemTicks(state, event.redemptions, context)
    case 'drain':
      return stepDrain(state, event.channel)
    case 'agreed':
      return stepAgreed(state, event.agreed, context)
    case 'withdraw':
      return stepWithdraw(state, event, context)
    case 'payout':
      return meetPayout(state, event.id, event.event, context)
    case 'leave':
      return changeParty(state, event.channel, leave)
    case 'stateLost':
      return changeChannel(state, event.channel, (held) =>
        stepStateLost(state, held, event.by, context),
      )
    case 'turnEnded':
      return changeChannel(state, event.channel, (held) => stepTurnEnded(state, held, context))
    case 'askedAnew':
      return changeChannel(state, event.channel, (held) => stepAskedAnew(state, held, context))
    case 'adopted': {
      const { entrusted } = event
      return changeChannel(state, entrusted.channel, (held) =>
        stepAdopted(state, held, entrusted, context),
      )
    }
    case 'resumeAnswered':
      return changeChannel(state, event.channel, (held) =>
        stepResumeAnswered(state, held, event, context),
      )
    case 'channelSeen':
      return stepChannelSeen(state, event, context)
    case 'channelGone':
      return changeChannel(state, event.channel, (held) => stepChannelGone(state, held, context))
    case 'channelEnded':
      return stepChannelEnded(state, event.channel, event.end)
    case 'revealSeen':
      return stepRevealSeen(state, event, context)
    case 'timePassed':
      return stepTimePassed(state, context)
  }
}

function stepHeard(state: WalletOverlay, message: Message, context: WalletContext): Outcome {
  switch (message.kind) {
    case 'attached':
      return stepAttached(state, message.position, context)
    case 'update':
      return stepUpdate(state, message, context)
    case 'stored':
      return changeParty(state, message.channel, (party) => confirmStored(party, message.version))
    case 'claim':
      return stepClaim(state, message, context)
    case 'decline':
      return stepDecline(state, message, context)
    case 'closeOffer':
      return stepCloseOffer(state, message)
    default:
      return reject('unexpected_message', `a hub does not say ${message.kind} about a channel`)
  }
}

function stepAttached(state: WalletOverlay, position: Position, context: WalletContext): Outcome {
  const held = state.channel(position.channel)
  if (held === undefined) return unknown(position.channel)
  const synced = resync(held.party, position)
  if (isRejection(synced)) return synced
  const { resuming: nonce, lostAt, heldResume } = position
  if (nonce !== undefined) return answerHub(state, held, { nonce, lostAt, heldResume }, context)
  // First the hub says from where this lane goes on.
  if (held.party.resuming !== undefined) return []
  state.setChannel({ ...held, party: synced.party })
  const draining = synced.party.phase.kind === 'draining'
  const agreed = agreementOf(synced.party)
  const withdrawal = withdrawalOf(synced.party)
  const messages: Message[] = [
    ...synced.updates.map(updateMessage),
    ...synced.claims.map((claim) => ({ kind: 'claim', ...claim }) as const),
    ...synced.declines.map((decline) => ({ kind: 'decline', ...decline }) as const),
    ...(draining ? [{ kind: 'closeIntent', channel: position.channel } as const] : []),
    ...(agreed === undefined ? [] : [{ kind: 'closeAgreed', ...agreed } as const]),
    ...(withdrawal === undefined ? [] : [{ kind: 'withdrawAgreed', ...withdrawal } as const]),
  ]
  const sent = messages.map((message) => ({ kind: 'send', message }) as const)
  return [...sent, ...takeMissedItems(state, synced.party, context)]
}

function stepUpdate(
  state: WalletOverlay,
  { kind: _, ...update }: MessageOf<'update'>,
  context: WalletContext,
): Outcome {
  const held = state.channel(update.channel)
  if (held === undefined) return unknown(update.channel)
  const received = receiveUpdate(context.chainId, held.party, update as LaneUpdate, context.now)
  if (received.kind === 'rejection') return received
  if (received.kind === 'known') return [stored(update.channel, held.party)]
  const updated = { ...held, party: received.party }
  state.setChannel(updated)
  const isRegained = held.books !== 'whole' && received.party.lostAt === undefined
  const whole = isRegained ? becomeWhole(state, updated, context) : []
  const met = received.events.flatMap((event) =>
    meetLaneEvent(state, update.channel, event, context),
  )
  return [
    stored(update.channel, received.party),
    ...whole,
    ...met,
    { kind: 'channelChanged', channel: update.channel },
  ]
}

/** The receipt: the hub shows the preimage of a payment of ours, and is paid for it. */
function stepClaim(state: WalletOverlay, claim: Claim, context: WalletContext): Outcome {
  const held = state.channel(claim.channel)
  if (held === undefined) return unknown(claim.channel)
  // Said again once the books are whole.
  if (held.party.lostAt !== undefined) return []
  const claimed = receiveClaim(held.party, claim, context.now)
  if (claimed.kind === 'known') return []
  if (claimed.kind === 'rejection') return claimed
  state.setChannel({ ...held, party: claimed.party })
  return [
    ...markPaid(state, claim.id, claim.known.link, context),
    ...paidStreamRedeemed(state, claim.id, claim.known.index, context),
  ]
}

function stepDecline(
  state: WalletOverlay,
  { channel, id, code }: Decline,
  context: WalletContext,
): Outcome {
  const held = state.channel(channel)
  if (held === undefined) return unknown(channel)
  if (held.party.lostAt !== undefined) return []
  if (!draftedLane(held.party).items.some((item) => item.id === id)) return []
  if (held.party.owed.some((owed) => owed.id === id)) return []
  const party = draftChange(held.party, { kind: 'cancel', id }, context.now)
  if (isRejection(party)) return party
  state.setChannel({ ...held, party })
  return [
    ...endPart(state, id, { status: 'cancelling', code }, context.now),
    ...paidStreamDeclined(state, id, code, context),
  ]
}

function stepCloseOffer(state: WalletOverlay, offer: MessageOf<'closeOffer'>): Outcome {
  const held = state.channel(offer.channel)
  if (held === undefined) return unknown(offer.channel)
  const { party } = held
  // An offer that crossed a message of ours is repeated by the hub when it has caught up.
  if (party.phase.kind !== 'draining' || !isQuiescent(party)) return []
  const due = clientPayoutOf(party)
  if (offer.clientPayout !== due) {
    return reject('payout_mismatch', `the hub offers ${offer.clientPayout}, our books say ${due}`)
  }
  const { channel, clientPayout, validUntil } = offer
  return [{ kind: 'agreeToClose', channel, clientPayout, validUntil }]
}

function stepChannelSeen(
  state: WalletOverlay,
  { channel, keyIndex, books }: Extract<WalletEvent, { kind: 'channelSeen' }>,
  context: WalletContext,
): Outcome {
  const held = state.channel(channel.id)
  if (held !== undefined)
    return changeParty(state, channel.id, (party) => seeLedger(party, channel, context.now))
  const found: WalletChannel = {
    party: newParty('client', channel),
    keyIndex,
    books,
    end: undefined,
  }
  state.setChannel(found)
  // On one that is closing there is nothing to go on with, and nothing to sign.
  if (books === 'lost') stepStateLost(state, found, 'store', context)
  return [{ kind: 'channelChanged', channel: channel.id }]
}

function stepChannelEnded(state: WalletOverlay, channel: ChannelId, end: ChannelEnd): Outcome {
  const held = state.channel(channel)
  if (held === undefined) return unknown(channel)
  state.setChannel({ ...held, end })
  return [{ kind: 'channelChanged', channel }]
}

/** Takes back what has expired, pays what was owed, ends what ran out. */
function stepTimePassed(state: WalletOverlay, context: WalletContext): Outcome {
  const effects: WalletEffect[] = []
  for (const held of [...state.channels()]) {
    // Once the ledger has settled a channel there is nothing left to go on with.
    const isWaiting = held.party.resuming !== undefined && held.party.phase.kind !== 'closed'
    if (held.books !== 'whole' || isWaiting) {
      // Whether something expired unpaid, such a record does not tell; that an agreement lapsed, it does.
      const party = lapse(held.party, context.now)
      if (party !== held.party) state.setChannel({ ...held, party })
      continue
    }
    const expired = expireItems(state, held, context)
    effects.push(...expired.effects)
    const party = draftOwed(lapse(expired.party, context.now), context.now)
    if (party !== held.party) state.setChannel({ ...held, party })
  }
  for (const { anchor } of [...state.invoices()]) {
    effects.push(...meetInvoice(state, anchor, { kind: 'timePassed' }, context))
  }
  return [...effects, ...payoutsGoOn(state, context)]
}

function expireItems(
  state: WalletOverlay,
  { party: before }: WalletChannel,
  context: WalletContext,
): { readonly party: ChannelParty; readonly effects: WalletEffect[] } {
  const { now } = context
  let party = before
  const effects: WalletEffect[] = []
  for (const item of before.own.items) {
    if (now <= item.expiry + EXPIRE_GRACE_SECONDS) continue
    const drafted = draftChange(party, { kind: 'expire', id: item.id }, now)
    // On a channel that signs no more, the ledger gives the item back by the same rule.
    if (isRejection(drafted) && drafted.code !== 'channel_not_usable') continue
    if (!isRejection(drafted)) party = drafted
    effects.push(...paidStreamEnded(state, item.id, 'expired', context))
    // A link that became public in time has paid it; on a closing channel the item stays where it is.
    effects.push(...endPart(state, item.id, { status: 'failed', code: 'expired' }, now))
  }
  return { party, effects }
}

/** Starts to close by agreement: the hub answers with an offer once nothing is pending. */
function stepDrain(state: WalletOverlay, channel: ChannelId): Outcome {
  const held = state.channel(channel)
  if (held === undefined) return unknown(channel)
  const party = startDraining(held.party)
  if (isRejection(party)) return party
  state.setChannel({ ...held, party })
  return [{ kind: 'send', message: { kind: 'closeIntent', channel } }]
}

/** Durable before it is handed over: from here on nothing else is signed. */
function stepAgreed(
  state: WalletOverlay,
  agreed: SignedAgreement,
  { chainId, now }: WalletContext,
): Outcome {
  const { channel } = agreed.agreement
  const held = state.channel(channel)
  if (held === undefined) return unknown(channel)
  const party = agreeToClose(chainId, held.party, agreed, now)
  if (isRejection(party)) return party
  state.setChannel({ ...held, party })
  return [{ kind: 'send', message: { kind: 'closeAgreed', ...agreed } }]
}

/** What both had agreed on and nobody has used is over. */
function lapse(party: ChannelParty, now: Timestamp): ChannelParty {
  return lapseWithdrawal(lapseAgreement(party, now), now)
}

function changeChannel(
  state: WalletOverlay,
  channel: ChannelId,
  change: (held: WalletChannel) => Outcome,
): Outcome {
  const held = state.channel(channel)
  return held === undefined ? unknown(channel) : change(held)
}

function changeParty(
  state: WalletOverlay,
  channel: ChannelId,
  change: (party: ChannelParty) => ChannelParty,
): Outcome {
  const held = state.channel(channel)
  if (held === undefined) return unknown(channel)
  const party = change(held.party)
  if (party === held.party) return []
  state.setChannel({ ...held, party })
  return [{ kind: 'channelChanged', channel }]
}

function stored(channel: ChannelId, party: ChannelParty): WalletEffect {
  return { kind: 'send', message: { kind: 'stored', channel, version: party.peer.version } }
}

function unknown(channel: ChannelId): Rejection<'channel_unknown'> {
  return reject('channel_unknown', `this wallet has no channel ${channel}`)
}
