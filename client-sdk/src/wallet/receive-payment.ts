import {
  type Anchor,
  type ChannelId,
  claimableOf,
  declineItem,
  type ItemId,
  isRejection,
  type LaneEvent,
  learnLink,
  lockedBy,
  noteOf,
  type PendingItem,
  REVEAL_SECONDS,
  type Rejection,
  reject,
} from '@tallystick/protocol'
import { finishPayment } from './finish-payment.js'
import { streamDropped, streamRedeemed, takeStream } from './receive-stream.js'
import { paidStreamEnded } from './stream-step.js'
import type { WalletEffect } from './wallet-event.js'
import type { WalletOverlay } from './wallet-state.js'
import type { WalletContext } from './wallet-step.js'

/** An invoice is served while its item could still be enforced on the ledger, seconds. */
const CLAIMABLE_SECONDS_MIN = 2 * REVEAL_SECONDS

/** What a stored update of the hub means for invoices and payments of this wallet. */
export function meetLaneEvent(
  state: WalletOverlay,
  channel: ChannelId,
  event: LaneEvent,
  context: WalletContext,
): WalletEffect[] {
  switch (event.kind) {
    case 'itemAdded': {
      if (event.item.ticks > 1) return meetStream(state, channel, event.item, context)
      const refused = takeItem(state, channel, event.item, context)
      return refused === undefined
        ? claimItem(state, channel, event.item.id)
        : declineIncoming(state, channel, event.item.id, refused)
    }
    case 'itemRedeemed': {
      if (event.item.ticks > 1) {
        return streamRedeemed(state, channel, event.item, event.index, context)
      }
      const invoice = state.invoice(event.item.anchor)
      // Whoever knows the preimage can pay a trifle under this anchor: only the whole amount counts.
      const whole = claimableOf(event.item, event.index)
      if (invoice === undefined || whole < invoice.amount) return []
      const paid = { ...invoice, status: 'paid', time: context.now } as const
      state.setInvoice(paid)
      return [{ kind: 'invoiceChanged', invoice: paid }]
    }
    case 'itemDropped': {
      if (event.item.ticks > 1) return streamDropped(state, channel, event.item, context)
      const invoice = state.invoice(event.item.anchor)
      if (invoice === undefined || invoice.status !== 'claiming') return []
      if (isClaimed(state, event.item.anchor)) return []
      // It expired without being enforced. The hub knows the preimage, so nobody may pay to it again.
      const expired = { ...invoice, status: 'expired', time: context.now } as const
      state.setInvoice(expired)
      return [{ kind: 'invoiceChanged', invoice: expired }]
    }
    case 'itemReleased':
      return releasePayment(state, event.id, context)
  }
}

/** Whether another item of this anchor is on its way to being paid. */
function isClaimed(state: WalletOverlay, anchor: Anchor): boolean {
  return [...state.channels()].some(({ party }) =>
    party.peer.items.some((item) => {
      return item.anchor === anchor && noteOf(party, item.id).known !== undefined
    }),
  )
}

/** Takes an item that pays an open invoice in full and in time (INVOICE-3), or says why not. */
function takeItem(
  state: WalletOverlay,
  channel: ChannelId,
  item: PendingItem,
  { now }: WalletContext,
): Rejection | undefined {
  const invoice = state.invoice(item.anchor)
  if (invoice === undefined) return reject('unknown_payment', 'no open invoice has this anchor')
  if (invoice.status !== 'open') return reject('already_paid', 'the invoice is being paid already')
  if (now > invoice.expiry)
    return reject('invoice_expired', `the invoice ended at ${invoice.expiry}`)
  if (lockedBy(item) < invoice.amount || item.ticks !== 1) {
    return reject('amount_too_low', `the invoice asks for ${invoice.amount} base units`)
  }
  if (item.expiry < now + CLAIMABLE_SECONDS_MIN) {
    return reject('expiry_too_near', `a payment has ${CLAIMABLE_SECONDS_MIN} seconds left at least`)
  }
  const held = state.channel(channel)
  const known = { index: 1, link: invoice.preimage }
  const party = held && learnLink(held.party, item.id, known)
  if (held === undefined || party === undefined || isRejection(party)) {
    return reject('unknown_payment', 'the item is not on this lane')
  }
  state.setChannel({ ...held, party })
  state.setInvoice({ ...invoice, status: 'claiming', time: now })
  return undefined
}

function meetStream(
  state: WalletOverlay,
  channel: ChannelId,
  item: PendingItem,
  context: WalletContext,
): WalletEffect[] {
  const taken = takeStream(state, channel, item, context)
  if (!isRejection(taken)) return taken
  const { anchor, id } = item
  return [
    { kind: 'streamRefused', anchor, code: taken.code },
    ...declineIncoming(state, channel, id, taken),
  ]
}

function claimItem(state: WalletOverlay, channel: ChannelId, id: ItemId): WalletEffect[] {
  const note = state.channel(channel)?.party.incoming.find((other) => other.id === id)
  return note?.known === undefined
    ? []
    : [{ kind: 'send', message: { kind: 'claim', channel, id, known: note.known } }]
}

function declineIncoming(
  state: WalletOverlay,
  channel: ChannelId,
  id: ItemId,
  { code }: Rejection,
): WalletEffect[] {
  const held = state.channel(channel)
  const party = held && declineItem(held.party, id)
  if (held === undefined || party === undefined || isRejection(party)) return []
  state.setChannel({ ...held, party })
  return [{ kind: 'send', message: { kind: 'decline', channel, id, code } }]
}

/** The hub has given up a cancelled item for good: the money is back. */
function releasePayment(state: WalletOverlay, id: ItemId, context: WalletContext): WalletEffect[] {
  const payment = state.payment(id)
  if (payment === undefined) return paidStreamEnded(state, id, '', context)
  return finishPayment(state, { ...payment, status: 'failed', time: context.now })
}
