import {
  agreeToWithdraw,
  type ItemId,
  isRejection,
  reject,
  type SignedWithdrawal,
} from '@tallystick/protocol'
import type { WalletEffect } from '../wallet/wallet-event.js'
import type { WalletChannel } from '../wallet/wallet-records.js'
import type { WalletOverlay } from '../wallet/wallet-state.js'
import type { Outcome, WalletContext } from '../wallet/wallet-step.js'
import { type PayoutEvent, stepPayout } from './payout-machine.js'
import type { PayoutRecord } from './payout-record.js'

/** The owner takes money out of a channel: it counts as gone, and why is known, before the hub hears of it (CH-17, PAY-9). */
export function stepWithdraw(
  state: WalletOverlay,
  { agreed, payout: made }: { readonly agreed: SignedWithdrawal; readonly payout: PayoutRecord },
  { chainId, now }: WalletContext,
): Outcome {
  const { channel } = agreed.withdrawal
  const held = state.channel(channel)
  if (held === undefined) {
    return reject('channel_unknown', `this wallet has no channel ${channel}`)
  }
  // Also one that is the same in all but its key: of two with one total, the ledger's would say that both are paid.
  if (isWithdrawing(state, held)) {
    return reject('withdrawal_pending', 'another payout is leaving the channel; one at a time')
  }
  const party = agreeToWithdraw(chainId, held.party, agreed, now)
  if (isRejection(party)) return party
  state.setChannel({ ...held, party })
  const payout = { ...made, order: state.nextOrder('payout') }
  state.setPayout(payout)
  return [
    { kind: 'send', message: { kind: 'withdrawAgreed', ...agreed } },
    { kind: 'channelChanged', channel },
    { kind: 'payoutChanged', payout },
  ]
}

/** Whether a payout is leaving a channel, or was agreed on with the hub. */
export function isWithdrawing(
  state: Pick<WalletOverlay, 'payouts'>,
  { party }: WalletChannel,
): boolean {
  if (party.withdrawing?.signature !== undefined) return true
  return [...state.payouts()].some(
    ({ status, channel }) => status === 'withdrawing' && channel === party.ledger.id,
  )
}

/** What happened to one payout that is under way; of any other nothing is news. */
export function meetPayout(
  state: WalletOverlay,
  id: ItemId,
  event: PayoutEvent,
  { now }: Pick<WalletContext, 'now'>,
): WalletEffect[] {
  const before = state.payout(id)
  const payout = before && stepPayout(before, event, now)
  if (payout === undefined || payout === before) return []
  state.setPayout(payout)
  return [{ kind: 'payoutChanged', payout }]
}

/** What ledger time and the ledger's channels make of all of them. */
export function payoutsGoOn(state: WalletOverlay, context: WalletContext): WalletEffect[] {
  return [...state.payouts()].flatMap(({ id, channel }) =>
    meetPayout(state, id, { kind: 'timePassed', held: state.channel(channel) }, context),
  )
}
