import {
  type ChannelParty,
  claimableOf,
  compareVersions,
  type ItemId,
  isClosing,
  type LaneState,
  noteOf,
  otherRole,
  type PendingItem,
  seeLedger,
} from '@tallystick/protocol'
import { settledLanes } from '../guard/answer-force-close.js'
import { failCancelled, partsOn } from './cancelled-payments.js'
import { endPart } from './finish-payment.js'
import { meetInvoice, partOf } from './invoice-step.js'
import { endGoneStreams } from './receive-stream.js'
import { payClaimedInvoices } from './resume-step.js'
import { endGonePaidStreams } from './stream-step.js'
import type { WalletEffect } from './wallet-event.js'
import type { WalletChannel } from './wallet-records.js'
import type { WalletOverlay } from './wallet-state.js'
import type { WalletContext } from './wallet-step.js'

/** The ledger has settled a channel: how the payments on it ended that nobody else will tell of. */
export function stepChannelGone(
  state: WalletOverlay,
  held: WalletChannel,
  context: WalletContext,
): WalletEffect[] {
  const party = seeLedger(held.party, undefined, context.now)
  if (party === held.party) return []
  state.setChannel({ ...held, party })
  return [
    { kind: 'channelChanged', channel: party.ledger.id },
    ...failCancelled(state, party.ledger.id, context.now),
    ...dropWaiting(state, party, context),
    ...(held.books === 'whole' ? [] : endDoubted(state, party, context)),
    ...payBySettlement(state, party, context),
    ...endGonePaidStreams(state, party, [], context),
    ...endGoneStreams(state, party, held.party, context),
  ]
}

/** What waited on the channel to be captured, or for other parts, is back with the payer. */
function dropWaiting(
  state: WalletOverlay,
  { ledger, peer }: ChannelParty,
  context: WalletContext,
): WalletEffect[] {
  return peer.items.flatMap(({ anchor, id }) => {
    const isWaiting = state.invoice(anchor)?.waitsUntil !== undefined
    const dropped = { kind: 'dropped', channel: ledger.id, id } as const
    return isWaiting ? meetInvoice(state, anchor, dropped, context) : []
  })
}

/**
 * Payments of a record that may not hold all that was signed: what the lane that was settled still
 * had pending is back, as nobody has revealed its preimage in time; all else another device knows.
 */
function endDoubted(
  state: WalletOverlay,
  { ledger, role }: ChannelParty,
  { now }: WalletContext,
): WalletEffect[] {
  const lanes = isClosing(ledger) ? settledLanes(ledger, role) : []
  const isBack = (id: ItemId) =>
    lanes.length > 0 && lanes.every(({ items }) => items.some((item) => item.id === id))
  return partsOn(state, ledger.id)
    .filter(({ status }) => status === 'pending')
    .flatMap(({ id }) => {
      const status = isBack(id) ? 'failed' : 'unknown'
      return endPart(state, id, { status, code: 'channel_settled' }, now)
    })
}

/**
 * Where the channel was settled by no less than its other side had signed: invoices are paid that it
 * paid by a proof which never came, or which a resume that never ended had put in doubt.
 */
function payBySettlement(
  state: WalletOverlay,
  party: ChannelParty,
  context: WalletContext,
): WalletEffect[] {
  const { ledger, peer, role } = party
  const lanes = isClosing(ledger) ? settledLanes(ledger, otherRole(role)) : []
  if (lanes.some(({ transferred }) => transferred < peer.transferred)) return []
  const disputed = claimsPaidBy(lanes, party).flatMap((item) => {
    const isClaiming = state.invoice(item.anchor)?.status === 'claiming'
    const redeemed = { kind: 'redeemed', part: partOf(ledger.id, item) } as const
    return isClaiming ? meetInvoice(state, item.anchor, redeemed, context) : []
  })
  return [...disputed, ...payClaimedInvoices(state, context)]
}

/**
 * Claims that the other side has paid in every lane which a dispute may have settled it with, though
 * it never sent that proof: later ones, without the items, that pay all that was claimed of them.
 */
function claimsPaidBy(lanes: readonly LaneState[], party: ChannelParty): readonly PendingItem[] {
  const { peer } = party
  const claims = peer.items
    .filter(({ id }) => lanes.every(({ items }) => items.every((item) => item.id !== id)))
    .flatMap((item) => {
      const { known } = noteOf(party, item.id)
      const amount = known && claimableOf(item, known.index)
      return amount === undefined ? [] : [{ item, amount }]
    })
  const due = claims.reduce((sum, { amount }) => sum + amount, BigInt(peer.transferred))
  const paysAll = (lane: LaneState) => compareVersions(lane, peer) > 0 && lane.transferred >= due
  return lanes.length > 0 && lanes.every(paysAll) ? claims.map(({ item }) => item) : []
}
