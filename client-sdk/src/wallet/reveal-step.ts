import { type ItemId, isClosing, linkBelow, type SeenReveal, seeReveal } from '@tallystick/protocol'
import { claimedInDispute } from './cancelled-payments.js'
import { endPart } from './finish-payment.js'
import { meetInvoice, partOf } from './invoice-step.js'
import { paidStreamRedeemed } from './stream-step.js'
import type { WalletEffect } from './wallet-event.js'
import type { PaymentStatus } from './wallet-records.js'
import type { WalletOverlay } from './wallet-state.js'
import type { WalletContext } from './wallet-step.js'

/** A public link pays every item with its anchor: receipts for payments, money for invoices. */
export function stepRevealSeen(
  state: WalletOverlay,
  event: SeenReveal,
  context: WalletContext,
): WalletEffect[] {
  const effects: WalletEffect[] = []
  const invoice = state.invoice(event.anchor)
  for (const held of [...state.channels()]) {
    const seen = seeReveal(held.party, event, context.now)
    if (seen.party !== held.party) state.setChannel({ ...held, party: seen.party })
    const { known } = event
    for (const { id } of seen.paid) {
      const preimage = linkBelow(known, 1)
      effects.push(...markPaid(state, id, preimage, context))
      effects.push(...paidStreamRedeemed(state, id, known.index, context))
    }
    for (const { id } of claimedInDispute(held.party, event)) {
      effects.push(...paidStreamRedeemed(state, id, known.index, context))
      if (partStatus(state, id) !== 'cancelling') continue
      effects.push(...markPaid(state, id, linkBelow(known, 1), context))
    }
    if (seen.party === held.party || invoice?.status !== 'claiming') continue
    // What a lane pays that may have been given up before, only its next epoch tells (CH-18).
    if (held.party.lostAt !== undefined && !isClosing(held.party.ledger)) continue
    const { incoming, peer, ledger } = seen.party
    const enforced = peer.items.filter(
      (item) =>
        item.anchor === event.anchor &&
        incoming.some((note) => note.id === item.id && note.onLedger > 0),
    )
    // The ledger has recorded the preimage in time: the items pay by themselves, come what may.
    for (const item of enforced) {
      const part = partOf(ledger.id, item)
      effects.push(...meetInvoice(state, event.anchor, { kind: 'redeemed', part }, context))
    }
  }
  return effects
}

/** The preimage is the receipt of the payment of item `id`, if it is one of this store. */
export function markPaid(
  state: WalletOverlay,
  id: ItemId,
  preimage: Uint8Array,
  { now }: WalletContext,
): WalletEffect[] {
  return endPart(state, id, { status: 'paid', preimage }, now)
}

function partStatus(state: WalletOverlay, id: ItemId): PaymentStatus | undefined {
  return state.paymentOfItem(id)?.parts.find((part) => part.id === id)?.status
}
