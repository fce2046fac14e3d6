import {
  challenge,
  channelIdOf,
  channelTotal,
  closeAgreementDigest,
  finalize,
  forceClose,
  isClosing,
  isRejection,
  type LaneState,
  lockedOf,
  type Operation,
  type OperationOf,
  openedChannel,
  otherRole,
  parseAmount,
  reject,
  settlementBounds,
  withSide,
} from '@tallystick/protocol'
import { applyIssue, applyReissue } from './apply-asset-operation.js'
import { applyParametersChange } from './apply-parameters-change.js'
import { applyWithdraw } from './apply-withdraw.js'
import { revealLookup } from './reveal-record.js'
import type { TransactionRejection } from './transaction-rejection.js'
import type { TransactionRun } from './transaction-run.js'

type Refusal = TransactionRejection | undefined

/** Applies operation number `position` of the run's transaction (OP-*): `undefined` when it did. */
export function applyOperation(
  run: TransactionRun,
  operation: Operation,
  position: number,
): Refusal {
  switch (operation.kind) {
    case 'open':
      return applyOpen(run, operation, position)
    case 'deposit':
      return applyDeposit(run, operation)
    case 'close':
      return applyClose(run, operation)
    case 'forceClose':
      return applyForceClose(run, operation)
    case 'challenge':
      return applyChallenge(run, operation)
    case 'finalize':
      return applyFinalize(run, operation)
    case 'payFee':
      return applyPayFee(run, operation)
    case 'issue':
      return applyIssue(run, operation)
    case 'reissue':
      return applyReissue(run, operation)
    case 'changeParameters':
      return applyParametersChange(run, operation)
    case 'withdraw':
      return applyWithdraw(run, operation)
  }
}

function applyOpen(run: TransactionRun, open: OperationOf<'open'>, position: number): Refusal {
  const { asset, client, hub, terms } = open
  if (run.state.read('asset', { asset }) === undefined) {
    return reject('asset_unknown', `there is no asset ${asset}`)
  }
  const { disputeWindowSecondsMin: least, disputeWindowSecondsMax: most } = run.parameters
  if (terms.disputeWindowSeconds < least || terms.disputeWindowSeconds > most) {
    return reject('terms_out_of_bounds', `a dispute window lasts ${least} to ${most} seconds`)
  }
  const { disputeWindowSeconds: sure, unsureWindowSeconds: unsure } = terms
  if (unsure < sure || unsure > most) {
    return reject('terms_out_of_bounds', `an unsure window lasts ${sure} to ${most} seconds here`)
  }
  if (client.key === hub.key) {
    return reject('keys_not_distinct', 'the two sides of a channel have different keys')
  }
  const total = client.deposit + hub.deposit
  if (total === 0n || parseAmount(total) === undefined) {
    return reject('amount_out_of_range', 'the deposits of a channel sum to 1..2^63-1')
  }
  run.debit(asset, total)
  const number = run.state.read('channelCount', {})?.count ?? 0
  run.state.write('channelCount', {}, { count: number + 1 })
  const id = channelIdOf({ txId: run.id, index: position })
  run.setChannel(openedChannel(open, { number, id, openedTime: run.time }))
  return undefined
}

function applyDeposit(run: TransactionRun, deposit: OperationOf<'deposit'>): Refusal {
  const channel = run.openChannel(deposit.channel)
  if (isRejection(channel)) return channel
  const deposited = parseAmount(channel[deposit.role].deposited + deposit.amount)
  if (
    deposit.amount === 0n ||
    deposited === undefined ||
    parseAmount(channelTotal(channel) + deposit.amount) === undefined
  ) {
    return reject('amount_out_of_range', 'a deposit is positive and the total at most 2^63-1')
  }
  run.debit(channel.asset, deposit.amount)
  run.setChannel(withSide(channel, deposit.role, { ...channel[deposit.role], deposited }))
  return undefined
}

function applyClose(run: TransactionRun, { validUntil, closes }: OperationOf<'close'>): Refusal {
  if (run.time > validUntil) {
    return reject('agreement_expired', `ledger time is ${run.time}, agreed was ${validUntil}`)
  }
  for (const { channel: number, clientPayout, signature } of closes) {
    const channel = run.openChannel(number)
    if (isRejection(channel)) return channel
    const unsigned = run.requireSigner(channel.hub.key, `closing channel ${number}`)
    if (unsigned !== undefined) return unsigned
    const total = channelTotal(channel)
    if (clientPayout > total) {
      return reject('payout_above_total', `channel ${number} holds ${total}, not ${clientPayout}`)
    }
    const agreement = { channel: channel.id, clientPayout, validUntil }
    const digest = closeAgreementDigest(run.chainId, agreement)
    const isAgreed = run.checks.isSigned(channel.client.key, digest, signature)
    const disagreed = isAgreed
      ? undefined
      : reject('bad_agreement_signature', `the client of channel ${number} did not sign this`)
    run.observe?.({ rule: 'CH-12', subject: `channel ${number}: the client agrees` }, disagreed)
    if (disagreed !== undefined) return disagreed
    run.credit(channel.asset, total - clientPayout)
    const lock = channel.client.payoutLock
    run.createCoin({ asset: channel.asset, value: clientPayout, lock })
    run.removeChannel(number)
  }
  return undefined
}

function applyForceClose(run: TransactionRun, operation: OperationOf<'forceClose'>): Refusal {
  const { by, own, unsure, resume, peer } = operation
  const channel = run.openChannel(operation.channel)
  if (isRejection(channel)) return channel
  const excessive = checkLaneAmounts(own, peer?.lane)
  if (excessive !== undefined) return excessive
  const unsigned = run.requireSigner(channel[by].key, `closing channel ${channel.number} alone`)
  if (unsigned !== undefined) return unsigned
  const closing = forceClose(run.chainId, channel, { by, own, unsure, resume, peer }, run.time)
  if (isRejection(closing)) return closing
  run.setChannel(closing)
  return undefined
}

function applyChallenge(run: TransactionRun, operation: OperationOf<'challenge'>): Refusal {
  const channel = run.channel(operation.channel)
  if (isRejection(channel)) return channel
  const excessive = checkLaneAmounts(operation.proof?.lane, operation.own)
  if (excessive !== undefined) return excessive
  if (isClosing(channel)) {
    const owner = channel[otherRole(channel.status.by)].key
    const challenger = operation.guard?.appointment.guardKey ?? owner
    const unsigned = run.requireSigner(challenger, `challenging channel ${channel.number}`)
    if (unsigned !== undefined) return unsigned
  }
  const challenged = challenge(run.chainId, channel, operation, run.time)
  if (isRejection(challenged)) return challenged
  run.setChannel(challenged)
  return undefined
}

function applyFinalize(run: TransactionRun, operation: OperationOf<'finalize'>): Refusal {
  const channel = run.channel(operation.channel)
  if (isRejection(channel)) return channel
  const finalized = finalize(channel, operation.part, revealLookup(run.state), run.time)
  if (isRejection(finalized)) return finalized
  const { asset, client, hub } = channel
  run.createCoin({ asset, value: finalized.client, lock: client.payoutLock })
  run.createCoin({ asset, value: finalized.hub, lock: hub.payoutLock })
  const { bounty } = finalized
  if (bounty !== undefined) {
    run.createCoin({ asset, value: bounty.amount, lock: bounty.payoutLock })
  }
  if (finalized.rest === undefined) run.removeChannel(channel.number)
  else run.setChannel(finalized.rest)
  return undefined
}

/**
 * Fees out of a closing channel (OP-7) come from what the acting side is certain to be paid, and
 * are bounded by the reserve that it was never allowed to spend: so they cannot hurt the other.
 */
function applyPayFee(run: TransactionRun, operation: OperationOf<'payFee'>): Refusal {
  const { role } = operation
  const channel = run.channel(operation.channel)
  if (isRejection(channel)) return channel
  if (!isClosing(channel)) {
    return reject('channel_not_closing', `channel ${channel.number} is in use; pay with a coin`)
  }
  const unsigned = run.requireSigner(channel[role].key, `a fee from channel ${channel.number}`)
  if (unsigned !== undefined) return unsigned
  const feesPaid = parseAmount(channel[role].feesPaid + operation.amount)
  if (feesPaid === undefined || feesPaid > channel.terms.exitReserve) {
    return reject(
      'fee_above_reserve',
      `a side pays at most ${channel.terms.exitReserve} of fees from this channel`,
    )
  }
  const after = withSide(channel, role, { ...channel[role], feesPaid })
  const paid = role === 'client' ? channel.status.paidClient : channel.status.paidHub
  const lookup = revealLookup(run.state)
  const before = settlementBounds(channel, lookup, run.time)[role]
  const { least, most } = settlementBounds(after, lookup, run.time)[role]
  // Both ends fall by the fee, or a penalty's rounding would take a unit of it from the other side.
  const isBorneAlone =
    least === before.least - operation.amount && most === before.most - operation.amount
  if (!isBorneAlone || least < paid) {
    const certain = before.least - paid
    return reject('fee_above_payout', `the ${role} is certain of ${certain}, before the fee`)
  }
  run.creditFee(channel.asset, operation.amount)
  run.setChannel(after)
  return undefined
}

/** No proof can state a lane whose items sum to more than an amount (CH-4): nobody signed it. */
function checkLaneAmounts(...lanes: readonly (LaneState | undefined)[]): Refusal {
  return lanes.every((lane) => lane === undefined || parseAmount(lockedOf(lane)) !== undefined)
    ? undefined
    : reject('amount_out_of_range', 'the pending items of a lane sum to at most 2^63-1')
}
