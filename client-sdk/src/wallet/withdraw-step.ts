import { agreeToWithdraw, isRejection, reject, type SignedWithdrawal } from '@tallystick/protocol'
import type { WalletOverlay } from './wallet-state.js'
import type { Outcome, WalletContext } from './wallet-step.js'

/** CH-17: the money counts as gone, durably, before the hub hears of it. */
export function stepWithdraw(
  state: WalletOverlay,
  agreed: SignedWithdrawal,
  { chainId, now }: WalletContext,
): Outcome {
  const { channel } = agreed.withdrawal
  const held = state.channel(channel)
  if (held === undefined) {
    return reject('channel_unknown', `this wallet has no channel ${channel}`)
  }
  const party = agreeToWithdraw(chainId, held.party, agreed, now)
  if (isRejection(party)) return party
  state.setChannel({ ...held, party })
  return [
    { kind: 'send', message: { kind: 'withdrawAgreed', ...agreed } },
    { kind: 'channelChanged', channel },
  ]
}
