import {
  type ChannelId,
  type ChannelParty,
  claimableOf,
  compareVersions,
  isClosing,
  type LaneState,
  noteOf,
  otherRole,
  type PendingItem,
  type Timestamp,
} from '@tallystick/protocol'
import { settledLanes } from '../guard/answer-force-close.js'
import type { WalletEffect } from './wallet-event.js'
import type { WalletOverlay } from './wallet-state.js'

/** The ledger has settled a channel: invoices are paid that it paid by a proof which never came. */
export function payByDispute(
  state: WalletOverlay,
  channel: ChannelId,
  time: Timestamp,
): WalletEffect[] {
  const party = state.channel(channel)?.party
  if (party === undefined) return []
  return claimsPaidByDispute(party).flatMap(({ anchor, amount }) => {
    const invoice = state.invoice(anchor)
    if (invoice?.status !== 'claiming' || amount < invoice.amount) return []
    const paid = { ...invoice, status: 'paid', time } as const
    state.setInvoice(paid)
    return [{ kind: 'invoiceChanged', invoice: paid }]
  })
}

/**
 * Claims that the other side has paid in every lane which a dispute may have settled it with, though
 * it never sent that proof: later ones, without the items, that pay all that was claimed of them.
 */
function claimsPaidByDispute(
  party: ChannelParty,
): readonly { readonly anchor: PendingItem['anchor']; readonly amount: bigint }[] {
  const { ledger, peer, role } = party
  if (!isClosing(ledger)) return []
  const lanes = settledLanes(ledger, otherRole(role))
  const claims = peer.items
    .filter(({ id }) => lanes.every(({ items }) => items.every((item) => item.id !== id)))
    .flatMap((item) => {
      const { known } = noteOf(party, item.id)
      return known === undefined
        ? []
        : [{ anchor: item.anchor, amount: claimableOf(item, known.index) }]
    })
  const due = claims.reduce((sum, { amount }) => sum + amount, BigInt(peer.transferred))
  const paysAll = (lane: LaneState) => compareVersions(lane, peer) > 0 && lane.transferred >= due
  return lanes.every(paysAll) ? claims : []
}
