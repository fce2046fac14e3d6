import {
  adoptEntrusted,
  askToResume,
  type ChannelParty,
  type Entrusted,
  grantResume,
  type ItemId,
  isRejection,
  lockedBy,
  noteOf,
  type ResumeAnswer,
  reject,
  type SeenReveal,
  takeResume,
} from '@tallystick/protocol'
import { finishPayment } from './finish-payment.js'
import { meetLaneEvent } from './receive-payment.js'
import { stepRevealSeen } from './reveal-step.js'
import type { WalletEffect } from './wallet-event.js'
import type { WalletChannel } from './wallet-records.js'
import type { WalletOverlay } from './wallet-state.js'
import type { Outcome, WalletContext } from './wallet-step.js'

/** The record may lack proofs that were signed: nothing is, until the hub has said from where to go on. */
export function stepStateLost(
  state: WalletOverlay,
  held: WalletChannel,
  { nonce }: WalletContext,
): Outcome {
  const party = askToResume(held.party, nonce)
  if (isRejection(party)) return party
  state.setChannel({ ...held, party, books: 'lost' })
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
  const party = askToResume(held.party, nonce)
  if (isRejection(party)) return party
  state.setChannel({ ...held, party })
  return [{ kind: 'channelChanged', channel: party.ledger.id }]
}

/** A guard's copy of the channel knows more than this store: so the store has lost data. */
export function stepAdopted(
  state: WalletOverlay,
  held: WalletChannel,
  entrusted: Entrusted,
  { chainId, nonce }: WalletContext,
): Outcome {
  const asked = held.party.resuming === undefined ? askToResume(held.party, nonce) : held.party
  if (isRejection(asked)) return asked
  const party = adoptEntrusted(chainId, asked, entrusted)
  if (isRejection(party)) return party
  state.setChannel({ ...held, party, books: 'lost' })
  return [{ kind: 'channelChanged', channel: party.ledger.id }]
}

/**
 * The hub has lost data and asks from where its lane goes on. Where words are shared, another device may
 * have been paid since, and a resume from here would give that up (CH-19): none is granted.
 */
export function answerHub(
  state: WalletOverlay,
  held: WalletChannel,
  asked: Uint8Array,
  { chainId, signer, isShared }: WalletContext,
): Outcome {
  if (isShared) {
    const detail =
      `the hub has lost data of channel ${held.party.ledger.id}, and other devices may have been paid` +
      ' on it: leave it unsure, on the device that was used last'
    return reject('channel_not_usable', detail)
  }
  const granted = grantResume(chainId, held.party, asked, signer(held.keyIndex))
  if (granted.kind === 'rejection') return granted
  const { party, answer } = granted
  state.setChannel({ ...held, party })
  const channel = party.ledger.id
  return [{ kind: 'send', message: { kind: 'resumeAnswer', channel, answer } }]
}

/**
 * The hub has said from where to go on (CH-18): the books are whole again, and what they say of
 * payments and invoices of this store is taken over. `reveals`: what the ledger knows of the items.
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
  state.setChannel({ ...held, party, books: 'whole' })
  return [
    ...reveals.flatMap((reveal) => stepRevealSeen(state, reveal, context)),
    ...endGonePayments(state, party, released, context),
    ...endGoneInvoices(state, held.party, party, context),
    ...meetRestoredItems(state, party, context),
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
 * Invoices whose claimed item is gone: paid if all that is gone was, by what the hub has paid in all
 * since; else they ended, and nobody may pay to them again.
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
  const status = peer.transferred - before.peer.transferred >= worth ? 'paid' : 'expired'
  return gone.flatMap(({ anchor }): WalletEffect[] => {
    const invoice = state.invoice(anchor)
    if (invoice?.status !== 'claiming') return []
    const ended = { ...invoice, status, time: now } as const
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
