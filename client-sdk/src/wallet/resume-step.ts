import {
  adoptEntrusted,
  askToResume,
  type ChannelParty,
  draftOwed,
  type Entrusted,
  grantResume,
  type ItemId,
  isRejection,
  lockedBy,
  mustAskAsWell,
  noteOf,
  type Position,
  type ResumeAnswer,
  type ResumeRequest,
  type SeenReveal,
  takeResume,
} from '@tallystick/protocol'
import { finishPayment } from './finish-payment.js'
import { meetLaneEvent } from './receive-payment.js'
import { endGoneStreams } from './receive-stream.js'
import { stepRevealSeen } from './reveal-step.js'
import { endGonePaidStreams, paidStreamEnded } from './stream-step.js'
import type { WalletEffect } from './wallet-event.js'
import type { InvoiceRecord, WalletChannel } from './wallet-records.js'
import type { WalletOverlay } from './wallet-state.js'
import type { Outcome, WalletContext } from './wallet-step.js'

/** The record may lack proofs that were signed: nothing is, until the hub has said from where to go on. */
export function stepStateLost(
  state: WalletOverlay,
  held: WalletChannel,
  by: 'store' | 'hub',
  { nonce, now }: WalletContext,
): Outcome {
  const party = askToResume(held.party, nonce, now)
  if (isRejection(party)) return party
  const books = by === 'store' || held.books === 'lost' ? 'lost' : 'doubted'
  state.setChannel({ ...held, party, books })
  return [{ kind: 'channelChanged', channel: party.ledger.id }]
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
  return (draft?.changes ?? []).flatMap(({ kind, id }) => {
    if (kind !== 'add') return []
    const payment = state.payment(id)
    const code = 'channel_resumed'
    if (payment === undefined) return paidStreamEnded(state, id, code, context)
    return finishPayment(state, { ...payment, status: 'failed', code, time: context.now })
  })
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
  return [
    ...reveals.flatMap((reveal) => stepRevealSeen(state, reveal, context)),
    ...endGonePayments(state, party, released, context),
    ...endGonePaidStreams(state, party, released, context),
    ...endGoneStreams(state, party, held.party, context),
    ...endGoneInvoices(state, held.party, party, context),
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
  const gone = [...state.payments()].filter(
    ({ id, channel, status }) =>
      channel === ledger.id &&
      (status === 'pending' || status === 'cancelling') &&
      !own.items.some((item) => item.id === id),
  )
  return gone.flatMap((payment) => {
    const status = released.includes(payment.id) ? 'failed' : 'unresolved'
    const code = payment.code === '' ? 'channel_resumed' : payment.code
    return finishPayment(state, { ...payment, status, code, time: now })
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
export function payClaimedInvoices(state: WalletOverlay, { now }: WalletContext): WalletEffect[] {
  const channels = [...state.channels()]
  // Which of several channels it was on, nobody knows any more.
  if (channels.some(({ books, party }) => books !== 'whole' && party.phase.kind !== 'closed'))
    return []
  const parties = channels.map(({ party }) => party)
  const isSettled = (invoice: InvoiceRecord) =>
    parties.every(({ peer, incoming }) =>
      peer.items
        .filter(({ anchor }) => anchor === invoice.anchor)
        .every(
          (item) =>
            lockedBy(item) >= invoice.amount &&
            incoming.some((note) => note.id === item.id && note.onLedger > 0),
        ),
    )
  const settled = [...state.invoices()].filter(
    (invoice) => invoice.status === 'claiming' && isSettled(invoice),
  )
  return settled.map((invoice): WalletEffect => {
    const paid = { ...invoice, status: 'paid', time: now } as const
    state.setInvoice(paid)
    return { kind: 'invoiceChanged', invoice: paid }
  })
}

/**
 * Invoices whose claimed item is gone, and was not paid by what the hub has paid in all since: they
 * ended, and nobody may pay to them again.
 */
function endGoneInvoices(
  state: WalletOverlay,
  before: ChannelParty,
  { peer }: ChannelParty,
  { now }: WalletContext,
): WalletEffect[] {
  const gone = before.peer.items.filter(
    ({ id }) =>
      noteOf(before, id).known !== undefined && !peer.items.some((item) => item.id === id),
  )
  const worth = gone.reduce((sum, item) => sum + lockedBy(item), 0n)
  if (peer.transferred - before.peer.transferred >= worth) return []
  return gone.flatMap(({ anchor }): WalletEffect[] => {
    const invoice = state.invoice(anchor)
    if (invoice?.status !== 'claiming') return []
    const ended = { ...invoice, status: 'expired', time: now } as const
    state.setInvoice(ended)
    return [{ kind: 'invoiceChanged', invoice: ended }]
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
