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
  const { chainId, channel, role, signer, validFrom, validUntil, reveals } = plan
  const draftPaying = (fee: bigint): TransactionDraft => {
    const payFee: Operation = { kind: 'payFee', channel, role, amount: amount(fee) }
    const operations = [...plan.operations, payFee]
    const memo = new Uint8Array()
    return {
      body: { validFrom, validUntil, operations, outputs: [], reveals, memo },
      coins: [],
      signers: [signer],
    }
  }
  const fee = smallestAmount((value) => draftFee(draftPaying(value), plan.feePerKiloCost))
  return signDraft(chainId, draftPaying(fee), fee)
}
