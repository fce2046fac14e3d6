import type { Rejection } from '@tallystick/protocol'
import { type LeavingParty, leavingPlan } from '../exit/way-out.js'
import { channelFeeTransaction } from '../ledger/channel-fee-transaction.js'
import type { BuiltTransaction } from '../ledger/transaction-draft.js'

/**
 * The way out without the hub: asserts the newest proofs and starts the dispute window. It needs
 * nothing but the store's record and any ledger node; the fee comes out of the channel.
 */
export function closeAlone(leaving: LeavingParty): BuiltTransaction | Rejection {
  return channelFeeTransaction(leavingPlan(leaving))
}
