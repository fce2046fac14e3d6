import {
  amount,
  type ChainId,
  type ChannelNumber,
  type Operation,
  type Rejection,
  type Reveal,
  type Role,
  type Signer,
  type Timestamp,
} from '@tallystick/protocol'
import { smallestAmount } from './exact-amount.js'
import {
  type BuiltTransaction,
  draftFee,
  signDraft,
  type TransactionDraft,
} from './transaction-draft.js'

/** Operations of one side on a closing channel, or a force close first, paid for by its share. */
export type ChannelFeePlan = {
  readonly chainId: ChainId
  /** The channel that pays; closing, or closed by the first of `operations`. */
  readonly channel: ChannelNumber
  readonly role: Role
  /** The side's channel key, which every operation asks for. */
  readonly signer: Signer
  readonly operations: readonly Operation[]
  readonly reveals: readonly Reveal[]
  /** `feePerKiloCost` of the channel's asset. */
  readonly feePerKiloCost: number
  readonly validFrom: Timestamp
  readonly validUntil: Timestamp
}

/**
 * A transaction without coins: a last operation takes the exact fee out of the channel. Its amount
 * exceeds the fee due only where no amount of the right length exists, by less than a byte's price.
 */
export function channelFeeTransaction(
  plan: ChannelFeePlan,
): BuiltTransaction | Rejection<'transaction_too_large'> {
  return channelFeeTransactionPaying(plan, channelFee(plan))
}

/** The same with a fee of the caller's choice, at least `channelFee`: a better place in a full pool. */
export function channelFeeTransactionPaying(
  plan: ChannelFeePlan,
  fee: bigint,
): BuiltTransaction | Rejection<'transaction_too_large'> {
  return signDraft(plan.chainId, draftPaying(plan, fee), fee)
}

/** What the transaction of a plan takes out of the channel, base units; nothing is signed. */
export function channelFee(plan: ChannelFeePlan): bigint {
  return smallestAmount((value) => draftFee(draftPaying(plan, value), plan.feePerKiloCost))
}

function draftPaying(plan: ChannelFeePlan, fee: bigint): TransactionDraft {
  const { channel, role, signer, validFrom, validUntil, reveals } = plan
  const payFee: Operation = { kind: 'payFee', channel, role, amount: amount(fee) }
  const operations = [...plan.operations, payFee]
  const memo = new Uint8Array()
  return {
    body: { validFrom, validUntil, operations, outputs: [], reveals, memo },
    coins: [],
    signers: [signer],
  }
}
