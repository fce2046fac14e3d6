import {
  adoptEntrusted,
  askToResume,
  type ChannelParty,
  claimableOf,
  draftOwed,
  type Entrusted,
  grantResume,
  type ItemId,
  isRejection,
  type LaneState,
  mustAskAsWell,
  noteOf,
  type Position,
  type ResumeAnswer,
  type ResumeRequest,
  type SeenReveal,
  takeResume,
} from '@tallystick/protocol'
import { partsOn } from './cancelled-payments.js'
import { endPart } from './finish-payment.js'
import { meetInvoice } from './invoice-step.js'
import { meetLaneEvent } from './receive-payment.js'
import { endGoneStreams, streamRedeemed } from './receive-stream.js'
import { stepRevealSeen } from './reveal-step.js'
import { closeDoubtedStreams, endGonePaidStreams, paidStreamEnded } from './stream-step.js'
import type { WalletEffect } from './wallet-event.js'
import type { InvoicePart, WalletChannel } from './wallet-records.js'
import type { WalletOverlay } from './wallet-state.js'
import type { Outcome, WalletContext } from './wallet-step.js'

/** The record may lack proofs that were signed: nothing is, until the hub has said from where to go on. */
export function stepStateLost(
  state: WalletOverlay,
  held: WalletChannel,
  by: 'store' | 'hub',
  context: WalletContext,
): Outcome {
  const { nonce, now } = context
  const party = askToResume(held.party, nonce, now)
  if (isRejection(party)) return party
  const books = by === 'store' || held.books === 'lost' ? 'lost' : 'doubted'
  state.setChannel({ ...held, party, books })
  const channel = party.ledger.id
  return [{ kind: 'channelChanged', channel }, ...closeDoubtedStreams(state, channel, context)]
}

/**
 * Another device may sign from here on (CH-19). The record holds all that this one has signed, so that
 * the guard may still leave by it, unsure.
 */
export function stepTurnEnded(
  state: WalletOverlay,
  held: WalletChannel,
  { nonce }: WalletContext,
): Outcome {
  const party = askToResume(held.party, nonce, undefined)
  if (isRejection(party)) return party
  state.setChannel({ ...held, party })
  return [{ kind: 'channelChanged', channel: party.ledger.id }]
}

/** Payments that this batch has drafted are never signed: the money was not promised to anybody. */
function endDrafted(
  state: WalletOverlay,
  { draft }: ChannelParty,
  context: WalletContext,
): WalletEffect[] {
  const news = { status: 'failed', code: 'channel_resumed' } as const
  return (draft?.changes ?? []).flatMap(({ kind, id }) =>
    kind === 'add'
      ? [
          ...endPart(state, id, news, context.now),
          ...paidStreamEnded(state, id, news.code, context),
        ]
      : [],
  )
}

/** A request of an earlier process: a copy of the store could bring it back once it was answered. */
export function stepAskedAnew(
  state: WalletOverlay,
  held: WalletChannel,
  { nonce }: WalletContext,
): Outcome {
  if (held.party.resuming === undefined) return []
  const party = askToResume(held.party, nonce, undefined)
  if (isRejection(party)) return party
  state.setChannel({ ...held, party })
  return [{ kind: 'channelChanged', channel: party.ledger.id }]
}

/** A guard's copy of the channel knows more than this store: so the store has lost data. */
export function stepAdopted(
  state: WalletOverlay,
  held: WalletChannel,
  entrusted: Entrusted,
  { chainId, nonce, now }: WalletContext,
): Outcome {
  const { resuming, lostAt } = held.party
  const isLost = resuming !== undefined && lostAt !== undefined
  const asked = isLost ? held.party : askToResume(held.party, nonce, now)
  if (isRejection(asked)) return asked
  const party = adoptEntrusted(chainId, asked, entrusted)
  if (isRejection(party)) return party
  state.setChannel({ ...held, party, books: 'lost' })
  return [{ kind: 'channelChanged', channel: party.ledger.id }]
}

/**
 * The hub asks from where its lane goes on. If it has lost data, it takes nothing of this lane before
 * that has gone on from a resume as well.
 */
export function answerHub(
  state: WalletOverlay,
  held: WalletChannel,
  request: ResumeRequest & Pick<Position, 'heldResume'>,
  context: WalletContext,
): Outcome {
  const { chainId, signer, nonce, now } = context
  const granted = grantResume(chainId, held.party, request, signer(held.keyIndex), now)
  if (granted.kind === 'rejection') return granted
  const { answer } = granted
  const asks = mustAskAsWell(granted.party, request)
  const party = asks ? askToResume(granted.party, nonce, undefined) : granted.party
  if (isRejection(party)) return party
  state.setChannel({ ...held, party })
  const channel = party.ledger.id
  const dropped = asks ? endDrafted(state, held.party, context) : []
  return [...dropped, { kind: 'send', message: { kind: 'resumeAnswer', channel, answer } }]
}

/**
 * The hub has said from where to go on (CH-18), and what that says of payments of this store is taken
 * over. `reveals`: what the ledger knows of the items. What the hub's lane pays is believed, and the
 * books are whole, once that has gone on as well (`becomeWhole`).
 */
export function stepResumeAnswered(
  state: WalletOverlay,
  held: WalletChannel,
  { answer, reveals }: { readonly answer: ResumeAnswer; readonly reveals: readonly SeenReveal[] },
  context: WalletContext,
): Outcome {
  const taken = takeResume(context.chainId, held.party, answer, context.now)
  if (taken.kind === 'rejection') return taken
  const { party, released } = taken
  const channel = party.ledger.id
  state.setChannel({ ...held, party })
  // A side that has lost nothing need not wait for the other lane to go on.
  const isWhole = party.lostAt === undefined && held.books === 'whole'
  return [
    ...reveals.flatMap((reveal) => stepRevealSeen(state, reveal, context)),
    ...endGonePayments(state, party, released, context),
    ...endGonePaidStreams(state, party, released, context),
    ...(isWhole ? payMissedTicks(state, held.party, party, context) : []),
    ...endGoneStreams(state, party, held.party, context),
    ...endGoneInvoices(state, held.party, party, context),
    ...(isWhole ? payClaimedInvoices(state, context) : []),
    { kind: 'channelChanged', channel },
  ]
}

/**
 * Payments whose item is gone. Where it was never taken, or given up, the money is back; else whoever
 * signed in the meantime knows how it ended, and nobody here may pay it again.
 */
function endGonePayments(
  state: WalletOverlay,
  { ledger, own }: ChannelParty,
  released: readonly ItemId[],
  { now }: WalletContext,
): WalletEffect[] {
  const gone = partsOn(state, ledger.id).filter(
    ({ id }) => !own.items.some((item) => item.id === id),
  )
  return gone.flatMap(({ id }) => {
    const status = released.includes(id) ? 'failed' : 'unknown'
    const code = state.paymentOfItem(id)?.code || 'channel_resumed'
    return endPart(state, id, { status, code }, now)
  })
}

/**
 * The hub has signed on in an epoch that was granted after the loss: nothing that this wallet forgot
 * can undo its lane any more. Items of it are answered as if they had just come, and what is left of
 * invoices that were being paid is.
 */
export function becomeWhole(
  state: WalletOverlay,
  held: WalletChannel,
  context: WalletContext,
): WalletEffect[] {
  const party = draftOwed(held.party, context.now)
  state.setChannel({ ...held, party, books: 'whole' })
  const channel = party.ledger.id
  return [
    ...payClaimedInvoices(state, context),
    ...meetRestoredItems(state, party, context),
    { kind: 'resumed', channel },
  ]
}

/** An invoice whose item is gone, and that was not ended by `endGoneInvoices`, was paid. */
export function payClaimedInvoices(state: WalletOverlay, context: WalletContext): WalletEffect[] {
  const channels = [...state.channels()]
  // Which of several channels it was on, nobody knows any more.
  if (channels.some(({ books, party }) => books !== 'whole' && party.phase.kind !== 'closed'))
    return []
  const isSettled = ({ channel, id }: InvoicePart) => {
    const party = state.channel(channel)?.party
    const isGone = party === undefined || party.peer.items.every((item) => item.id !== id)
    return isGone || party.incoming.some((note) => note.id === id && note.onLedger > 0)
  }
  return [...state.invoices()]
    .filter(({ status, parts }) => status === 'claiming' && parts.every(isSettled))
    .flatMap(({ anchor, parts }) =>
      parts
        .filter(({ isPaid }) => !isPaid)
        .flatMap((part) => meetInvoice(state, anchor, { kind: 'redeemed', part }, context)),
    )
}

/**
 * Invoices whose item is gone: what only waited is back with the payer; what was claimed, and was not
 * paid by what the hub has paid in all since, ended, and nobody may pay to it again.
 */
function endGoneInvoices(
  state: WalletOverlay,
  before: ChannelParty,
  { peer }: ChannelParty,
  context: WalletContext,
): WalletEffect[] {
  const { id: channel } = before.ledger
  const gone = before.peer.items.filter(({ id }) => !peer.items.some((item) => item.id === id))
  const [claimed, waiting] = [
    gone.filter(({ id }) => noteOf(before, id).known !== undefined),
    gone.filter(({ id }) => noteOf(before, id).known === undefined),
  ]
  const isPaid = isClaimedPaid(before, peer)
  return [...waiting, ...(isPaid ? [] : claimed)].flatMap(({ anchor, id }) =>
    meetInvoice(state, anchor, { kind: 'dropped', channel, id }, context),
  )
}

/** Whether what the hub has paid in all since is no less than what was claimed of items that are gone. */
function isClaimedPaid(before: ChannelParty, peer: LaneState): boolean {
  const worth = before.peer.items
    .filter(({ id }) => !peer.items.some((item) => item.id === id))
    .reduce((sum, item) => {
      const { known } = noteOf(before, item.id)
      return sum + (known === undefined ? 0n : claimableOf(item, known.index))
    }, 0n)
  return peer.transferred - before.peer.transferred >= worth
}

/** Ticks of streams that the hub has paid by proofs which did not arrive. */
function payMissedTicks(
  state: WalletOverlay,
  before: ChannelParty,
  { ledger, peer }: ChannelParty,
  context: WalletContext,
): WalletEffect[] {
  const isPaid = isClaimedPaid(before, peer)
  return before.peer.items.flatMap((item) => {
    if (item.ticks === 1) return []
    const left = peer.items.find(({ id }) => id === item.id)
    const claimed = isPaid ? noteOf(before, item.id).known?.index : undefined
    const paid = left === undefined ? (claimed ?? item.paid) : left.paid
    return paid > item.paid ? streamRedeemed(state, ledger.id, item, paid, context) : []
  })
}

/** Items of the hub that this store has not answered, as if they had just come. */
function meetRestoredItems(
  state: WalletOverlay,
  party: ChannelParty,
  context: WalletContext,
): WalletEffect[] {
  return party.peer.items.flatMap((item) => {
    const current = state.channel(party.ledger.id)?.party ?? party
    const { known, declined } = noteOf(current, item.id)
    return known !== undefined || declined
      ? []
      : meetLaneEvent(
          state,
          party.ledger.id,
          { kind: 'itemAdded', item, forward: undefined },
          context,
        )
  })
}
