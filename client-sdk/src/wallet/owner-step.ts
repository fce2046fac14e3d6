import {
  type Anchor,
  type ChannelParty,
  draftChange,
  isRejection,
  reject,
  type Timestamp,
} from '@tallystick/protocol'
import { linkRefund } from './finish-payment.js'
import { advanceInvoice } from './invoice-step.js'
import { isSamePayment } from './same-payment.js'
import type { WalletEvent } from './wallet-event.js'
import type { InvoiceRecord, PaymentPart, PaymentRecord } from './wallet-records.js'
import type { WalletOverlay } from './wallet-state.js'
import type { Outcome, WalletContext } from './wallet-step.js'

/** The owner asks for money. */
export function stepNewInvoice(
  state: WalletOverlay,
  made: InvoiceRecord,
  _context: WalletContext,
): Outcome {
  const invoice = { ...made, order: state.nextOrder('invoice') }
  state.setInvoice(invoice)
  return [{ kind: 'invoiceChanged', invoice }]
}

/** The owner takes what is held for an invoice, or takes the invoice back. */
export function stepOwnInvoice(
  state: WalletOverlay,
  { kind, anchor }: { readonly kind: 'capture' | 'cancel'; readonly anchor: Anchor },
  context: WalletContext,
): Outcome {
  const invoice = state.invoice(anchor)
  return invoice === undefined
    ? reject('invoice_unknown', `no invoice with anchor ${anchor} is open or held`)
    : advanceInvoice(state, invoice, { kind }, context)
}

/** The owner pays: all parts are promised, or none (PAY-6). */
export function stepPay(
  state: WalletOverlay,
  { payment: made, expiry, sale }: Extract<WalletEvent, { kind: 'pay' }>,
  { now }: WalletContext,
): Outcome {
  // INV-26: the same payment, asked for twice at once, is the one that is under way.
  const same = state.payment(made.id)
  if (same !== undefined) return isSamePayment(same, made) ? [] : keyReused()
  const others = [...state.payments()]
  if (others.some(({ anchor, status }) => anchor === made.anchor && status !== 'failed')) {
    return reject('already_paying', 'this wallet is paying the invoice under another key')
  }
  const drafted = made.parts.map((part) => draftPart(state, made, part, { expiry, now }))
  const refused = drafted.find(isRejection)
  if (refused !== undefined) return refused
  const linked = sale && linkRefund(state.invoice(sale.anchor) ?? sale, made.amount)
  if (linked !== undefined && isRejection(linked)) return linked
  if (linked !== undefined) state.setInvoice(linked)
  for (const party of drafted) if (!isRejection(party)) setParty(state, party)
  const payment = { ...made, order: state.nextOrder('payment') }
  state.setPayment(payment)
  const sold = linked === undefined ? [] : [{ kind: 'saleChanged', invoice: linked } as const]
  return [...sold, { kind: 'paymentChanged', payment }]
}

/** The channel of one part, with its item in the next proof. */
function draftPart(
  state: WalletOverlay,
  { anchor, payee }: PaymentRecord,
  { channel, id, amount, fee }: PaymentPart,
  { expiry, now }: { readonly expiry: Timestamp; readonly now: Timestamp },
) {
  const held = state.channel(channel)
  if (held === undefined) return reject('channel_unknown', `this wallet has no channel ${channel}`)
  const unit = (amount + fee) as typeof amount
  const forward = { payee, amount }
  return draftChange(held.party, { kind: 'add', id, anchor, unit, ticks: 1, expiry, forward }, now)
}

function setParty(state: WalletOverlay, party: ChannelParty): void {
  const held = state.channel(party.ledger.id)
  if (held !== undefined) state.setChannel({ ...held, party })
}

function keyReused() {
  return reject('key_reused', 'the key is of another payment: each payment has a key of its own')
}
