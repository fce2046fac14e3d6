import {
  type ChannelId,
  type ChannelParty,
  isClosing,
  type PendingItem,
  type SeenReveal,
  type Timestamp,
} from '@tallystick/protocol'
import { settledLanes } from '../guard/answer-force-close.js'
import { endPart } from './finish-payment.js'
import { isFinal } from './payment-machine.js'
import type { WalletEffect } from './wallet-event.js'
import type { PaymentPart } from './wallet-records.js'
import type { WalletOverlay } from './wallet-state.js'

/** A channel is settled: what was being cancelled on it, and not claimed by then, is back. */
export function failCancelled(
  state: WalletOverlay,
  channel: ChannelId,
  time: Timestamp,
): WalletEffect[] {
  return partsOn(state, channel)
    .filter(({ status }) => status === 'cancelling')
    .flatMap(({ id }) => endPart(state, id, { status: 'failed' }, time))
}

/** The parts of this wallet's payments that are locked on a channel. */
export function partsOn(state: WalletOverlay, channel: ChannelId): readonly PaymentPart[] {
  return [...state.payments()]
    .flatMap(({ parts }) => parts)
    .filter((part) => part.channel === channel && !isFinal(part))
}

/**
 * Items that a dispute settles this wallet's lane with and that a reveal claims in time: also such as
 * its newest state has dropped.
 */
export function claimedInDispute(
  { ledger }: ChannelParty,
  { anchor, known, time }: SeenReveal,
): readonly PendingItem[] {
  if (!isClosing(ledger)) return []
  return settledLanes(ledger, 'client')
    .flatMap(({ items }) => items)
    .filter((item) => item.anchor === anchor && time <= item.expiry && known.index > item.paid)
}
