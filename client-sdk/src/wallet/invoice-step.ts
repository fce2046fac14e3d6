import {
  type Anchor,
  amount,
  type ChannelId,
  declineItem,
  type ItemId,
  isRejection,
  learnLink,
  lockedBy,
  noteOf,
  type PendingItem,
  type Rejection,
} from '@tallystick/protocol'
import {
  type InvoiceDeed,
  type InvoiceEvent,
  type LockedPart,
  stepInvoice,
} from './invoice-machine.js'
import type { WalletEffect } from './wallet-event.js'
import type { InvoiceRecord } from './wallet-records.js'
import type { WalletOverlay } from './wallet-state.js'
import type { WalletContext } from './wallet-step.js'

/** What happened to an invoice, and what that means for the items that are locked to it; or why not. */
export function advanceInvoice(
  state: WalletOverlay,
  before: InvoiceRecord,
  event: InvoiceEvent,
  { now }: WalletContext,
): WalletEffect[] | Rejection {
  const stepped = stepInvoice(before, event, now)
  if (isRejection(stepped)) return stepped
  const { invoice, deeds } = stepped
  if (invoice === before) return []
  state.setInvoice(invoice)
  const effects = deeds.flatMap((deed) => carryOut(state, invoice, deed))
  // That its preimage is being shown is nothing that an owner could act on.
  const isTold = invoice.status !== before.status && invoice.status !== 'claiming'
  return isTold ? [...effects, { kind: 'invoiceChanged', invoice }] : effects
}

/** As `advanceInvoice`, for what cannot be refused because it has happened. */
export function meetInvoice(
  state: WalletOverlay,
  anchor: Anchor,
  event: Extract<InvoiceEvent, { kind: 'redeemed' | 'dropped' | 'timePassed' }>,
  context: WalletContext,
): WalletEffect[] {
  const invoice = state.invoice(anchor)
  const effects = invoice === undefined ? [] : advanceInvoice(state, invoice, event, context)
  return isRejection(effects) ? [] : effects
}

/** An item of the hub's lane as a part of an invoice. */
export function partOf(channel: ChannelId, item: PendingItem): LockedPart {
  return { channel, id: item.id, amount: amount(lockedBy(item)), expiry: item.expiry }
}

/** The link is noted as known before it is shown (INVOICE-3). */
function carryOut(
  state: WalletOverlay,
  { preimage }: InvoiceRecord,
  deed: InvoiceDeed,
): WalletEffect[] {
  const { channel, id } = deed.part
  switch (deed.kind) {
    case 'claim': {
      const held = state.channel(channel)
      const party = held && learnLink(held.party, id, { index: 1, link: preimage })
      if (held === undefined || party === undefined || isRejection(party)) return []
      state.setChannel({ ...held, party })
      return claimItem(state, channel, id)
    }
    case 'decline':
      return declineIncoming(state, channel, id, deed.code)
  }
}

function claimItem(state: WalletOverlay, channel: ChannelId, id: ItemId): WalletEffect[] {
  const held = state.channel(channel)
  const known = held && noteOf(held.party, id).known
  return known === undefined
    ? []
    : [{ kind: 'send', message: { kind: 'claim', channel, id, known } }]
}

/** Asks the hub to drop an item that is not taken. */
export function declineIncoming(
  state: WalletOverlay,
  channel: ChannelId,
  id: ItemId,
  code: string,
): WalletEffect[] {
  const held = state.channel(channel)
  const party = held && declineItem(held.party, id)
  if (held === undefined || party === undefined || isRejection(party)) return []
  state.setChannel({ ...held, party })
  return [{ kind: 'send', message: { kind: 'decline', channel, id, code } }]
}
