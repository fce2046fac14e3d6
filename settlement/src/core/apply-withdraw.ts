import {
  channelTotal,
  isRejection,
  type OperationOf,
  reject,
  withdrawalDigest,
  withSide,
} from '@tallystick/protocol'
import type { TransactionRejection } from './transaction-rejection.js'
import type { TransactionRun } from './transaction-run.js'

/**
 * Pays sides of open channels what both sides of each have agreed on (OP-11). A total that has to
 * rise makes each agreement count once; whose money it is, the two sides have judged (CH-17).
 */
export function applyWithdraw(
  run: TransactionRun,
  { validUntil, withdrawals }: OperationOf<'withdraw'>,
): TransactionRejection | undefined {
  if (run.time > validUntil) {
    return reject('agreement_expired', `ledger time is ${run.time}, agreed was ${validUntil}`)
  }
  for (const { channel: number, role, withdrawn, signature } of withdrawals) {
    const channel = run.openChannel(number)
    if (isRejection(channel)) return channel
    const unsigned = run.requireSigner(channel.hub.key, `a withdrawal from channel ${number}`)
    if (unsigned !== undefined) return unsigned
    const side = channel[role]
    if (withdrawn <= side.withdrawn) {
      return reject('withdrawal_not_newer', `${side.withdrawn} was withdrawn there already`)
    }
    const value = withdrawn - side.withdrawn
    const total = channelTotal(channel)
    if (value > total) {
      return reject('payout_above_total', `channel ${number} holds ${total}, not ${value}`)
    }
    const withdrawal = { channel: channel.id, role, withdrawn, validUntil }
    const digest = withdrawalDigest(run.chainId, withdrawal)
    if (!run.checks.isSigned(channel.client.key, digest, signature)) {
      return reject('bad_agreement_signature', `the client of channel ${number} did not sign this`)
    }
    run.createCoin({ asset: channel.asset, value, lock: side.payoutLock })
    run.setChannel(withSide(channel, role, { ...side, withdrawn }))
  }
  return undefined
}
