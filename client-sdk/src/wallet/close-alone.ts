import {
  type ChannelParty,
  type Rejection,
  type Signer,
  TIMESTAMP_MAX,
  timestamp,
} from '@tallystick/protocol'
import { forceCloseOperation } from '../guard/duties.js'
import { channelFeeTransaction } from '../ledger/channel-fee-transaction.js'
import type { LedgerAccess } from '../ledger/ledger-access.js'
import type { BuiltTransaction } from '../ledger/transaction-draft.js'

/**
 * The way out without the hub: asserts the newest proofs and starts the dispute window. It needs
 * nothing but the store's record and any ledger node; the fee comes out of the channel.
 */
export function closeAlone(
  ledger: LedgerAccess,
  party: ChannelParty,
  signer: Signer,
): BuiltTransaction | Rejection {
  const { number, asset } = party.ledger
  return channelFeeTransaction({
    chainId: ledger.chainId,
    channel: number,
    role: party.role,
    signer,
    operations: [forceCloseOperation(party)],
    reveals: party.incoming.flatMap(({ known, onLedger }) =>
      known !== undefined && onLedger < known.index ? [known] : [],
    ),
    feePerKiloCost: ledger.feePerKiloCost(asset),
    validFrom: timestamp(0),
    validUntil: TIMESTAMP_MAX,
  })
}
