import { amountCodec, type Decoded, integer, struct } from '../codec/codec.js'
import { LANE_ITEMS_MAX } from '../ledger/limits.js'

/** What both sides of a channel have agreed on for its whole life; fixed on the ledger at opening. */
export const channelTermsCodec = struct({
  /** Seconds of ledger time between a force close and the first finalize. */
  disputeWindowSeconds: integer(2 ** 32 - 1),
  /** The same after an unsure force close (DSP-9): at least as long, so that it wins nobody time. */
  unsureWindowSeconds: integer(2 ** 32 - 1),
  /** Share of its payout that a side loses when it asserted a state it had given up; never 0. */
  clientPenaltyPpm: integer(1_000_000, 1),
  hubPenaltyPpm: integer(1_000_000, 1),
  /** Pending items that one lane may hold. */
  itemsMax: integer(LANE_ITEMS_MAX, 1),
  /** The furthest that an item may expire in the future, seconds of ledger time. */
  expirySecondsMax: integer(2 ** 32 - 1, 1),
  /** The smallest amount of one item, base units. */
  itemAmountMin: amountCodec,
  /** What a payer must leave of its balance for the fee of its own exit, base units (CH-9). */
  exitReserve: amountCodec,
})
export type ChannelTerms = Decoded<typeof channelTermsCodec>
