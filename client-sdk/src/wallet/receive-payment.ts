import {
  type Anchor,
  type ChannelId,
  type ChannelParty,
  type ItemId,
  isRejection,
  type LaneEvent,
  noteOf,
  type PendingItem,
  type Rejection,
  reject,
} from '@tallystick/protocol'
import { spontaneousInvoice } from '../letters/spontaneous-invoice.js'
import { endPart } from './finish-payment.js'
import { advanceInvoice, declineIncoming, meetInvoice, partOf } from './invoice-step.js'
import { streamDropped, streamRedeemed, takeStream } from './receive-stream.js'
import { paidStreamEnded } from './stream-step.js'
import type { WalletEffect } from './wallet-event.js'
import type { InvoiceRecord } from './wallet-records.js'
import type { WalletOverlay } from './wallet-state.js'
import type { WalletContext } from './wallet-step.js'

/** What a stored update of the hub means for invoices and payments of this wallet. */
export function meetLaneEvent(
  state: WalletOverlay,
  channel: ChannelId,
  event: LaneEvent,
  context: WalletContext,
): WalletEffect[] {
  switch (event.kind) {
    case 'itemAdded':
      return event.item.ticks > 1
        ? meetStream(state, channel, event.item, context)
        : meetItem(state, channel, event.item, context)
    case 'itemRedeemed': {
      const { item, index } = event
      if (item.ticks > 1) return streamRedeemed(state, channel, item, index, context)
      const part = partOf(channel, item)
      return meetInvoice(state, item.anchor, { kind: 'redeemed', part }, context)
    }
    case 'itemDropped': {
      const { anchor, id, ticks } = event.item
      if (ticks > 1) return streamDropped(state, channel, event.item, context)
      // It expired without being enforced; another item of this anchor may still pay.
      if (state.invoice(anchor)?.status === 'claiming' && isClaimed(state, anchor)) return []
      return meetInvoice(state, anchor, { kind: 'dropped', channel, id }, context)
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

/**
 * Takes the items of the hub that this store has not answered, as it does when they come: those that a
 * resume has brought (CH-19). It declines none: another device may have shown what pays it (CH-14), so
 * what is not taken here rests until that one comes back, or it expires.
 */
export function takeMissedItems(
  state: WalletOverlay,
  { ledger: { id: channel }, peer, lostAt }: ChannelParty,
  context: WalletContext,
): WalletEffect[] {
  // What the other lane pays is not certain before it has gone on (CH-18).
  if (lostAt !== undefined) return []
  return peer.items.flatMap((item) => {
    const party = state.channel(channel)?.party
    const { known, declined } = party
      ? noteOf(party, item.id)
      : { known: undefined, declined: true }
    // A stream that pays already is another device's.
    if (known !== undefined || declined || item.paid > 0) return []
    const take = item.ticks > 1 ? takeStream : takeItem
    const taken = take(state, channel, item, context)
    return isRejection(taken) ? [] : taken
  })
}

/** Takes an item that pays an open invoice, or a part of it, in time (INVOICE-3); declines any other. */
function meetItem(
  state: WalletOverlay,
  channel: ChannelId,
  item: PendingItem,
  context: WalletContext,
): WalletEffect[] {
  const taken = takeItem(state, channel, item, context)
  return isRejection(taken) ? declineIncoming(state, channel, item.id, taken.code) : taken
}

function takeItem(
  state: WalletOverlay,
  channel: ChannelId,
  item: PendingItem,
  context: WalletContext,
): WalletEffect[] | Rejection {
  const invoice = state.invoice(item.anchor) ?? announcedInvoice(state, item.anchor, context)
  if (invoice === undefined) return reject('unknown_payment', 'no invoice has this anchor')
  const event = { kind: 'locked', part: partOf(channel, item), ticks: item.ticks } as const
  return advanceInvoice(state, invoice, event, context)
}

/** What a letter has announced and is met for the first time. */
function announcedInvoice(
  state: WalletOverlay,
  anchor: Anchor,
  { announced, now }: WalletContext,
): InvoiceRecord | undefined {
  const letter = announced?.(anchor)
  return letter && { ...spontaneousInvoice(letter, now), order: state.nextOrder('invoice') }
}

function meetStream(
  state: WalletOverlay,
  channel: ChannelId,
  item: PendingItem,
  context: WalletContext,
): WalletEffect[] {
  const taken = takeStream(state, channel, item, context)
  if (!isRejection(taken)) return taken
  const { code } = taken
  return [
    { kind: 'streamRefused', anchor: item.anchor, code },
    ...declineIncoming(state, channel, item.id, code),
  ]
}

/** The hub has given up a cancelled item for good: the money is back. */
function releasePayment(state: WalletOverlay, id: ItemId, context: WalletContext): WalletEffect[] {
  return [
    ...endPart(state, id, { status: 'failed' }, context.now),
    ...paidStreamEnded(state, id, '', context),
  ]
}
